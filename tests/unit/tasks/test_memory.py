"""Память процесса: прибранное заморожено, и уборка не держит процесс."""

import subprocess
import sys

PROGRAM = """
import gc, threading
from tasks.memory import keep_settled
keep_settled()
assert gc.get_freeze_count() > 1000
assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
print("прибрано", threading.active_count())
"""


def test_a_settled_process_still_ends_at_once() -> None:
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", PROGRAM], capture_output=True, timeout=15)
    assert done.stdout.decode().split() == ["прибрано", "3"], done.stderr.decode()
