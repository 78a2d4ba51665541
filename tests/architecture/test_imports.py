"""Импорт любого модуля ничего не делает: ни соединений, ни настроек, ни потоков (правило 2 стиля)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "services",
    "config",
    "tasks",
    "cli",
    "demo",
    "plan_frontend",
    "monitoring",
    "installer",
    "deploy",
)

PROBE = """
import importlib, socket, sys, threading
modules = sys.argv[1:]

def refuse(*_args, **_options):
    raise AssertionError("импорт открыл соединение")

def refuse_building(*_args, **_options):
    raise AssertionError("импорт собрал службы")

socket.socket.connect = refuse
socket.socket.bind = refuse
before = set(threading.enumerate())
from services import container
container.Services.__init__ = refuse_building
for name in modules:
    importlib.import_module(name)
from config import loader
assert set(threading.enumerate()) == before, "импорт запустил поток"
app = sys.modules.get("tasks.app")
assert app is None or not app.celery_app.configured, "импорт прочитал настройки"
print(len(modules))
"""


def modules() -> list[str]:
    """Возвращает имена всех модулей проекта, кроме точек входа."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    own = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    return ["celeryconfig", *sorted(own)]


def test_importing_every_module_does_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *modules()],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
