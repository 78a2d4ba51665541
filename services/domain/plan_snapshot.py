"""Снимок планов для поля сделки: сжатый, ограниченный, с честным «показаны не все» (СПЕЦ 2.3.2).

Снимок — JSON версии 1, его читает вкладка (plan_frontend/local_app/snapshot.js). Суммы и ход исполнения плана
стоят в нём всегда целиком; не поместиться могут строки (``hidden`` плана) и старые планы (``hidden`` снимка).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.domain.fingerprint import fingerprint
from services.domain.plan import LineStatus

VERSION = 1
#: Байтов в поле сделки: пакет из 50 таких полей портал ещё принимает. Сто из них — печать узла.
LARGEST = 12_000 - 100
STATUSES = [str(status) for status in LineStatus]

View = Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """Снимок: текст для поля и отпечаток содержания (без времени снимка)."""

    text: str
    fingerprint: str


def take_snapshot(patient: View, plans: Sequence[View], at: datetime, largest: int = LARGEST) -> Snapshot:
    """Составляет снимок планов пациента, новые первыми; ``at`` — aware.

    Без планов снимок пуст: такое поле сделки очищается.
    """
    if not plans:
        return Snapshot("", fingerprint(""))
    whole = [list(patient.values()), [dict(plan) for plan in plans]]
    mark = fingerprint(json.loads(json.dumps(whole)))
    head = {
        "v": VERSION,
        "at": at.isoformat(timespec="seconds"),
        "hash": mark,
        "patient": patient["patient_name"],
        "card": patient["card_number"],
    }
    return Snapshot(_fitted(head, plans, largest), mark)


def hash_of(text: str) -> str:
    """Возвращает отпечаток из записанного снимка; не снимок — пустая строка."""
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("hash", "")) if isinstance(found, dict) else ""


def _fitted(head: Mapping[str, Any], plans: Sequence[View], largest: int) -> str:
    """Отбирает, что помещается: заголовки планов от новых к старым, затем строки по порядку."""
    shown = len(plans)
    while shown > 1 and _size(_packed(head, plans, [0] * shown)) > largest:
        shown -= 1
    counts = [0] * shown
    left = largest - _size(_packed(head, plans, counts))
    for index in range(shown):
        lines = _lines_costs(plans[index])
        while counts[index] < len(lines) and lines[counts[index]] <= left:
            left -= lines[counts[index]]
            counts[index] += 1
    return _json(_packed(head, plans, counts))


def _packed(head: Mapping[str, Any], plans: Sequence[View], counts: Sequence[int]) -> dict[str, Any]:
    shown = [_plan(plan, count) for plan, count in zip(plans, counts, strict=False)]
    return {**head, "hidden": len(plans) - len(shown), "plans": shown}


def _plan(plan: View, count: int) -> dict[str, Any]:
    progress = plan["progress"]
    return {
        "id": plan["plan_id"],
        "name": plan["plan_name"],
        "doctor": plan["doctor_name"],
        "created": plan["created_at"],
        "fixed": plan["price_fixed_at"],
        "sums": [
            plan["total"],
            *(progress[name] for name in ("done", "paid", "lines", "done_lines", "paid_lines")),
        ],
        "stages": _stages(plan["stages"], count),
        "hidden": progress["lines"] - count,
    }


def _stages(stages: Sequence[View], count: int) -> list[list[Any]]:
    packed = []
    for stage in stages:
        taken = stage["services"][:count]
        count -= len(taken)
        if taken:
            packed.append([stage["stage"], stage["total"], [_line(line) for line in taken]])
    return packed


def _line(line: View) -> list[Any]:
    numbers = (line["teeth"], line["price"], line["discount"], line["total"])
    return [line["element"], line["service"], *numbers, STATUSES.index(line["status"])]


def _lines_costs(plan: View) -> list[int]:
    """Возвращает цену каждой строки в байтах; первая строка этапа платит и за его заголовок."""
    costs = []
    for stage in plan["stages"]:
        opening = _size([stage["stage"], stage["total"], []]) + 1
        for number, line in enumerate(stage["services"]):
            costs.append(_size(_line(line)) + 1 + (0 if number else opening))
    return costs


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _size(value: object) -> int:
    return len(_json(value).encode())
