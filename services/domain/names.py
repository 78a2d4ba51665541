"""Имена людей: единый вид и сравнение (СПЕЦ 2.4.1.4, постановление 24)."""

import re
from dataclasses import dataclass

from services.domain.texts import line

WORD_START = re.compile(r"(?:^|[\s\-‐‑–—])\W*\w")


def normalize_name(text: str | None) -> str:
    """Возвращает имя: лишние пробелы убраны, слова и части через дефис — с заглавной."""
    return WORD_START.sub(lambda match: match[0].title(), line(text).lower())


@dataclass(frozen=True, slots=True, repr=False)
class PersonName:
    """Фамилия, имя и отчество в едином виде; ``repr`` человека не показывает."""

    surname: str
    name: str
    patronymic: str = ""

    @classmethod
    def of(cls, surname: str | None, name: str | None, patronymic: str | None) -> "PersonName":
        return cls(normalize_name(surname), normalize_name(name), normalize_name(patronymic))

    def __repr__(self) -> str:
        return "PersonName(…)"

    @property
    def full(self) -> str:
        """Возвращает «Фамилия Имя Отчество» без пустых частей."""
        return " ".join(part for part in (self.surname, self.name, self.patronymic) if part)


def same_person(one: PersonName, other: PersonName) -> bool:
    """Сравнивает людей по ФИО без различия регистра, пробелов и ё/е; отчество есть и нет — разные люди."""
    return _key(one) == _key(other)


def _key(person: PersonName) -> tuple[str, ...]:
    parts = (person.surname, person.name, person.patronymic)
    return tuple(normalize_name(part).lower().replace("ё", "е") for part in parts)
