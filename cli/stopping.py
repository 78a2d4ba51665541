"""Остановка команды, которая работает до сигнала: Ctrl+C, служба или окно просят кончить."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Выдаёт событие, которое наступит с сигналом; слушать их может только главный поток.

    Ждать его надо по частям: на Windows ожидание без срока сигналом не прерывается.
    """
    stopped = threading.Event()
    former = {sign: signal.signal(sign, lambda *_: stopped.set()) for sign in _known()}
    try:
        yield stopped
    finally:
        for sign, handler in former.items():
            signal.signal(sign, handler)


def _known() -> list[signal.Signals]:
    if threading.current_thread() is not threading.main_thread():
        return []
    return [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
