"""Критерии приёмки ТЗ 5.3 № 4 и 5: ротация журналов и уведомление об ошибках."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from demo.portal.faults import Fault, FaultKind
from demo.portal.server import PortalServer
from services.journal.configure import configure_journal, stop_journal
from services.journal.daily import day_of
from services.journal.process import known_secrets
from tests.support.mailbox import Mailbox
from tests.support.world import World

DAYS = 35


@pytest.fixture
def journals(world: World) -> Iterator[Path]:
    """Включённые журналы мира; их часы — часы мира."""
    level = logging.getLogger().level
    configure_journal(world.settings.journal, known_secrets(world.settings), world.clock)
    yield world.settings.journal.folder
    stop_journal()
    logging.getLogger().setLevel(level)


def days_of(folder: Path, prefix: str) -> list[date]:
    """Возвращает дни, за которые есть журнал."""
    return sorted(day for file in folder.iterdir() if (day := day_of(file.name, prefix)) is not None)


def test_5_3_4_journals_older_than_30_days_are_removed_over_35_days_of_work(
    world: World, journals: Path
) -> None:
    for number in range(DAYS):
        world.clock.shift = timedelta(days=number)
        world.extract()
        world.services.security_journal.warning("login_failed", client="127.0.0.1")
    today = (datetime.now(UTC) + timedelta(days=DAYS - 1)).astimezone().date()
    for prefix in ("integration_log", "security_log"):
        days = days_of(journals, prefix)
        assert days == [today - timedelta(days=back) for back in range(30, -1, -1)]


@pytest.mark.parametrize(
    ("phone", "told"),
    [
        ("12{:02}", "Отклонено записей за час: 15"),
        ("+790377711{:02}", "Не отправлено записей за час: 15"),
    ],
    ids=["в Ident неверный телефон", "портал не принимает сделки"],
)
def test_5_3_5_fifteen_errors_within_an_hour_are_told_to_the_administrator(
    tmp_path: Path, redis_url: str, portal: PortalServer, phone: str, told: str
) -> None:
    portal.portal.faults.add(Fault(FaultKind.COMMAND_ERROR, ("crm.deal.add",), times=None))
    with Mailbox(tmp_path / "mail") as mailbox:
        world = World(tmp_path / "world", redis_url, portal, alerts={"email": mailbox.settings()})
        world.services.watch.run()
        for number in range(15):
            world.book(world.patient(phone=phone.format(number)))
        world.sync()
        world.services.watch.run()
        subjects = mailbox.subjects()
        assert sorted(subjects) == [f"[Ident → Битрикс24] {told}", "[Ident → Битрикс24] Ошибок 100% за час"]
        letters = "".join(str(letter.get_content()) for letter in mailbox.letters)
        assert not any(trace in letters for trace in ("Лунёва", "Алсу", "9037771"))
        world.services.watch.run()
        assert len(mailbox.letters) == 2
        world.close()
