"""Конец демонстрации: чем бы она ни кончилась, после неё ничего не работает; вторая не мешает первой."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from demo.broker import free_port
from tests.support.doors import SCRIPTS, bare, family

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("demo-ends")]

#: Делает окно управляющим терминалом, как оболочка, и становится демонстрацией.
IN_WINDOW = """import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # прогон мог идти под nohup
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])"""


@dataclass(slots=True)
class Shown:
    """Демонстрация в окне: процесс, окно и все, кого она запустила."""

    process: "subprocess.Popen[bytes]"
    window: int
    people: list[psutil.Process]

    def close_window(self) -> None:
        """Закрывает окно терминала: ядро шлёт SIGHUP."""
        os.close(self.window)

    def terminate(self) -> None:
        """Просит кончить, как это делает система при выключении."""
        self.process.send_signal(signal.SIGTERM)

    def hang_up_twice(self) -> None:
        """Шлёт SIGHUP дважды: так делают вместе ядро и оболочка."""
        self.process.send_signal(signal.SIGHUP)
        self.process.send_signal(signal.SIGHUP)


@contextmanager
def demo(folder: Path) -> Iterator[Shown]:
    """Показывает демонстрацию в настоящем окне терминала и ждёт, пока она представится."""
    window, inside = pty.openpty()
    program = [
        str(SCRIPTS / "ident-bitrix"),
        "demo",
        "--state",
        str(folder / "state"),
        "--port",
        str(free_port()),
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", IN_WINDOW, *program],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        cwd=folder,
        env=bare(folder),
        start_new_session=True,
    )
    os.close(inside)
    people: list[psutil.Process] = []
    try:
        said = _read_until(window, "Остановить — Ctrl+C")
        assert "Портал:" in said, said
        people = family(process.pid)
        yield Shown(process, window, people)
    finally:
        for one in people or family(process.pid):
            if one.is_running():
                one.kill()
        process.wait()


def _read_until(window: int, sign: str) -> str:
    said = b""
    while sign.encode() not in said:
        try:
            said += os.read(window, 65536)
        except OSError:  # окно закрыл сам процесс
            break
    return said.decode("utf-8", errors="replace")


ENDS = [Shown.close_window, Shown.terminate, Shown.hang_up_twice]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_nothing_of_the_demo_outlives_it(tmp_path: Path, end: Callable[[Shown], None]) -> None:
    with demo(tmp_path) as shown:
        # Flower, исполнитель, расписание, страница наблюдения и Redis.
        assert len(shown.people) >= 6
        end(shown)
        assert shown.process.wait(timeout=60) in (0, 130)  # 130 — ещё представляясь
        _, left = psutil.wait_procs(shown.people, timeout=5)
    assert [one.pid for one in left] == []


def test_second_demo_in_the_same_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    with demo(tmp_path) as shown:
        settings = (tmp_path / "state" / "settings.toml").read_bytes()
        for keys in (["--once"], ["--fresh"]):
            again = subprocess.run(
                [SCRIPTS / "ident-bitrix", "demo", "--state", "state", *keys],
                cwd=tmp_path,
                env=bare(tmp_path),
                capture_output=True,
                encoding="utf-8",
                timeout=60,
                check=False,
            )
            assert again.returncode == 2
            assert "--state state-2" in again.stderr
        assert (tmp_path / "state" / "settings.toml").read_bytes() == settings
        assert shown.process.poll() is None
        assert all(one.is_running() for one in shown.people)
