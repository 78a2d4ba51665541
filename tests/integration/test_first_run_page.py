"""Страница первой установки: чужим закрыта, негодное не пишет, обмен без целых настроек не начинает."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.__main__ import main as run_command
from cli.config import main as config
from cli.first_run import first_run_app, introduce
from config import first_run
from config.loader import CONFIG_VARIABLE
from tests.integration.test_settings_page import PASSWORD, Visitor
from tests.support.pages import PageServer


class Installation:
    """Незаконченная установка и то, сколько раз велели начать обмен."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "settings.toml"
        self.begun: list[bool] = []
        first_run.begin(self.path)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Пустая папка настроек."""
    return Installation(tmp_path / "config")


@pytest.fixture
def url(installation: Installation) -> Iterator[str]:
    """Адрес страницы установки."""
    with PageServer(first_run_app(installation.path, lambda: installation.begun.append(True))) as server:
        yield server.url


@pytest.fixture
def visitor(url: str, installation: Installation) -> Visitor:
    """Администратор, поставивший пароль."""
    visitor = Visitor(url)
    visitor.set_password(first_run.new_code(installation.path))
    return visitor


@pytest.mark.parametrize("path", ["", "first-run/bases", "first-run/preview", "settings/portal"])
def test_stranger_sees_only_the_question_about_the_code(url: str, path: str) -> None:
    assert Visitor(url).get(path).url.endswith("/welcome")


def test_first_visit_leads_to_the_first_step(visitor: Visitor) -> None:
    assert visitor.get("").url.endswith("/first-run/bases")


def test_password_of_the_first_visit_closes_the_page_for_others(visitor: Visitor) -> None:
    assert Visitor(visitor.url).get("first-run/bases").url.endswith("/login")


def test_unready_step_says_what_is_missing_and_does_not_go_on(
    visitor: Visitor, installation: Installation
) -> None:
    before = installation.path.read_text(encoding="utf-8")
    form = {"databases__0__type": "mssql", "databases__0__id": "D1", "databases__0__server": "SRV"}
    answer = visitor.post("first-run/bases", **form, do="next")
    assert answer.status_code == 400
    assert "ключ обязателен" in answer.text
    assert installation.path.read_text(encoding="utf-8") == before


def test_ready_step_is_written_with_the_secret_closed(visitor: Visitor, installation: Installation) -> None:
    form = {
        "type": "mssql",
        "id": "D1",
        "server": "SRV",
        "database": "PZ",
        "login": "reader",
        "password": "тайна базы",
    }
    named = {f"databases__0__{name}": value for name, value in form.items()}
    assert visitor.post("first-run/bases", **named, do="next").url.endswith("/first-run/branches")
    text = installation.path.read_text(encoding="utf-8")
    assert 'server = "SRV"' in text
    assert "тайна базы" not in text


def test_exchange_does_not_begin_with_unfinished_settings(
    visitor: Visitor, installation: Installation
) -> None:
    answer = visitor.post("first-run/start", "first-run/bases")
    assert answer.status_code == 400
    assert installation.begun == []
    assert first_run.is_pending(installation.path)


def test_start_without_the_token_is_not_obeyed(visitor: Visitor, installation: Installation) -> None:
    assert visitor.session.post(visitor.url + "first-run/start", timeout=30).status_code == 403
    assert installation.begun == []


def test_password_and_code_are_in_no_journal(
    url: str, installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = first_run.new_code(installation.path)
    Visitor(url).set_password(code)
    assert "page_password_set" in caplog.text
    assert [word for word in (code, PASSWORD) if word in caplog.text] == []


@pytest.mark.parametrize("command", [["doctor"], ["state", "show"]])
def test_command_before_the_end_of_the_installation_names_its_page(
    installation: Installation, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    installation.path.write_text("[monitor]\nport = 8026\n", encoding="utf-8")
    assert run_command([*command, "--config", str(installation.path)]) in (1, 2)
    told = capsys.readouterr()
    assert "закончите её в браузере этого компьютера, http://127.0.0.1:8026/" in told.out + told.err


def test_code_stays_out_of_the_output_of_a_service(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    introduce(installation.path, "http://127.0.0.1:8025/")
    told = capsys.readouterr().out
    assert "Одноразовый код выдаст команда: python manage.py config code" in told
    assert not first_run.has_code(installation.path)


def test_code_is_shown_to_the_one_who_started_the_node_by_hand(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = io.StringIO()
    window.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", window)
    introduce(installation.path, "http://127.0.0.1:8025/")
    code = re.search(r"Одноразовый код страницы: (\S+)", window.getvalue())
    assert code is not None
    assert first_run.is_code(installation.path, code[1])


def test_command_gives_the_code_until_the_password_is_set(
    visitor: Visitor,
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, "")
    assert config(["code", "--config", str(installation.path)]) == 1
    assert "Пароль уже стоит" in capsys.readouterr().err
    other = installation.path.with_name("other.toml")
    assert config(["code", "--config", str(other)]) == 0
    code = re.search(r"страницы: (\S+)", capsys.readouterr().out)
    assert code is not None
    assert first_run.is_code(other, code[1])
