"""Журналы процесса: обычный и безопасности врозь, одна маска на всё, повторное включение безвредно."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.models import JournalSettings
from services.journal.configure import configure_journal, stop_journal
from services.journal.events import SECURITY, SYNC, EventLogger

MOMENT = datetime(2026, 11, 24, 9, tzinfo=UTC)


class StoppedClock:
    """Часы, которые стоят."""

    def now(self) -> datetime:
        """Возвращает одно и то же время."""
        return MOMENT


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """Папка включённых журналов."""
    level = logging.getLogger().level
    configure_journal(JournalSettings(folder=tmp_path), ["тайное слово"], StoppedClock())
    yield tmp_path
    stop_journal()
    logging.getLogger().setLevel(level)


def journal(logs: Path, name: str) -> str:
    """Читает журнал, которого может и не быть."""
    return "".join(file.read_text(encoding="utf-8") for file in logs.glob(f"{name}_*.txt"))


def test_security_events_live_in_their_own_journal(logs: Path) -> None:
    EventLogger(SYNC).info("deal_created", reception="F1_1", deal=5)
    EventLogger(SECURITY).warning("login_failed", client="127.0.0.1")
    assert "deal_created" in journal(logs, "integration_log")
    assert "login_failed" not in journal(logs, "integration_log")
    assert "login_failed" in journal(logs, "security_log")
    assert "deal_created" not in journal(logs, "security_log")


@pytest.mark.parametrize("event", ["sending_halted", "extract_failed"])
def test_refusal_of_portal_or_base_is_in_both(logs: Path, event: str) -> None:
    EventLogger(SYNC).error(event, error="отказ")
    assert event in journal(logs, "integration_log")
    assert event in journal(logs, "security_log")


def test_secret_is_masked_in_both(logs: Path) -> None:
    EventLogger(SECURITY).error("config_changed", message="тайное слово")
    logging.getLogger("redis").error("cannot connect with тайное слово")
    assert "тайное" not in journal(logs, "integration_log") + journal(logs, "security_log")


def test_chatter_of_celery_is_left_out(logs: Path) -> None:
    logging.getLogger("celery.app.trace").info("Task succeeded")
    logging.getLogger("celery.app.trace").error("Task failed")
    assert "succeeded" not in journal(logs, "integration_log")
    assert "Task failed" in journal(logs, "integration_log")


def test_second_start_does_not_double_the_lines(logs: Path) -> None:
    configure_journal(JournalSettings(folder=logs), (), StoppedClock())
    EventLogger(SYNC).info("deal_created")
    assert journal(logs, "integration_log").count("deal_created") == 1


def test_stopped_journal_writes_nothing(logs: Path) -> None:
    stop_journal()
    EventLogger(SYNC).warning("deal_created")
    assert journal(logs, "integration_log") == ""
