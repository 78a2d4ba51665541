"""Поиск пациента по ФИО: единый вид имени и образцы для отбора фамилий (постановление 16, МАП 3.4)."""

import re
from dataclasses import dataclass

from services.domain.names import normalize_name

NOT_LITERAL = re.compile(r"[^\w]|[_её]", re.IGNORECASE)
DATE_IN_TITLE = " - "


def name_key(full_name: str | None) -> str:
    """Возвращает ФИО для сравнения: без различия регистра, пробелов и ё/е."""
    return normalize_name(full_name).lower().replace("ё", "е")


def name_from_title(title: str | None) -> str:
    """Возвращает ФИО из названия сделки «ФИО - ДД.ММ.ГГГГ ЧЧ:ММ» (МАП 3.4)."""
    return normalize_name((title or "").partition(DATE_IN_TITLE)[0])


@dataclass(frozen=True, slots=True, repr=False)
class SurnamePatterns:
    """Образцы LIKE для фамилии: с заглавной, прописными и строчными."""

    titled: str
    upper: str
    lower: str


def surname_patterns(full_name: str) -> SurnamePatterns | None:
    """Возвращает образцы по первому слову ФИО; в пустом имени искать нечего — None.

    Е, ё и всё, что не буква и не цифра, становится «любым знаком»: чужой образец подставить нельзя.
    """
    surname, _, _ = normalize_name(full_name).partition(" ")
    if not re.search(r"\w", surname):
        return None
    forms = (surname, surname.upper(), surname.lower())
    return SurnamePatterns(*(f"%{NOT_LITERAL.sub('_', form)}%" for form in forms))
