"""Снимок планов: что в нём всегда есть, что может не поместиться и как он узнаёт себя."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.domain.plan_snapshot import hash_of, take_snapshot

AT = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
PATIENT = {"patient_id": 17, "patient_name": "Лунёва Алсу", "card_number": "К-17"}


def line(**changes: object) -> dict[str, Any]:
    usual = {"element": None, "service": "Лечение кариеса", "status": "Не выполнено", "price": 5000.0}
    return {**usual, "teeth": 1, "discount": 0.0, "total": 5000.0, **changes}


def plan(number: int = 1, stages: dict[str, int] | None = None, **changes: object) -> dict[str, Any]:
    """Составляет план: этапы и сколько в каждом строк."""
    parts = stages if stages is not None else {"Терапия": 2}
    count = sum(parts.values())
    progress = {"lines": count, "done_lines": 0, "paid_lines": 0, "done": 0.0, "paid": 0.0}
    return {
        "plan_id": number,
        "plan_name": f"План {number}",
        "doctor_name": "Зорин Лев",
        "created_at": "2026-10-05T12:00:00+03:00",
        "price_fixed_at": None,
        "total": 5000.0 * count,
        "progress": {**progress, "left": 5000.0 * count},
        "stages": [
            {"stage": name, "stage_order": order, "total": 5000.0 * lines, "services": [line()] * lines}
            for order, (name, lines) in enumerate(parts.items())
        ],
        **changes,
    }


def read(plans: list[dict[str, Any]], largest: int = 12_000) -> Any:
    text = take_snapshot(PATIENT, plans, AT, largest).text
    assert len(text.encode()) <= largest
    return json.loads(text)


def test_snapshot_holds_the_whole_plan() -> None:
    found = read([plan(stages={"Терапия": 1, "Ортопедия": 2})])
    assert (found["v"], found["patient"], found["card"], found["hidden"]) == (1, "Лунёва Алсу", "К-17", 0)
    assert found["at"] == "2026-11-24T12:30:00+00:00"
    (shown,) = found["plans"]
    assert shown["sums"] == [15000.0, 0.0, 0.0, 3, 0, 0]
    assert [(name, len(rows)) for name, _, rows in shown["stages"]] == [("Терапия", 1), ("Ортопедия", 2)]
    assert shown["stages"][0][2] == [[None, "Лечение кариеса", 1, 5000.0, 0.0, 5000.0, 0]]
    assert shown["hidden"] == 0


def test_lines_that_do_not_fit_are_counted_and_sums_stay_whole() -> None:
    found = read([plan(stages={"Терапия": 100, "Ортопедия": 100})], largest=3000)
    (shown,) = found["plans"]
    lines = sum(len(rows) for _, _, rows in shown["stages"])
    assert 0 < lines < 200
    assert shown["hidden"] == 200 - lines
    assert shown["sums"][0] == 1_000_000.0


def test_next_plan_uses_what_the_long_one_left() -> None:
    found = read([plan(1, {"Терапия": 500}), plan(2, {"Гигиена": 1})], largest=4000)
    assert [one["id"] for one in found["plans"]] == [1, 2]
    assert found["plans"][0]["hidden"] > 0


def test_old_plans_that_do_not_fit_are_counted() -> None:
    found = read([plan(number, {}) for number in range(50)], largest=2000)
    assert 1 < len(found["plans"]) < 50
    assert found["hidden"] == 50 - len(found["plans"])
    assert found["plans"][0]["id"] == 0


def test_no_plans_make_an_empty_field() -> None:
    assert take_snapshot(PATIENT, [], AT).text == ""


def test_fingerprint_ignores_the_moment_and_notices_every_change() -> None:
    first = take_snapshot(PATIENT, [plan()], AT)
    later = take_snapshot(PATIENT, [plan()], AT.replace(hour=20))
    assert first.fingerprint == later.fingerprint == hash_of(first.text) == hash_of(later.text)
    renamed = take_snapshot({**PATIENT, "patient_name": "Иная"}, [plan()], AT)
    hidden_line = [plan(stages={"Т": 500}), plan(stages={"Т": 501})]
    marks = {take_snapshot(PATIENT, [one], AT).fingerprint for one in hidden_line}
    assert len({first.fingerprint, renamed.fingerprint, *marks}) == 4


@pytest.mark.parametrize("text", ["", "не json", "[]", "{}", '"строка"'])
def test_what_is_not_a_snapshot_has_no_fingerprint(text: str) -> None:
    assert hash_of(text) == ""


def test_snapshot_does_not_show_people_in_repr() -> None:
    assert "Лун" not in repr(take_snapshot(PATIENT, [plan()], AT))


@pytest.mark.parametrize("largest", range(1000, 2600, 37))
def test_snapshot_takes_the_lines_that_fit_and_not_one_more(largest: int) -> None:
    whole = plan(1, {"Терапия": 9, "Ортопедия": 9})
    shown = read([whole], largest)["plans"][0]
    taken = sum(len(rows) for _, _, rows in shown["stages"])
    assert shown["hidden"] == 18 - taken
    sizes = [size_with(count) for count in range(19)]
    best = max(count for count, size in enumerate(sizes) if size <= largest)
    assert best - 1 <= taken <= best  # запятую последней строки снимок считает с запасом


def size_with(count: int) -> int:
    """Возвращает байты снимка, в котором показано столько первых строк из восемнадцати."""
    stages = [["Терапия", 45000.0, min(count, 9)], ["Ортопедия", 45000.0, max(0, count - 9)]]
    full = json.loads(take_snapshot(PATIENT, [plan(1, {"Терапия": 9, "Ортопедия": 9})], AT).text)
    row = full["plans"][0]["stages"][0][2][0]
    full["plans"][0]["stages"] = [[name, total, [row] * lines] for name, total, lines in stages if lines]
    full["plans"][0]["hidden"] = 18 - count
    return len(json.dumps(full, ensure_ascii=False, separators=(",", ":")).encode())
