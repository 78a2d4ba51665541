"""Виды событий: у каждого события программы есть вид для человека; безопасность не пропущена."""

import re
from pathlib import Path

import pytest

from services.journal.kinds import KINDS, OTHER, SECURITY, kind_of

ROOT = Path(__file__).resolve().parents[3]
EVENT = re.compile(r"(?:journal|security)\.(?:info|warning|error)\(\s*\"([a-z_]+)\"")


def events_of_the_program() -> set[str]:
    """Возвращает имена событий, которые пишет программа."""
    files = [
        file
        for folder in ("services", "tasks", "plan_frontend", "monitoring", "cli")
        for file in (ROOT / folder).rglob("*.py")
    ]
    return {name for file in files for name in EVENT.findall(file.read_text(encoding="utf-8"))}


def test_every_event_has_a_kind_for_people() -> None:
    events = events_of_the_program()
    assert len(events) > 20
    assert {event for event in events if event not in KINDS and event not in SECURITY} == set()


@pytest.mark.parametrize("outcome", ["created", "updated", "unchanged"])
def test_every_outcome_of_a_deal_has_a_kind(outcome: str) -> None:
    assert f"deal_{outcome}" in KINDS


@pytest.mark.parametrize(
    "event",
    [
        "sending_halted",
        "extract_failed",
        "login_failed",
        "config_changed",
        "requeued",
        "plan_refused",
        "secret_changed",
    ],
)
def test_what_the_specification_calls_security_goes_to_its_journal(event: str) -> None:
    assert event in SECURITY


def test_unknown_event_is_still_written() -> None:
    assert kind_of("unheard_of") == OTHER
