"""Разговор в окне; секреты на экране не видны."""

import getpass

YES = frozenset({"д", "да", "y", "yes"})
NO = frozenset({"н", "нет", "n", "no"})


class Terminal:
    """Окно, в котором работает администратор."""

    def say(self, text: str) -> None:
        print(text, flush=True)

    def ask(self, question: str, default: str = "") -> str:
        hint = f" [{default}]" if default else ""
        return input(f"{question}{hint}: ").strip() or default

    def secret(self, question: str) -> str:
        return getpass.getpass(f"{question} (ввод не виден): ").strip()

    def agree(self, question: str, default: bool = True) -> bool:
        """Спрашивает да или нет, пока не поймёт ответ."""
        while True:
            answer = self.ask(f"{question} [{'Да/нет' if default else 'да/Нет'}]").lower()
            if not answer:
                return default
            if answer in YES | NO:
                return answer in YES
            self.say("Ответьте «да» или «нет».")
