"""Настройки без моделей: те же значения, та же беда, тайны по-прежнему прячутся."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import celeryconfig
from config.apart import plain
from config.loader import CONFIG_VARIABLE, ConfigError, load_settings
from monitoring.flower import options_of
from services.journal.process import known_secrets
from services.store.connection import open_redis, trust
from tests.support.example import example_settings, example_text

ROOT = Path(__file__).resolve().parents[3]


def test_plain_settings_give_celery_flower_and_journal_the_same(tmp_path: Path) -> None:
    settings = example_settings()
    settings = settings.model_copy(update={"node": settings.node.model_copy(update={"state_dir": tmp_path})})
    light = plain(settings)
    assert celeryconfig.deployment(light) == celeryconfig.deployment(settings)
    assert options_of(light) == options_of(settings)
    assert set(known_secrets(light)) == set(known_secrets(settings)) >= {"code", "password"}
    assert vars(light.journal) == settings.journal.model_dump()
    assert trust(light.redis) == trust(settings.redis)
    kept, own = open_redis(light.redis), open_redis(settings.redis)
    assert kept.connection_pool.connection_kwargs["host"] == own.connection_pool.connection_kwargs["host"]


def test_plain_settings_keep_the_values_out_of_a_text() -> None:
    light = plain(example_settings())
    told = f"{light} {light.portal!r} {light.portal.webhook!r} {light.portal.webhook} {light.redis.url}"
    assert "webhook" in told
    assert "://" not in told


@pytest.mark.parametrize("role", [("run", "--only", "beat"), ("flower",)], ids=["beat", "flower"])
def test_bad_settings_are_told_as_before(role: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(example_text().replace("number = 1\n", 'number = "первый"\n'), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_settings(path)
    done = subprocess.run(
        [sys.executable, "-m", "cli", *role],
        env={**os.environ, CONFIG_VARIABLE: str(path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert str(refused.value) in done.stderr
    assert "Traceback" not in done.stderr
