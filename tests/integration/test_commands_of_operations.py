"""Команды администратора: проба уведомлений, запись в журнал безопасности, перемена настроек на ходу."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.alerts import main as alerts_command
from cli.secrets import main as secrets_command
from config.loader import CONFIG_VARIABLE
from demo.portal.server import PortalServer
from tests.support.mailbox import Mailbox
from tests.support.node import NODE, Process, eventually
from tests.support.world import World


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    """Работающий почтовый сервер."""
    with Mailbox(tmp_path / "mail") as box:
        yield box


def audit_of(world: World) -> str:
    """Возвращает журнал безопасности."""
    files = world.settings.journal.folder.glob("security_log_*.txt")
    return "".join(file.read_text(encoding="utf-8") for file in files)


def test_trial_goes_to_every_channel(
    tmp_path: Path, redis_url: str, portal: PortalServer, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    alerts = {"email": mailbox.settings(), "bitrix_users": [1]}
    world = World(tmp_path / "world", redis_url, portal, alerts=alerts)
    assert alerts_command(["test", "--config", str(world.path)]) == 0
    assert mailbox.subjects() == ["[Ident → Битрикс24] Проба уведомлений"]
    assert "Проба" in portal.state.notifications[0]["text"]
    assert capsys.readouterr().out.count("отправлено") == 2
    world.close()


def test_trial_names_the_channel_that_failed(
    tmp_path: Path, redis_url: str, portal: PortalServer, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    alerts = {"email": mailbox.settings(port=1), "bitrix_users": [1]}
    world = World(tmp_path / "world", redis_url, portal, alerts=alerts)
    assert alerts_command(["test", "--config", str(world.path)]) == 1
    shown = capsys.readouterr().out
    assert "почта: НЕ ДОШЛО" in shown
    assert "Битрикс24: отправлено" in shown
    world.close()


def test_trial_without_channels_shows_how_to_add_one(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert alerts_command(["test", "--config", str(world.path)]) == 2
    assert "[alerts.email]" in capsys.readouterr().err


def test_changed_secret_is_noted_with_who_did_it(world: World) -> None:
    assert secrets_command(["seal", "--config", str(world.path)]) == 0
    (line,) = [line for line in audit_of(world).splitlines() if "secret_changed" in line]
    assert "какой=portal.webhook кто=" in line


def test_changed_settings_are_noted_by_their_hash(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.journal.configure import stop_journal
    from services.journal.process import start_command_journal

    monkeypatch.setenv(CONFIG_VARIABLE, str(world.path))
    start_command_journal(world.settings)
    world.services.watch_files()
    world.path.write_text(world.path.read_text(encoding="utf-8") + "\n# правка\n", encoding="utf-8")
    world.services.watch_files()
    stop_journal()
    (line,) = [line for line in audit_of(world).splitlines() if "config_changed" in line]
    assert "файл=settings.toml" in line


@pytest.mark.node
def test_rotated_key_is_picked_up_without_a_restart(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = World(tmp_path / "world", redis_url, portal, sync={"interval": 1})
    secrets_command(["seal", "--config", str(world.path)])
    first = f"F1_{world.book()}"
    with Process(world.path, NODE) as node:
        eventually(lambda: world.deals(first))
        assert secrets_command(["rotate", "--config", str(world.path)]) == 0
        folder = world.settings.journal.folder
        eventually(
            lambda: any("settings_reloaded" in f.read_text(encoding="utf-8") for f in folder.glob("int*"))
        )
        second = f"F1_{world.book(world.patient(phone='+79037770100'))}"
        eventually(lambda: world.deals(second))
        assert node.stop() == 0
    world.close()
