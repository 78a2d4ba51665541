"""Вес узла: лишнее не грузится, отработавшее отпускается (ТЗ 3.4)."""

import subprocess
import sys
from types import SimpleNamespace

from tasks.base import SyncTask

START = """
import sys
from types import SimpleNamespace
from tasks.node import run_node

class Worker:
    exitcode = 7
    def __init__(self, **options): self.options = options
    def start(self): assert self.options["pool_cls"] == "threads"

code = run_node(SimpleNamespace(steps={"worker": set()}, Worker=Worker), pool_cls="threads")
print(code, sorted({"flower", "prompt_toolkit", "celery.bin.celery", "sqlglot"} & set(sys.modules)))
"""


def test_node_starts_without_the_celery_command_and_its_plugins() -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["7", "[]\n"]


def test_retry_lets_the_copy_of_the_stack_go() -> None:
    einfo = SimpleNamespace(tb=object(), traceback="текст")
    SyncTask().on_retry(RuntimeError(), "id", (), {}, einfo)
    assert (einfo.tb, einfo.traceback) == (None, "текст")
