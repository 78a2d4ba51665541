"""Прослеживаемость: требование заказчика → код → проверки, по docs/traceability.toml.

Место кода — ``файл`` или ``файл::имя``, проверка — ``файл::имя``; ``measure`` — замер: ключи Python,
``untested`` — чего здесь испытать нельзя.
"""

import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.docs.tables import table

TABLE = Path(__file__).resolve().parents[2] / "docs" / "traceability.toml"
DOCUMENTS = (("ТЗ", "Техническое задание"), ("СПЕЦ", "Спецификация требований"), ("МАП", "Схемы маппинга"))
HEADER = ("№", "требование", "код", "чем доказано")


@dataclass(frozen=True, slots=True)
class Requirement:
    """Требование: раздел и номер документа, суть, где сделано и чем доказано."""

    part: str
    number: str
    text: str
    code: Sequence[str] = ()
    tests: Sequence[str] = ()
    measure: Sequence[str] = ()
    untested: str = ""

    @property
    def title(self) -> str:
        """Возвращает ссылку на документ: «ТЗ 3.1 № 4»."""
        return f"{self.part} № {self.number}"


def requirements(path: Path = TABLE) -> list[Requirement]:
    """Возвращает требования по порядку таблицы; лишний ключ — TypeError."""
    parts = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Requirement(part, **row) for part, rows in parts.items() for row in rows]


def traced(document: str) -> Callable[[], str]:
    """Возвращает составителя таблиц одного документа: ТЗ, СПЕЦ или МАП."""
    return lambda: _parts([one for one in requirements() if one.part.split()[0] == document])


def summary() -> str:
    """Возвращает первый экран: сколько требований чем доказано и чего испытать нельзя."""
    found = requirements()
    rows = [_counts(name, [one for one in found if one.part.split()[0] == code]) for code, name in DOCUMENTS]
    head = ("документ", "требований", "доказано проверками", "только замером", "испытано не целиком")
    untested = "\n".join(f"- **{one.title}.** {one.untested}." for one in found if one.untested)
    told = table(head, [*rows, _counts("**всего**", found)])
    return f"\n{told}\n\nЧто испытать здесь нельзя:\n\n{untested}\n"


def _counts(name: str, found: Sequence[Requirement]) -> Sequence[str]:
    tested = sum(bool(one.tests) for one in found)
    measured = sum(bool(one.measure) and not one.tests for one in found)
    return (name, *map(str, (len(found), tested, measured, sum(bool(one.untested) for one in found))))


def _parts(found: Sequence[Requirement]) -> str:
    names = dict.fromkeys(one.part for one in found)
    return "\n\n".join(["", *(_part(name, [one for one in found if one.part == name]) for name in names), ""])


def _part(name: str, found: Iterable[Requirement]) -> str:
    rows = [(one.number, one.text, _places(one.code), _proof(one)) for one in found]
    return f"### {name}\n\n{table(HEADER, rows)}"


def _places(places: Iterable[str]) -> str:
    return "<br>".join(f"`{place}`" for place in places)


def _proof(one: Requirement) -> str:
    measures = [f"замер `python {name}`" for name in one.measure]
    untested = [f"**не испытано:** {one.untested}"] if one.untested else []
    return "<br>".join([*(f"`{test}`" for test in one.tests), *measures, *untested])
