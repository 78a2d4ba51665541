"""Вес узла: лишнее не грузится, отработавшее отпускается (ТЗ 3.4)."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.loader import CONFIG_VARIABLE
from demo.broker import free_port
from tasks.base import SyncTask
from tests.support.example import example_text

ROOT = Path(__file__).resolve().parents[3]

START = """
import sys
from types import SimpleNamespace
from tasks import node

class Worker:
    exitcode = 7
    def __init__(self, **options): self.options = options
    def start(self): assert self.options["pool_cls"] == "threads"

code = getattr(node, sys.argv[1])(SimpleNamespace(steps={"worker": set()}, Worker=Worker), pool_cls="threads")
print(code, sorted({"flower", "prompt_toolkit", "celery.bin.celery", "sqlglot"} & set(sys.modules)))
"""


@pytest.mark.parametrize("role", ["run_node", "run_worker"])
def test_node_starts_without_the_celery_command_and_its_plugins(role: str) -> None:
    done = subprocess.run([sys.executable, "-c", START, role], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["7", "[]\n"]


#: Модели настроек читает потомок; без fork (Windows) — сам процесс.
MODELS = ",pydantic,config.models" if hasattr(os, "fork") else ""
#: Роль делает своё дело без Redis; печатает, что из лишнего загрузила.
BEAT = """
from config.apart import settle_settings
from config.loader import settings_file
settle_settings(settings_file())
from tasks.app import celery_app
from tasks.schedule import SteadyScheduler
scheduler = SteadyScheduler(celery_app)
scheduler.schedule = {"watch": scheduler.schedule["watch"]}
assert scheduler.tick() > 0
"""
FLOWER = """
from config.apart import settle_settings
from config.loader import settings_file
settle_settings(settings_file())
from celery.bin.base import CLIContext
from flower.app import Flower
from flower.command import flower
import flowerconfig
from tasks.app import celery_app
celery_app.conf.include = ()
assert Flower(capp=celery_app).capp.conf.broker_url and flowerconfig.max_tasks
"""
WEB = """
from config.loader import load_settings
from services.container import build_services
from tasks.hands import give_hands
from tasks.pages import sites
services = build_services(load_settings())
give_hands(services)
assert [site.build() for site in sites(services)] and services.sync_now
"""
ALONE = """
import sys
print(*sorted(set(sys.argv[1].split(",")) & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("role", "strangers"),
    [
        (BEAT, f"celery.worker.consumer,services.container,services.sync,monitoring{MODELS}"),
        (FLOWER, f"celery.worker.consumer,services.container,services.sync,services.store{MODELS}"),
        (WEB, "celery,kombu"),
    ],
    ids=["beat", "flower", "web"],
)
def test_role_apart_loads_only_its_own(role: str, strangers: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        example_text().replace("redis://127.0.0.1:6379", f"redis://127.0.0.1:{free_port()}"),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-c", role + ALONE, strangers],
        env={**os.environ, CONFIG_VARIABLE: str(path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


def test_retry_lets_the_copy_of_the_stack_go() -> None:
    einfo = SimpleNamespace(tb=object(), traceback="текст")
    SyncTask().on_retry(RuntimeError(), "id", (), {}, einfo)
    assert (einfo.tb, einfo.traceback) == (None, "текст")


ARENAS = """
import ctypes, re, sys, tempfile, threading
from tasks.memory import keep_one_arena

if sys.argv[1] == "spared":
    keep_one_arena()
together = threading.Barrier(8)
held = []

def work():
    together.wait()
    held.append([bytearray(2000) for _ in range(200)])
    together.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.fopen.argtypes = libc.malloc_info.argtypes = None
path = tempfile.mktemp()
stream = ctypes.c_void_p(libc.fopen(path.encode(), b"w"))
libc.malloc_info(0, stream)
libc.fclose(stream)
print(len(re.findall("<heap nr=", open(path).read())))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="posix")
def test_threads_of_the_node_share_one_arena() -> None:
    def arenas(way: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", ARENAS, way], capture_output=True, text=True, check=True, cwd=ROOT
        )
        return int(done.stdout)

    assert arenas("plain") > 1
    assert arenas("spared") == 1
