"""Команда без Redis: сказано, по какому адресу его нет и что сделать."""

from pathlib import Path

import pytest

from cli.__main__ import main
from config.loader import CONFIG_VARIABLE
from tests.support.example import example_text


def test_lost_redis_is_named_by_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(example_text().replace("127.0.0.1:6379", "127.0.0.1:1"), encoding="utf-8")
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    assert main(["state", "show", "--config", str(path)]) == 3
    told = capsys.readouterr().err
    assert "Redis недоступен" in told
    assert "127.0.0.1:1" in told
    assert "Запустите службу Redis" in told
