"""Новая версия читает файл прежней; неизвестное называет, а не выбрасывает (СПЕЦ 3.5.2.3)."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.loader import load_settings
from installer.ports import InstallError
from installer.settings import upgrade_settings

FORMS = Path(__file__).resolve().parents[2] / "data" / "settings"
RETIRED = {
    "[portal]": "linger = 0.05",
    "[redis]": "socket_timeout = 3",
    "[node]": "stuck_after = 240",
    "[sync]": "turn = 20\nhint_timeout = 90\nrevival = 900\nredrive_interval = 15\noutbox_warning = 500",
    "[retries]": "store = [1]",
}


def first_form(path: Path) -> Path:
    """Пишет файл версии 0.1.0 с настоящими секретами вместо заготовок."""
    text = (FORMS / "schema-1.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("СЕКРЕТНЫЙ_КОД", "abc123").replace("ПАРОЛЬ", "pass-word"), encoding="utf-8")
    return path


def test_first_released_form_means_the_same(tmp_path: Path) -> None:
    path = first_form(tmp_path / "settings.toml")
    upgrade_settings(path)
    settings = load_settings(path)
    assert settings.portal.category_id == 7
    assert settings.portal.fields == {"filial": "UF_CRM_FILIAL_OLD"}
    assert settings.redis.prefix == "clinic"
    assert [branch.branch_id for branch in settings.served] == ["F1", "F2"]
    assert settings.sync.interval == timedelta(seconds=90)
    assert settings.rules.utc_offset == "+05:00"
    assert settings.retries.network == (timedelta(seconds=20), timedelta(seconds=40))
    assert settings.journal.keep_days == 45
    assert settings.application is not None


def test_retired_keys_are_read_and_mean_nothing(tmp_path: Path) -> None:
    path = first_form(tmp_path / "settings.toml")
    upgrade_settings(path)
    plain = load_settings(path)
    text = path.read_text(encoding="utf-8")
    for header, keys in RETIRED.items():
        assert header in text, header
        text = text.replace(header, f"{header}\n{keys}", 1)
    path.write_text(f"schema = 1\n{text}", encoding="utf-8")
    assert load_settings(path) == plain


def test_unknown_key_is_named_by_the_update_and_stays_in_the_file(tmp_path: Path) -> None:
    path = first_form(tmp_path / "settings.toml")
    text = path.read_text(encoding="utf-8") + '\n[weather]\ncity = "Казань"\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InstallError, match="weather"):
        upgrade_settings(path)
    assert "Казань" in path.read_text(encoding="utf-8")


def test_update_seals_secrets_that_were_written_open(tmp_path: Path) -> None:
    path = first_form(tmp_path / "settings.toml")
    (done,) = upgrade_settings(path)
    assert "portal.webhook" in done
    assert "databases.D1.password" in done
    sealed = path.read_text(encoding="utf-8")
    assert "abc123" not in sealed
    assert "pass-word" not in sealed
    assert upgrade_settings(path) == []
