"""Слежение за файлами настроек: перемена видна по оттиску, сам секрет — нет."""

import os
import stat
from pathlib import Path

import pytest

from config.watching import ABSENT, LOOK_EVERY, FileWatch, LiveFile, fingerprint


@pytest.fixture
def watch(tmp_path: Path) -> FileWatch:
    """Слежение за настройками и ключом."""
    (tmp_path / "settings.toml").write_text("secret = 'тайна'", encoding="utf-8")
    return FileWatch([tmp_path / "settings.toml", tmp_path / "key"], tmp_path / "state" / "settings.hash")


def again(tmp_path: Path) -> FileWatch:
    """То же слежение после перезапуска службы."""
    return FileWatch([tmp_path / "settings.toml", tmp_path / "key"], tmp_path / "state" / "settings.hash")


def test_first_look_only_remembers(watch: FileWatch) -> None:
    assert watch.changes() == []
    assert watch.changes() == []


def test_change_is_told_once(watch: FileWatch, tmp_path: Path) -> None:
    watch.changes()
    (tmp_path / "settings.toml").write_text("secret = 'другая'", encoding="utf-8")
    (change,) = watch.changes()
    assert (change.file, len(change.was), len(change.now)) == ("settings.toml", 16, 16)
    assert change.was != change.now
    assert watch.changes() == []


def test_change_made_while_the_service_was_off_is_told(watch: FileWatch, tmp_path: Path) -> None:
    watch.changes()
    (tmp_path / "settings.toml").write_text("secret = 'другая'", encoding="utf-8")
    assert [change.file for change in again(tmp_path).changes()] == ["settings.toml"]


def test_new_and_lost_files_are_changes(watch: FileWatch, tmp_path: Path) -> None:
    watch.changes()
    (tmp_path / "key").write_text("key", encoding="utf-8")
    (tmp_path / "settings.toml").unlink()
    told = {change.file: (change.was, change.now) for change in watch.changes()}
    assert told["key"][0] == ABSENT
    assert told["settings.toml"][1] == ABSENT


def test_touched_file_with_the_same_text_is_not_a_change(watch: FileWatch, tmp_path: Path) -> None:
    watch.changes()
    (tmp_path / "settings.toml").write_text("secret = 'тайна'", encoding="utf-8")
    assert watch.changes() == []


@pytest.mark.windows_cannot("posix")
def test_memory_is_closed_and_holds_no_text_of_the_file(watch: FileWatch, tmp_path: Path) -> None:
    watch.changes()
    memory = tmp_path / "state" / "settings.hash"
    assert "тайна" not in memory.read_text(encoding="utf-8")
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    assert fingerprint(tmp_path / "settings.toml") in memory.read_text(encoding="utf-8")


class Minutes:
    """Часы, которые сами уходят на минуту при каждом взгляде."""

    seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 60
        return self.seconds


@pytest.fixture
def live(tmp_path: Path) -> LiveFile:
    """Файл работающего процесса; на диск смотрят без паузы."""
    path = tmp_path / "settings.toml"
    path.write_text("first", encoding="utf-8")
    return LiveFile(path, Minutes())


def test_new_content_is_noticed_once(live: LiveFile) -> None:
    assert not live.changed()
    live.path.write_text("second one", encoding="utf-8")
    assert live.changed()
    assert not live.changed()


def test_touched_live_file_is_not_a_change(live: LiveFile) -> None:
    os.utime(live.path, (1, 1))
    assert not live.changed()


def test_file_that_vanished_for_a_moment_is_not_a_change(live: LiveFile) -> None:
    live.path.unlink()
    assert not live.changed()
    live.path.write_text("first", encoding="utf-8")
    assert not live.changed()


def test_disk_is_not_asked_at_every_task(tmp_path: Path) -> None:
    path, moment = tmp_path / "settings.toml", [0.0]
    path.write_text("first", encoding="utf-8")
    live = LiveFile(path, lambda: moment[0])
    path.write_text("second one", encoding="utf-8")
    assert not live.changed()
    moment[0] = LOOK_EVERY
    assert live.changed()
