"""Первый запуск: одноразовый код, отметка незаконченной установки, прежние настройки."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import first_run, versions
from config.editing import edited
from config.loader import ConfigError
from config.rights import strangers

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Место файла настроек, которого ещё нет."""
    return tmp_path / "settings.toml"


def test_code_opens_however_it_is_typed(settings: Path) -> None:
    code = first_run.new_code(settings)
    assert first_run.is_code(settings, code)
    assert first_run.is_code(settings, f" {code.replace('-', ' ').lower()} ")


def test_code_serves_once(settings: Path) -> None:
    code = first_run.new_code(settings)
    first_run.spend_code(settings)
    assert not first_run.is_code(settings, code)
    assert not first_run.has_code(settings)


def test_new_code_replaces_the_former(settings: Path) -> None:
    former, code = first_run.new_code(settings), first_run.new_code(settings)
    assert not first_run.is_code(settings, former)
    assert first_run.is_code(settings, code)


def test_no_code_was_given_out_so_none_fits(settings: Path) -> None:
    assert not first_run.is_code(settings, "")


def test_disk_keeps_neither_the_code_nor_a_door_for_others(settings: Path) -> None:
    code = first_run.new_code(settings)
    (file,) = settings.parent.iterdir()
    assert code.replace("-", "") not in file.read_text(encoding="ascii")
    assert strangers(file) == []


def test_installation_waits_for_the_page_until_it_is_finished(settings: Path) -> None:
    assert first_run.is_pending(settings)
    first_run.begin(settings)
    settings.touch()
    assert first_run.is_pending(settings)
    first_run.finish(settings)
    assert not first_run.is_pending(settings)


def test_former_settings_are_kept_closed_and_come_back(settings: Path) -> None:
    settings.write_text("первые = 1", encoding="utf-8")
    name = versions.keep(settings, NOW)
    settings.write_text("вторые = 2", encoding="utf-8")
    assert versions.former(settings, name) == "первые = 1"
    assert versions.kept(settings) == [(name, NOW)]
    assert strangers(versions.folder_of(settings)) == []


def test_only_the_newest_are_kept(settings: Path) -> None:
    settings.touch()
    names = [versions.keep(settings, NOW + timedelta(minutes=number)) for number in range(versions.MOST + 3)]
    assert [name for name, _ in versions.kept(settings)] == names[:2:-1]


@pytest.mark.parametrize("name", ["../settings.toml", "/etc/passwd", "", "2026.toml"])
def test_foreign_file_is_not_read_as_a_version(settings: Path, name: str) -> None:
    settings.touch()
    versions.keep(settings, NOW)
    with pytest.raises(ConfigError, match="уже нет"):
        versions.former(settings, name)


FILE = """# Слова человека
[portal]  # портал
category_id = 1  # воронка

[[branches]]
number = 1  # главный

[[branches]]
number = 2
"""


def test_edit_keeps_the_words_of_a_person() -> None:
    changed = edited(FILE, {("portal", "category_id"): 3, ("alerts", "email", "host"): "почта"})
    assert changed.startswith("# Слова человека\n[portal]  # портал\ncategory_id = 3  # воронка\n")
    assert changed.endswith('[alerts.email]\nhost = "почта"\n')


def test_rows_are_added_at_the_end_and_removed_together() -> None:
    changed = edited(FILE, {("branches", 2, "number"): 7}, [("branches", 0), ("branches", 1)])
    assert changed.count("[[branches]]") == 1
    assert "number = 7" in changed


def test_first_row_of_an_absent_list_makes_it() -> None:
    changed = edited("", {("databases", 0, "id"): "D1", ("databases", 1, "id"): "D2"})
    assert changed == '[[databases]]\nid = "D1"\n\n[[databases]]\nid = "D2"\n'


@pytest.mark.parametrize("text", ['"""', "\n[node]\nentities = ['x.py']\n", "\\", "\x00", "’ \" '", "а\r\nб"])
def test_no_text_breaks_out_of_its_value(text: str) -> None:
    import tomllib

    changed = edited(FILE, {("branches", 0, "name"): text})
    assert tomllib.loads(changed)["branches"][0]["name"] == text
    assert set(tomllib.loads(changed)) == {"portal", "branches"}
