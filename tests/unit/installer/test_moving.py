"""Переезд на другой компьютер по docs/guide/administrator.md: ответы установщику из прежних настроек."""

import tomllib
from pathlib import Path
from typing import Any

from installer.answers import parse_answers
from installer.layout import Layout, linux_layout
from installer.settings import write_settings

WEBHOOK = "https://klinika.bitrix24.ru/rest/1/s3cr3tc0de/"
FIRST: dict[str, object] = {
    "portal": {"webhook": WEBHOOK, "category_id": 7},
    "databases": [
        {"id": "D1", "server": "SRV", "database": "PZ", "login": "ident_reader", "password": "тайна"}
    ],
    "branches": [{"number": 4, "name": "Филиал Фучика", "database": "D1"}],
}


def installed(root: Path, answers: dict[str, object]) -> Layout:
    """Записывает настройки так, как их пишет установка со своим Redis."""
    layout = linux_layout(root)
    parsed = parse_answers(answers)
    write_settings(layout, parsed.settings, "redis://:новый@127.0.0.1:6390/0")
    return layout


def answers_from(settings: Path) -> dict[str, Any]:
    """Делает ответы по руководству: без лишних разделов, секреты открыты, раздел install сверху."""
    raw = tomllib.loads(settings.read_text(encoding="utf-8"))
    kept = {name: value for name, value in raw.items() if name not in ("redis", "node", "journal", "schema")}
    kept["portal"]["webhook"] = WEBHOOK
    kept["databases"][0]["password"] = "тайна"
    return {"install": {"redis": "own"}, **kept}


def test_former_settings_become_answers_of_the_new_computer(tmp_path: Path) -> None:
    former = installed(tmp_path / "former", FIRST)
    assert "enc:" in former.settings.read_text(encoding="utf-8")
    layout = installed(tmp_path / "new", answers_from(former.settings))
    written = tomllib.loads(layout.settings.read_text(encoding="utf-8"))
    assert written["branches"] == FIRST["branches"]
    assert written["portal"]["category_id"] == 7
    assert written["portal"]["webhook"].startswith("enc:")
    assert written["journal"]["folder"] == layout.logs.as_posix()
