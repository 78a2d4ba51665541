"""Разговор установки: филиал, база, вебхук — остальное по умолчанию и правится потом в файле настроек."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.sql_browser import DEFAULT_INSTANCE, SqlServer
from installer.answers import Answers, parse_answers
from installer.ports import InstallError
from installer.talk import Terminal

WEBHOOK_HELP = """
Вебхук: на портале откройте Разработчикам → Другое → Входящий вебхук, дайте права crm, im, user
и скопируйте адрес вида https://имя.bitrix24.ru/rest/1/код/"""
MOST_BRANCHES = 10


@dataclass(frozen=True, slots=True)
class Wizard:
    """Вопросы администратору; ``servers`` и ``drivers`` ищут SQL Server и драйверы."""

    talk: Terminal
    servers: Callable[[], Sequence[SqlServer]]
    drivers: Callable[[], Sequence[str]]

    def answers(self) -> Answers:
        """Спрашивает всё нужное; ответы проверит запись настроек."""
        talk = self.talk
        talk.say("Отвечайте на вопросы; в скобках — ответ по умолчанию (Enter).")
        self._tell_drivers()
        database = self._database()
        branches = self._branches()
        talk.say(WEBHOOK_HELP)
        portal = {"webhook": self._webhook(), "category_id": self._number("Номер воронки сделок", 1)}
        install = self._choices()
        raw: dict[str, Any] = {"portal": portal, "databases": [database], "branches": branches}
        if not install["own_redis"]:
            raw["redis"] = {"url": talk.secret("Адрес общего Redis: rediss://имя:пароль@сервер:6380/0")}
        chosen = {
            "redis": "own" if install["own_redis"] else "shared",
            "portal_setup": install["setup"],
            "preview": True,
        }
        return parse_answers({**raw, "install": chosen})

    def _tell_drivers(self) -> None:
        found = self.drivers()
        if found:
            self.talk.say(f"Драйверы базы на этом компьютере: {', '.join(found)}")
        else:
            self.talk.say(
                "Внимание: драйвера ODBC для SQL Server нет. Поставьте ODBC Driver 17 или 18 for SQL Server "
                "с сайта Microsoft; установку можно закончить и без него."
            )

    def _database(self) -> dict[str, Any]:
        server = self._server()
        found: dict[str, Any] = {"id": "D1", "type": "mssql", "server": server.server}
        if server.port is not None and server.instance == DEFAULT_INSTANCE:
            found["port"] = server.port
        elif server.instance and server.instance != DEFAULT_INSTANCE:
            found["instance"] = server.instance
        found["database"] = self.talk.ask("Имя базы Ident", "PZ")
        if self.talk.agree("Входить в базу под учётной записью службы Windows?", default=False):
            return {**found, "auth": "windows"}
        found["login"] = self.talk.ask("Логин базы (deploy/sql/ident_reader.sql)", "ident_reader")
        return {**found, "auth": "sql", "password": self.talk.secret("Пароль базы")}

    def _server(self) -> SqlServer:
        self.talk.say("Ищу SQL Server в сети …")
        known = self.servers()
        for number, server in enumerate(known, 1):
            self.talk.say(f"  {number}. {server.title}")
        answer = self.talk.ask(
            "Номер из списка или имя сервера" if known else "Имя сервера базы (СЕРВЕР или СЕРВЕР\\ЭКЗЕМПЛЯР)",
            "1" if known else "",
        )
        if answer.isdigit() and 1 <= int(answer) <= len(known):
            return known[int(answer) - 1]
        if not answer:
            raise InstallError("Без имени сервера базы продолжать нельзя.")
        name, _, instance = answer.partition("\\")
        return SqlServer(name, instance)

    def _branches(self) -> list[Mapping[str, object]]:
        count = self._number("Сколько филиалов на этой базе", 1)
        if not 1 <= count <= MOST_BRANCHES:
            raise InstallError(f"Филиалов на базе бывает от 1 до {MOST_BRANCHES}.")
        branches: list[Mapping[str, object]] = []
        for place in range(count):
            number = self._number(f"Номер филиала (входит в ключ записи: F{place + 1}_…)", place + 1)
            name = self.talk.ask("Имя филиала, как в Ident", f"Филиал {number}")
            home = {"home": True} if count > 1 and place == 0 else {}
            branches.append({"number": number, "name": name, "database": "D1", **home})
        if count > 1:
            self.talk.say(f"Записи без филиала достанутся филиалу {branches[0]['number']} (home = true).")
        return branches

    def _choices(self) -> dict[str, bool]:
        return {
            "own_redis": self.talk.agree("Поставить свой Redis на этот компьютер?"),
            "setup": self.talk.agree("Создать на портале воронку, стадии и поля, если их нет?"),
        }

    def _webhook(self) -> str:
        """Спрашивает вебхук, пока он не станет похож на вебхук; на экране его не видно."""
        from config.models.portal import WEBHOOK

        while True:
            value = self.talk.secret("Адрес вебхука")
            if WEBHOOK.fullmatch(value):
                return value
            self.talk.say("Это не похоже на вебхук: ожидается https://портал/rest/номер/код/")

    def _number(self, question: str, default: int) -> int:
        while True:
            answer = self.talk.ask(question, str(default))
            if answer.isdigit():
                return int(answer)
            self.talk.say("Ожидается число.")
