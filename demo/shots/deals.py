"""Сделки, которые стоит показать: с одним планом, с несколькими, без плана."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
FIELD = "UF_CRM_TREATMENT_PLANS"
#: Место состояния в строке снимка.
STATUS = -1


@dataclass(frozen=True, slots=True)
class Examples:
    """Номера сделок для снимков."""

    card: int
    one: int
    several: int
    none: int


def examples(deals: Iterable[Row]) -> Examples:
    """Выбирает самые наглядные планы: разные состояния, больше строк; показать нечего — ValueError."""
    rows = sorted((row for row in deals if row.get("UF_CRM_RECEPTION_ID")), key=lambda row: int(row["ID"]))
    planned = {int(row["ID"]): _plans(row) for row in rows}
    one = _best(planned, lambda plans: len(plans) == 1)
    none = min(int(row["ID"]) for row in rows if not planned[int(row["ID"])] and row["UF_CRM_SERVICES"])
    return Examples(card=one, one=one, several=_best(planned, lambda plans: len(plans) > 1), none=none)


def _best(planned: Mapping[int, list[Any]], suits: Any) -> int:
    return max(
        (number for number, plans in planned.items() if suits(plans)), key=lambda n: _worth(planned[n])
    )


def _worth(plans: list[Any]) -> tuple[int, int, int]:
    """Оценивает наглядность первого плана: разных состояний, этапов, строк."""
    lines = [line for _, _, stage in plans[0]["stages"] for line in stage]
    return len({line[STATUS] for line in lines}), len(plans[0]["stages"]), len(lines)


def _plans(row: Row) -> list[Any]:
    text = row.get(FIELD) or ""
    plans: list[Any] = json.loads(text)["plans"] if text else []
    return plans
