"""Раздел «Журналы»: отбор по записи, виду и дням; годится ли пароль, решает общая охрана."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import requests

from monitoring.app import monitor_app
from services.journal.configure import configure_journal, stop_journal
from tests.integration.test_story import manual_cancel
from tests.support.pages import PageServer
from tests.support.world import World


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """Адрес раздела, в журналах которого жизнь одной записи."""
    configure_journal(world.settings.journal, console=False)
    manual_cancel(world)
    stop_journal()
    with PageServer(monitor_app(world.services)) as server:
        yield f"{server.url}journals"


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ({}, "extract_finished", "Таких строк нет"),
        ({"record": "f1_1"}, "manual_stage_kept", "extract_finished"),
        ({"kind": "стадия"}, "manual_stage_kept", "deal_created"),
        ({"record": "F1_2"}, "Таких строк нет", "deal_created"),
        ({"until": str(date.today() - timedelta(days=2))}, "Таких строк нет", "deal_created"),
        ({"since": "не день"}, "deal_created", "Таких строк нет"),
        ({"record": "<script>"}, "&lt;SCRIPT&gt;", "<SCRIPT>"),
    ],
)
def test_lines_are_chosen(url: str, query: dict[str, str], seen: str, unseen: str) -> None:
    shown = requests.get(url, query, timeout=30).text
    assert seen in shown
    assert unseen not in shown
