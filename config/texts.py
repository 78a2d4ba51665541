"""Слова о настройках: имя для людей, смысл, когда менять — для страницы, документов и разницы."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from config.schema import Path as Place

TEXTS = Path(__file__).with_name("texts.toml")
#: Что значат значения, из которых выбирают: их показывают вместо английских слов файла.
VALUES: Mapping[str, Mapping[str, str]] = {
    "databases.auth": {"sql": "логин и пароль", "windows": "учётная запись службы Windows"},
    "databases.encrypt": {
        "optional": "если сервер согласен",
        "mandatory": "обязательно",
        "strict": "обязательно и строго (драйвер 18)",
    },
    "databases.isolation": {"read_uncommitted": "обычное", "snapshot": "snapshot: включён в базе"},
    "rules.contact_matching": {
        "phone": "один контакт на телефон: сделки всей семьи — у него",
        "phone_and_name": "каждому свой контакт: по телефону и ФИО",
    },
    "rules.deleted_receptions": {
        "report": "только сообщить: сделку решает куратор",
        "cancel": "отменить и сделку",
    },
    "journal.level": {"DEBUG": "всё до мелочей", "INFO": "обычные события", "WARNING": "только важное"},
    "alerts.email.security": {
        "starttls": "STARTTLS",
        "tls": "TLS",
        "none": "без него (сервер на этом же ПК)",
    },
    "application.plans_by_name": {"phone": "по ФИО, если телефон тот же", "off": "не показывать"},
}
FLAG: Mapping[str, str] = {"true": "да", "false": "нет"}


@dataclass(frozen=True, slots=True)
class Text:
    """Слова об одной настройке."""

    label: str
    meaning: str
    when: str


@cache
def texts(path: Path = TEXTS) -> Mapping[str, Text]:
    """Возвращает слова о каждой настройке: ``portal.webhook`` → имя, смысл, когда менять."""
    with path.open("rb") as file:
        return dict(_written(tomllib.load(file), ""))


def _written(raw: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Text]]:
    for name, node in raw.items():
        if isinstance(node, dict):
            yield from _written(node, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", Text(*node)


def key_of_text(place: Place) -> str:
    """Возвращает имя настройки без номеров: databases.0.server → databases.server."""
    return ".".join(part for part in place if isinstance(part, str))


def text_of(place: Place) -> Text:
    """Возвращает слова о месте файла; о незнакомом — его имя."""
    known, key = texts(), key_of_text(place)
    section, _, last = key.partition(".")
    for name in (key, *(f"{section}.{kind}.{last}" for kind in ("mssql", "sqlite"))):
        if name in known:
            return known[name]
    return Text(str(place[-1]), "", "")


def told_value(place: Place, value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(told_value(place, item) for item in value) or "пусто"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return (FLAG if isinstance(value, bool) else VALUES.get(key_of_text(place), {})).get(
        text, text
    ) or "пусто"
