"""Пакет для помощи: перечень честный, людей и секретов внутри нет; команда и кнопка дают одно."""

import io
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests

from cli.support import main
from monitoring.app import monitor_app
from services.journal.configure import configure_journal, stop_journal
from services.support import CONTENTS
from tests.integration.test_story import failed, manual_cancel
from tests.support.pages import PageServer
from tests.support.world import World

SECRETS = ("Лунёва", "Алсу", "9031112233", "demo0webhook0code")


@pytest.fixture
def lived(world: World) -> World:
    """Мир с прошлым в журналах и одной неотправленной записью."""
    configure_journal(world.settings.journal, console=False)
    manual_cancel(world)
    failed(world)
    stop_journal()
    return world


def checked(archive: bytes) -> None:
    """Сверяет архив с его перечнем."""
    with ZipFile(io.BytesIO(archive)) as opened:
        names, told = opened.namelist(), {n: opened.read(n).decode() for n in opened.namelist()}
    for name in CONTENTS:
        assert any(one.startswith(name) for one in names), name
        assert name in told["что внутри.txt"]
    assert '"access_denied": 1' in told["queue.json"]
    assert "manual_stage_kept" in "".join(text for name, text in told.items() if "integration_log" in name)
    assert "celery 5" in told["versions.txt"]
    assert not any(secret in text for secret in SECRETS for text in told.values())


def test_command_collects_what_it_lists(
    lived: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "help.zip"
    assert main(["--to", str(to), "--config", str(lived.path)]) == 0
    checked(to.read_bytes())
    assert all(told in capsys.readouterr().out for told in ["settings.json"])


def test_button_gives_the_same(lived: World) -> None:
    with PageServer(monitor_app(lived.services)) as server, requests.Session() as session:
        shown = session.get(f"{server.url}journals", timeout=30).text
        token = re.search(r'name="token" value="([^"]+)"', shown)
        assert token is not None
        answer = session.post(f"{server.url}journals/support", {"token": token[1]}, timeout=120)
        stranger = requests.post(f"{server.url}journals/support", timeout=30)
    assert answer.headers["content-type"] == "application/zip"
    checked(answer.content)
    assert stranger.status_code == 403
