"""Кто-то узнает, что компьютер выключен: пульс в службу присмотра и сводка за вчера."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.models import AlertSettings
from demo.portal.server import PortalServer
from services.domain.outbox import Halt
from tests.integration.test_commands import command
from tests.support.http_site import SECRET, Site, running, says
from tests.support.mailbox import Mailbox
from tests.support.world import World


@pytest.fixture
def outside() -> Iterator[Site]:
    """Служба присмотра, которая всё принимает."""
    with running(says(200, b"OK")) as site:
        yield site


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    """Работающий почтовый сервер."""
    with Mailbox(tmp_path / "mail") as box:
        yield box


@pytest.fixture
def clinic(
    tmp_path: Path, redis_url: str, portal: PortalServer, outside: Site, mailbox: Mailbox
) -> Iterator[World]:
    """Мир с пульсом, почтой и сводкой в девять утра по его часам."""
    alerts = {"email": mailbox.settings(), "heartbeat": outside.url, "daily_summary": "09:00"}
    world = World(tmp_path / "world", redis_url, portal, alerts=alerts)
    yield world
    world.close()


def at(world: World, hour: int, minute: int = 0, days: int = 0) -> None:
    """Ставит часы на это время по часам клиники и сообщает наружу."""
    zone = world.settings.rules.zone
    now = world.clock.now().astimezone(zone)
    world.clock.shift += now.replace(hour=hour, minute=minute, second=0) + timedelta(days=days) - now
    world.services.report_outside()


def test_quiet_node_knocks_and_a_troubled_one_says_why(clinic: World, outside: Site) -> None:
    clinic.services.report_outside()
    clinic.services.store.gate.halt(Halt("unauthorized", "вебхук не принят", clinic.clock.now()))
    clinic.services.report_outside()
    (calm, _, words), (fail, _, why) = outside.seen
    assert (calm, words.decode()) == (f"/rest/1/{SECRET}", "Всё хорошо")
    assert fail == f"/rest/1/{SECRET}/fail"
    assert "Портал не принимает вебхук" in why.decode()


@pytest.mark.parametrize("status", [302, 404, 500])
def test_service_that_refuses_is_told_without_its_address(
    tmp_path: Path, redis_url: str, portal: PortalServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with running(says(status, b"", Location="http://127.0.0.1:1/")) as site:
        world = World(tmp_path / "w", redis_url, portal, alerts={"heartbeat": site.url})
        world.services.report_outside()
        world.close()
    assert f"ответила кодом {status}" in caplog.text
    assert SECRET not in caplog.text


def test_silent_service_does_not_stop_the_watch(
    tmp_path: Path, redis_url: str, portal: PortalServer, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path / "w", redis_url, portal, alerts={"heartbeat": f"http://127.0.0.1:1/{SECRET}/"})
    world.services.report_outside()
    world.close()
    assert "не отвечает" in caplog.text
    assert SECRET not in caplog.text


def test_summary_comes_once_a_day_after_its_hour(clinic: World, mailbox: Mailbox) -> None:
    clinic.extract()
    yesterday = clinic.clock.now() - timedelta(days=1)
    clinic.services.store.stats.count("F1", "created", yesterday, 7)
    at(clinic, 8, 59)
    assert mailbox.letters == []
    at(clinic, 9, 1)
    at(clinic, 9, 2)
    at(clinic, 23, 59)
    assert len(mailbox.letters) == 1
    text = mailbox.letters[0].get_content()
    assert "Сделок создано 7, обновлено 0" in text
    assert "Тревог" in text
    assert len(text.split("\n\n")[0].splitlines()) == 5
    at(clinic, 9, 0, days=1)
    assert len(mailbox.letters) == 2


def test_summary_nobody_took_is_tried_again(
    tmp_path: Path, redis_url: str, portal: PortalServer, mailbox: Mailbox
) -> None:
    broken = mailbox.settings(port=1)
    world = World(tmp_path / "w", redis_url, portal, alerts={"email": broken, "daily_summary": "00:00"})
    world.services.report_outside()
    repaired = World(
        tmp_path / "w2", redis_url, portal, alerts={"email": mailbox.settings(), "daily_summary": "00:00"}
    )
    repaired.services.report_outside()
    assert [subject for subject in mailbox.subjects() if "Сводка за" in subject]
    world.close()
    repaired.close()


def test_trial_knocks_too(clinic: World, outside: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(clinic, "alerts", "test") == 0
    assert "пульс: отправлено" in capsys.readouterr().out
    assert [path for path, *_ in outside.seen] == [f"/rest/1/{SECRET}"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"heartbeat": "http://hc.example/1"},
        {"heartbeat": "hc-ping.com/1"},
        {"heartbeat": "https://hc-ping.com/1\n"},
        {"daily_summary": "9:00"},
        {"daily_summary": "24:00"},
        {"daily_summary": "09:00\n"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AlertSettings.model_validate(wrong)
