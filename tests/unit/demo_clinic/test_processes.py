"""Дети демонстрации останавливаются и там, где вежливого сигнала нет."""

import os
import subprocess
import sys

import pytest

from demo.processes import interrupt


class Unasked(subprocess.Popen[bytes]):
    """Процесс Windows без консоли: CTRL_BREAK_EVENT ему не послать."""

    refusal: BaseException = SystemError("<class 'OSError'> returned a result with an exception set")

    def send_signal(self, sig: int) -> None:
        raise self.refusal

    def terminate(self) -> None:
        self.kill()

    def kill(self) -> None:
        os.kill(self.pid, 9)


@pytest.mark.parametrize("refusal", [SystemError(), OSError(6, "Неверный дескриптор")])
def test_child_without_a_console_is_stopped_by_force(refusal: BaseException) -> None:
    with Unasked([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        child.refusal = refusal
        interrupt(child)
        assert child.wait(timeout=10) != 0
