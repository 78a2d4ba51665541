"""Манеры демонстрации: в одной папке она одна, а уходя, останавливает всё, что запустила."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


class Occupied(Exception):
    """В этой папке уже идёт демонстрация."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Занимает папку до конца демонстрации; занята другой — Occupied.

    Вторая переписала бы настройки первой, и та слала бы приёмы на чужой портал. Замок снимает сама система,
    как бы процесс ни кончился; лежит он рядом с папкой: ``--fresh`` её стирает.
    """
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with folder.absolute().with_name(f"{folder.name}.lock").open("ab") as file:
        if not _locked(file.fileno()):
            raise Occupied(
                f"В папке {folder} уже идёт демонстрация. Остановите её (Ctrl+C в её окне) "
                f"или назовите другую папку: python manage.py demo --state {folder}-2"
            )
        yield


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Приравнивает SIGTERM и закрытое окно (SIGHUP, на Windows — SIGBREAK) к Ctrl+C: дети не остаются."""
    names = [name for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    signs = [getattr(signal, name) for name in names]
    # Под nohup SIGHUP не слушают: закрытое окно демонстрации не касается.
    before = {sign: signal.getsignal(sign) for sign in signs if signal.getsignal(sign) != signal.SIG_IGN}
    # Сейчас: закрытое окно окном себя уже не назовёт.
    stop = _stopper([stream.fileno() for stream in (sys.stdout, sys.stderr) if stream.isatty()])
    for sign in before:
        signal.signal(sign, stop)
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _stopper(windows: Sequence[int]) -> Callable[[int, FrameType | None], None]:
    """Возвращает обработчик сигнала; ``windows`` — потоки, выведенные в окно."""

    def stop(sign: int, _frame: FrameType | None) -> None:
        if sys.platform != "win32":
            for repeated in (
                signal.SIGTERM,
                signal.SIGHUP,
            ):  # окно и оболочка шлют по одному
                signal.signal(repeated, signal.SIG_IGN)
            if sign == signal.SIGHUP:
                _fall_silent(windows)
        raise KeyboardInterrupt

    return stop


def _fall_silent(windows: Sequence[int]) -> None:
    """Отводит вывод в никуда: окна больше нет, и печать в него сорвала бы остановку."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for window in windows:
        os.dup2(nowhere, window)


def _locked(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
