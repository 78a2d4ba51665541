"""Потоки программы: русский текст доходит при любой кодировке системы; цвета — только в окно."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.console import coloured
from deploy.package.bundle import arguments
from installer.commands import decoded

ROOT = Path(__file__).resolve().parents[3]


class Window(io.StringIO):
    """Окно: то же, что поток, но показывает человеку."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp1251", "cp866"])
@pytest.mark.parametrize("arguments", [("--help",), ("нет-такой",)], ids=["вывод", "ошибка"])
def test_text_goes_to_a_pipe_whatever_the_system_writes_in(encoding: str, arguments: tuple[str, ...]) -> None:
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments], env=environment, capture_output=True, check=False, cwd=ROOT
    )
    told = (done.stdout + done.stderr).decode("utf-8")
    assert "Traceback" not in told
    assert "Интеграция Ident → Битрикс24" in told


def test_secret_from_a_pipe_in_a_foreign_encoding_is_refused_without_a_traceback(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[portal]\ncategory_id = 1\n", encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "cli",
            "secrets",
            "set",
            "portal.webhook",
            "--stdin",
            "--config",
            str(settings),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input="тайна".encode("cp866"),
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert "UTF-8" in done.stderr.decode("utf-8")
    assert "Traceback" not in done.stderr.decode("utf-8")


@pytest.mark.parametrize("key_file", ["file/key", "file/deeper/key"])
def test_refusal_of_the_system_is_told_without_a_traceback(tmp_path: Path, key_file: str) -> None:
    """Ключ не записать: на месте его папки лежит файл."""
    settings = tmp_path / "settings.toml"
    (tmp_path / "file").touch()
    settings.write_text(f'[security]\nkey_file = "{key_file}"\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "secrets", "init", "--config", str(settings)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    told = done.stderr.decode("utf-8")
    assert (done.returncode, told.splitlines()[0].startswith("Система отказала")) == (3, True), told
    assert "Traceback" not in told


@pytest.mark.parametrize("encoding", ["utf-8", "cp866"])
def test_commands_of_windows_and_our_own_are_both_understood(encoding: str) -> None:
    assert decoded("Состояние: работает".encode(encoding), "cp866") == "Состояние: работает"


def test_packed_program_is_built_to_speak_utf8(tmp_path: Path) -> None:
    options = arguments(tmp_path, tmp_path)
    assert options[options.index("--python-option") + 1] == "X utf8"


@pytest.mark.parametrize(
    ("stream", "variable", "wanted"),
    [(Window(), {}, True), (io.StringIO(), {}, False), (Window(), {"NO_COLOR": "1"}, False)],
)
def test_colours_go_only_to_a_window_that_wants_them(
    stream: io.StringIO, variable: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    assert coloured(stream, "linux") is wanted
