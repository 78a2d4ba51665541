"""Провод до портала: посредник TCP, который можно перерезать, заглушить или оборвать."""

import contextlib
import selectors
import socket
import threading
import time
from enum import StrEnum
from types import TracebackType
from typing import Self


class Wire(StrEnum):
    """Состояние провода."""

    WHOLE = "whole"
    CUT = "cut"
    """Соединение отвергается сразу: кабель вынут, маршрута нет."""
    MUTE = "mute"
    """Соединение принимается, но ничего не проходит: пакеты теряются."""


class Proxy:
    """Посредник между узлом и портом ``target``; считает соединения; вопрос идёт ``delay`` секунд."""

    def __init__(self, target: int, delay: float = 0.0) -> None:
        self._target, self.delay, self.state = target, delay, Wire.WHOLE
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self.now = self.most = self.total = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def set(self, state: Wire) -> None:
        """Меняет состояние провода; перерезанный рвёт и то, что уже соединено."""
        self.state = state
        if state is Wire.CUT:
            self.drop()

    def drop(self) -> None:
        """Рвёт все соединения."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.state is Wire.CUT:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            client.close()
            return
        pair = client, server
        with self._lock:
            self._pairs.add(pair)
            self.now, self.total = self.now + 1, self.total + 1
            self.most = max(self.most, self.now)
        try:
            self._pump(client, server)
        finally:
            with self._lock:
                self._pairs.discard(pair)
                self.now -= 1
            client.close()
            server.close()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select(timeout=0.5):
                    try:
                        data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                        if not data:
                            return
                        if self.state is not Wire.MUTE:
                            time.sleep(self.delay if key.fileobj is client else 0)
                            key.data.sendall(data)
                    except OSError:
                        return
