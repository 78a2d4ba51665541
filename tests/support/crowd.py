"""Толпа: держит у сервера столько молчащих соединений, сколько сказано; закрытые открывает снова.

Отдельным процессом: ``python -m tests.support.crowd ПОРТ ЧИСЛО АДРЕСОВ``. Каждое второе соединение начинает
запрос или рукопожатие TLS и не кончает его.
"""

import contextlib
import itertools
import selectors
import socket
import sys
import time
from collections.abc import Iterator

#: Сколько новых соединений в секунду открывает толпа.
RATE = 400
BEGINNINGS = (b"", b"\x16\x03\x01\x02\x00\x01\x00", b"", b"POST /requeue HTTP/1.1\r\nhost: localhost\r\n")


def crowd(port: int, count: int, addresses: int) -> None:
    """Работает, пока не остановят."""
    selector, sources = selectors.DefaultSelector(), itertools.cycle(range(2, 2 + addresses))
    beginnings: Iterator[bytes] = itertools.cycle(BEGINNINGS)
    while True:
        for _ in range(min(RATE // 10, count - len(selector.get_map()))):
            with contextlib.suppress(OSError):
                opened = socket.create_connection(("127.0.0.1", port), 1, (f"127.0.0.{next(sources)}", 0))
                opened.sendall(next(beginnings))
                opened.setblocking(False)
                selector.register(opened, selectors.EVENT_READ)
        for key, _ in selector.select(0):
            with contextlib.suppress(BlockingIOError):
                if _ended(key.fileobj):
                    selector.unregister(key.fileobj)
        print(len(selector.get_map()), flush=True)
        time.sleep(0.1)


def _ended(opened: object) -> bool:
    assert isinstance(opened, socket.socket)
    try:
        ended = opened.recv(4096) == b""
    except ConnectionError:
        ended = True
    if ended:
        opened.close()
    return ended


if __name__ == "__main__":
    crowd(*map(int, sys.argv[1:]))
