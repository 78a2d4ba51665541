"""Файл настроек под присмотром: перемена содержимого видна, пустая суета — нет."""

import os
from pathlib import Path

import pytest

from tasks import process
from tasks.process import ProcessServices, Watched


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Файл, на который смотрят без паузы."""
    monkeypatch.setattr(process, "LOOK_EVERY", 0.0)
    path = tmp_path / "settings.toml"
    path.write_text("first", encoding="utf-8")
    return path


def test_new_content_is_noticed_once(file: Path) -> None:
    watched = Watched(file)
    assert not watched.changed()
    file.write_text("second one", encoding="utf-8")
    assert watched.changed()
    assert not watched.changed()


def test_touched_file_with_the_same_content_is_not_a_change(file: Path) -> None:
    watched = Watched(file)
    os.utime(file, (1, 1))
    assert not watched.changed()


def test_file_that_vanished_for_a_moment_is_not_a_change(file: Path) -> None:
    watched = Watched(file)
    text = file.read_text(encoding="utf-8")
    file.unlink()
    assert not watched.changed()
    file.write_text(text, encoding="utf-8")
    assert not watched.changed()


def test_disk_is_not_asked_at_every_task(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK_EVERY", 1000.0)
    watched = Watched(file)
    file.write_text("second one", encoding="utf-8")
    assert not watched.changed()


def test_process_that_never_worked_has_nothing_to_withdraw_and_close() -> None:
    services = ProcessServices()
    services.withdraw()
    services.close()
    assert not services.built()
