"""Тревоги: пороги документов таблицей примеров."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.advice import Front, worded
from services.domain.alarms import Alarm, Cause, Limits, alarms, moment_of, spell
from services.domain.outbox import Halt
from services.domain.signs import BranchSigns, NodeSigns, Signs

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def branch(**values: Any) -> BranchSigns:
    """Возвращает здоровый филиал с поправками."""
    healthy = {"branch_id": "F1", "name": "Фучика", "database_id": "D1", "last_success": NOW - MINUTE}
    return BranchSigns(**{**healthy, **values})


def signs(*branches: BranchSigns, **values: Any) -> Signs:
    """Возвращает признаки установки, за которой следят сутки."""
    return Signs(NOW, NOW - timedelta(days=1), branches or (branch(),), **values)


def causes(found: Signs) -> list[str]:
    """Возвращает имена тревог."""
    return [alarm.key for alarm in alarms(found, Limits())]


def test_healthy_installation_raises_nothing() -> None:
    assert causes(signs(branch(hour={"created": 40, "updated": 60}))) == []


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        ({"created": 90, "failed": 10}, []),
        ({"created": 90, "retried": 5, "failed": 6}, ["error_share"]),
        ({"created": 1, "failed": 2}, []),
        ({"created": 1, "failed": 3}, ["error_share"]),
        ({"unchanged": 500, "failed": 11}, ["failed"]),
        ({"unchanged": 500, "failed": 10}, []),
        ({"unchanged": 500, "rejected": 11}, ["rejected"]),
        ({"unchanged": 500, "rejected": 10}, []),
        ({"unchanged": 500, "failed": 15}, ["failed"]),
        ({"unchanged": 500, "branch_missing": 6}, ["no_branch"]),
        ({"unchanged": 500, "branch_missing": 5}, []),
        ({"unchanged": 500, "branch_missing": 3, "branch_unknown": 3}, ["no_branch"]),
        ({"failed": 15}, ["failed", "error_share"]),
    ],
)
def test_thresholds_of_an_hour(hour: dict[str, float], expected: list[str]) -> None:
    assert causes(signs(branch(hour=hour))) == expected


def test_foreign_deal_under_our_key_is_told_with_its_last_deal() -> None:
    found = signs(branch(hour={"unchanged": 5, "foreign_key": 2}, foreign="сделка 7, ключ F1_5, создал 9"))
    [alarm] = alarms(found, Limits())
    assert (alarm.key, "сделка 7, ключ F1_5, создал 9" in alarm.text) == ("foreign_key:F1", True)


def test_plans_over_the_daily_cap_are_told_once_for_all_branches() -> None:
    found = signs(branch(hour={"unchanged": 5, "plans_by_day_exceeded": 3}), branch(branch_id="F2"))
    assert causes(found) == ["plans_by_day"]


def test_errors_of_all_branches_are_counted_together() -> None:
    two = [branch(hour={"failed": 6}), branch(branch_id="F2", hour={"failed": 5, "unchanged": 400})]
    assert causes(signs(*two)) == ["failed"]


@pytest.mark.parametrize(
    ("silent", "error", "expected"),
    [
        (29 * MINUTE, "", []),
        (30 * MINUTE, "", ["no_success:F1"]),
        (2 * MINUTE, "База Ident: сервер не найден", []),
        (3 * MINUTE, "База Ident: сервер не найден", ["ident_lost:D1"]),
        (45 * MINUTE, "База Ident: сервер не найден", ["ident_lost:D1"]),
    ],
)
def test_silence_of_a_branch(silent: timedelta, error: str, expected: list[str]) -> None:
    assert causes(signs(branch(last_success=NOW - silent, last_error=error))) == expected


def test_lost_base_is_told_once_for_all_its_branches() -> None:
    lost = {"last_success": NOW - 10 * MINUTE, "last_error": "нет связи"}
    found = alarms(signs(branch(**lost), branch(branch_id="F2", name="Амирхана", **lost)), Limits())
    assert [alarm.key for alarm in found] == ["ident_lost:D1"]
    assert "Фучика, Амирхана" in found[0].text


@pytest.mark.parametrize(("watched", "expected"), [(29, []), (31, ["no_success:F1"])])
def test_new_installation_is_given_time(watched: int, expected: list[str]) -> None:
    fresh = replace(signs(branch(last_success=None)), since=NOW - watched * MINUTE)
    assert causes(fresh) == expected


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("unauthorized", Cause.PORTAL_AUTH),
        ("scope_missing", Cause.PORTAL_AUTH),
        ("access_denied", Cause.PORTAL_AUTH),
        ("overload_limit", Cause.HALT),
        ("portal_moved", Cause.HALT),
    ],
)
def test_stopped_sending_says_why_and_what_to_do(reason: str, cause: Cause) -> None:
    (alarm,) = alarms(signs(halt=Halt(reason, "вебхук не принят", NOW)), Limits())
    assert alarm.cause is cause
    assert "вебхук не принят" in alarm.text
    assert "{resume}" in alarm.advice


@pytest.mark.parametrize(("waiting", "failed", "expected"), [(800, 0, []), (700, 101, ["outbox:F1"])])
def test_outbox_over_four_fifths(waiting: int, failed: int, expected: list[str]) -> None:
    assert causes(signs(branch(waiting=waiting, failed=failed))) == expected


@pytest.mark.parametrize(("used", "expected"), [(0.989, []), (0.99, ["disk"])])
def test_full_disk(used: float, expected: list[str]) -> None:
    assert causes(signs(nodes=[NodeSigns("one", disk_used=used)])) == expected


def test_fullest_disk_of_the_nodes_is_the_one_that_counts() -> None:
    assert signs(nodes=[NodeSigns("one", disk_used=0.2), NodeSigns("two", disk_used=0.7)]).disk_used == 0.7
    assert signs().disk_used == 0.0


def test_trouble_of_a_node_names_it_only_among_others() -> None:
    full, well = NodeSigns("one", disk_used=1.0, settings_refused="[sync] lease: мало"), NodeSigns("two")
    (settings, disk) = alarms(signs(nodes=[full]), Limits())
    assert (settings.key, disk.key) == ("settings", "disk")
    assert "[sync] lease: мало" in settings.text
    (settings, disk) = alarms(signs(nodes=[well, full]), Limits())
    assert (settings.key, disk.key) == ("settings:one", "disk:one")
    assert "узел one" in settings.title
    assert "узел one" in disk.title


@pytest.mark.parametrize(("minutes", "expected"), [(29, []), (30, ["paused"])])
def test_forgotten_pause_replaces_silence(minutes: int, expected: list[str]) -> None:
    silent = branch(last_success=NOW - 40 * MINUTE)
    assert causes(signs(silent, pause=Halt("paused", "", NOW - minutes * MINUTE))) == expected


def test_every_alarm_says_what_to_do() -> None:
    trouble = branch(
        last_success=NOW - 40 * MINUTE, waiting=900, hour={"failed": 20, "rejected": 20, "branch_missing": 9}
    )
    pause = Halt("paused", "", NOW - 40 * MINUTE)
    full = NodeSigns("one", disk_used=1.0, settings_refused="негодны")
    found = alarms(signs(trouble, halt=Halt("x", "y", NOW), pause=pause, nodes=[full]), Limits())
    assert len(found) == 9
    assert all(alarm.title and alarm.text and len(worded(alarm.advice, Front.LETTER)) > 20 for alarm in found)


def test_alarm_is_named_by_its_cause_and_subject() -> None:
    assert Alarm(Cause.DISK, "", "", "").key == "disk"
    assert Alarm(Cause.OUTBOX, "", "", "", "F1").key == "outbox:F1"


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=-5), "0 с"),
        (timedelta(seconds=40), "40 с"),
        (timedelta(minutes=12), "12 мин"),
        (timedelta(hours=3, minutes=59), "3 ч"),
        (timedelta(days=2), "2 сут"),
    ],
)
def test_span_is_spelled(span: timedelta, told: str) -> None:
    assert spell(span) == told


def test_branch_never_read_says_so() -> None:
    lost = replace(signs(branch(last_success=None, last_error="нет связи")), since=NOW - timedelta(hours=1))
    assert "ещё не было" in alarms(lost, Limits())[0].text


@pytest.mark.parametrize(
    ("text", "known"), [("", False), ("вчера", False), ("2026-11-24T12:00:00+00:00", True)]
)
def test_moment_is_read_from_a_note(text: str, known: bool) -> None:
    assert (moment_of(text) is not None) is known
