"""Выдуманные люди: имена, каких в картотеке не встретишь, и номера в кодах, которых нет у операторов."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

#: Фамилии: мужская и женская.
SURNAMES: Sequence[tuple[str, str]] = (
    ("Берёзкин", "Берёзкина"),
    ("Васильков", "Василькова"),
    ("Лунёв", "Лунёва"),
    ("Звёздин", "Звёздина"),
    ("Радугин", "Радугина"),
    ("Облаков", "Облакова"),
    ("Ромашкин", "Ромашкина"),
    ("Ручейков", "Ручейкова"),
    ("Фонариков", "Фонарикова"),
    ("Листопадов", "Листопадова"),
    ("Капелькин", "Капелькина"),
    ("Метелицын", "Метелицына"),
    ("Янтарёв", "Янтарёва"),
    ("Черничный", "Черничная"),
    ("Огоньков", "Огонькова"),
    ("Парусов", "Парусова"),
    ("Миндалёв", "Миндалёва"),
    ("Одуванчиков", "Одуванчикова"),
    ("Кипрейный", "Кипрейная"),
    ("Рассветов", "Рассветова"),
    ("Облаков-Зорин", "Облакова-Зорина"),
    ("Медуницын", "Медуницына"),
    ("Созвездин", "Созвездина"),
    ("Журавликов", "Журавликова"),
    ("Карамелькин", "Карамелькина"),
    ("Тополёв", "Тополёва"),
    ("Снежинкин", "Снежинкина"),
    ("Бубенцов", "Бубенцова"),
)
NAMES: tuple[Sequence[str], Sequence[str]] = (
    (
        "Тихон",
        "Айрат",
        "Елисей",
        "Ильдар",
        "Мирон",
        "Савелий",
        "Тимур",
        "Фёдор",
        "Лев",
        "Камиль",
        "Марат",
        "Яков",
    ),
    (
        "Алсу",
        "Варвара",
        "Гузель",
        "Есения",
        "Лейсан",
        "Мирослава",
        "Анна-Мария",
        "Таисия",
        "Ульяна",
        "Резеда",
    ),
)
PATRONYMICS: tuple[Sequence[str], Sequence[str]] = (
    ("Ильич", "Русланович", "Тимофеевич", "Маратович", "Львович", "Ренатович", "Елисеевич", ""),
    ("Ильинична", "Руслановна", "Тимофеевна", "Маратовна", "Львовна", "Ренатовна", "Елисеевна", ""),
)
#: Телефонные коды, которые никому не розданы: дозвониться по ним нельзя.
CODES = (943, 944, 945, 946)


@dataclass(frozen=True, slots=True)
class Human:
    """Выдуманный человек: пол 0 — мужчина, 1 — женщина; номер — десять цифр без кода страны."""

    surname: str
    name: str
    patronymic: str
    sex: int
    number: str

    @property
    def phone(self) -> str:
        """Возвращает номер в виде +7XXXXXXXXXX."""
        return f"+7{self.number}"


#: Как номер записывает регистратура.
PHONE_STYLES: Sequence[Callable[[str], str]] = (
    lambda digits: f"+7 ({digits[:3]}) {digits[3:6]}-{digits[6:8]}-{digits[8:]}",
    lambda digits: f"8-{digits[:3]}-{digits[3:6]}-{digits[6:8]}-{digits[8:]}",
    lambda digits: f"7{digits}",
    lambda digits: f"8{digits}",
    lambda digits: digits,
    lambda digits: f"+7{digits}",
    lambda digits: f" 8 ({digits[:3]}) {digits[3:6]} {digits[6:]}",
)


def invent(rng: Random) -> Human:
    """Выдумывает человека."""
    sex = rng.randrange(2)
    surname = rng.choice(SURNAMES)[sex]
    return Human(surname, rng.choice(NAMES[sex]), rng.choice(PATRONYMICS[sex]), sex, invent_number(rng))


def invent_number(rng: Random) -> str:
    """Выдумывает номер из десяти цифр."""
    return f"{rng.choice(CODES)}{rng.randrange(10**7):07d}"


def relative_of(human: Human, rng: Random) -> Human:
    """Выдумывает родственника: та же фамилия и тот же телефон."""
    forms = next(pair for pair in SURNAMES if human.surname in pair)
    sex = rng.randrange(2)
    return Human(forms[sex], rng.choice(NAMES[sex]), rng.choice(PATRONYMICS[sex]), sex, human.number)


def namesake_of(human: Human, rng: Random) -> Human:
    """Выдумывает полного тёзку с другим телефоном."""
    return replace(human, number=invent_number(rng))


def as_written(human: Human, rng: Random) -> Human:
    """Возвращает человека так, как его иногда записывают: капсом, строчными, с лишними пробелами."""
    spoil = rng.choice((str.upper, str.lower, lambda text: f"  {text} "))
    return replace(human, surname=spoil(human.surname), name=spoil(human.name))
