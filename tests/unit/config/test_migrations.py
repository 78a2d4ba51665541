"""Новая версия читает файл прежней; неизвестное называет, а не выбрасывает (СПЕЦ 3.5.2.3)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from config.loader import ConfigError, load_settings
from config.migrations import CURRENT, Migration, SchemaError, migrate, migrated, schema_of
from installer.ports import InstallError
from installer.upgrade import upgrade_settings

FORMS = Path(__file__).resolve().parents[2] / "data" / "settings"


def rename(raw: Any) -> None:
    """Пример перемены вида: ключ переехал в другой раздел."""
    raw.setdefault("timing", {})["period"] = raw["sync"].pop("interval")


def seconds_to_minutes(raw: Any) -> None:
    """Пример второй перемены: та же величина в других единицах."""
    raw["timing"]["period"] = raw["timing"]["period"] // 60


STEPS = (Migration("промежуток переехал", rename), Migration("промежуток в минутах", seconds_to_minutes))


def test_every_released_form_has_a_frozen_file() -> None:
    assert {path.stem for path in FORMS.glob("*.toml")} == {f"schema-{n}" for n in range(1, CURRENT + 1)}


def test_first_released_form_means_the_same() -> None:
    settings = load_settings(FORMS / "schema-1.toml")
    assert settings.portal.category_id == 7
    assert settings.portal.fields == {"filial": "UF_CRM_FILIAL_OLD"}
    assert settings.redis.prefix == "clinic"
    assert [branch.branch_id for branch in settings.served] == ["F1", "F2"]
    assert settings.sync.interval == timedelta(seconds=90)
    assert settings.rules.utc_offset == "+05:00"
    assert settings.retries.network == (timedelta(seconds=20), timedelta(seconds=40))
    assert settings.journal.keep_days == 45
    assert settings.application is not None


def test_file_without_a_schema_is_of_the_first_form() -> None:
    assert schema_of({}) == 1


def test_steps_are_done_in_order_from_the_form_of_the_file() -> None:
    assert migrated({"sync": {"interval": 120}}, STEPS) == {"sync": {}, "timing": {"period": 2}}
    assert migrated({"schema": 2, "timing": {"period": 300}}, STEPS) == {"timing": {"period": 5}}
    assert migrated({"schema": 3, "timing": {"period": 5}}, STEPS) == {"timing": {"period": 5}}


def test_reading_does_not_change_what_was_read() -> None:
    raw = {"sync": {"interval": 120}}
    migrated(raw, STEPS)
    assert raw == {"sync": {"interval": 120}}


def test_migration_on_disk_keeps_the_notes_of_a_person() -> None:
    document = tomlkit.parse("# мой файл\n[sync]\ninterval = 120 # так надо\nlease = 100\n")
    assert migrate(document, STEPS) == ["промежуток переехал", "промежуток в минутах"]
    text = tomlkit.dumps(document)
    assert text.startswith("# мой файл\n")
    assert "lease = 100" in text
    assert tomlkit.parse(text)["schema"] == 3


@pytest.mark.parametrize("schema", ["2", 0, -1, True, 1.5])
def test_senseless_schema_is_named(schema: object) -> None:
    with pytest.raises(SchemaError, match="schema"):
        schema_of({"schema": schema})


def test_file_of_a_newer_version_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f"schema = {CURRENT + 1}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="более новой версией") as refusal:
        load_settings(path)
    assert "обновите программу" in str(refusal.value)


def test_unknown_key_is_named_by_the_update_and_stays_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    text = (FORMS / "schema-1.toml").read_text(encoding="utf-8") + '\n[weather]\ncity = "Казань"\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InstallError, match="weather"):
        upgrade_settings(path)
    assert "Казань" in path.read_text(encoding="utf-8")


def test_update_seals_secrets_that_were_written_open(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    text = (FORMS / "schema-1.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("СЕКРЕТНЫЙ_КОД", "abc123").replace("ПАРОЛЬ", "pass-word"), encoding="utf-8")
    (done,) = upgrade_settings(path)
    assert "portal.webhook" in done
    assert "databases.D1.password" in done
    sealed = path.read_text(encoding="utf-8")
    assert "abc123" not in sealed
    assert "pass-word" not in sealed
    assert upgrade_settings(path) == []
