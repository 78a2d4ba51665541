"""Соединения страниц узла: сколько их всего и с одного адреса, сколько ждут запроса и сколько отвечают.

Мест немного: на Windows цикл событий слышит не больше 512 сокетов, на Linux у процесса тысяча файлов на всё.
Когда места кончились, уступает тот, кто дольше всех занимает место, ничего не спросив: сначала у того же
адреса, потом у самого настойчивого. Пришедшему с готовым вопросом молчуны не мешают, сколько бы их ни было.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("ident.web")

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


@dataclass(frozen=True, slots=True)
class Limits:
    """Пределы соединений: всего, с одного адреса; секунд на приход запроса целиком и на ответ.

    ``accepted`` — сколько соединений цикл принимает за один раз: настолько он может превысить ``total``, пока
    вытесненные закрываются.
    """

    total: int = 192
    by_address: int = 48
    patience: float = 10.0
    answer: float = 60.0
    accepted: int = 32


class Connection(socket.socket):
    """Принятое соединение; закрываясь, освобождает место."""

    busy, address, opened_at = False, "", 0.0
    owner: Connections | None = None
    transport: asyncio.Transport | None = None
    timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self.owner is not None:
            self.owner.forget(self)
        super().close()

    def abort(self) -> None:
        """Обрывает соединение, ничего не дожидаясь; цикл закроет его сам."""
        if self.transport is not None:
            self.transport.abort()
            return
        with contextlib.suppress(OSError):  # ещё здоровается по TLS или уже оборвано
            self.shutdown(socket.SHUT_RDWR)


class Connections:
    """Занятые места; ими ведает один поток — тот, где цикл событий."""

    def __init__(self, limits: Limits, trusted: Collection[str] = ()) -> None:
        self.limits = limits
        self._trusted = frozenset(trusted)
        self._open: dict[int, Connection] = {}

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection, address: str) -> bool:
        """Даёт место, потеснив молчунов; теснить некого — False."""
        neighbours = [one for one in self._open.values() if one.address == address]
        crowded = address not in self._trusted and len(neighbours) >= self.limits.by_address
        if crowded and not self._evict(neighbours):
            return False
        if len(self) >= self.limits.total and not self._evict(self._pushiest()):
            return False
        connection.address, connection.opened_at, connection.owner = address, time.monotonic(), self
        self._open[connection.fileno()] = connection
        self.waits(connection)
        return True

    def named(self, descriptor: int) -> Connection | None:
        """Возвращает соединение по его описателю; вытесненное — None."""
        return self._open.get(descriptor)

    def waits(self, connection: Connection) -> None:
        """Отсчитывает срок, за который запрос должен прийти целиком."""
        self._restart(connection, self.limits.patience)
        connection.busy = False

    def answers(self, connection: Connection) -> None:
        """Отсчитывает срок, за который ответ должен уйти целиком."""
        self._restart(connection, self.limits.answer)
        connection.busy = True

    def forget(self, connection: Connection) -> None:
        """Освобождает место; повторный вызов безвреден."""
        if connection.timer is not None:
            connection.timer.cancel()
        if self._open.get(connection.fileno()) is connection:
            del self._open[connection.fileno()]

    def abort(self) -> None:
        for connection in list(self._open.values()):
            connection.abort()

    def close(self) -> None:
        """Закрывает всё: цикл, которому соединения принадлежали, кончился."""
        for connection in list(self._open.values()):
            connection.close()

    def _restart(self, connection: Connection, seconds: float) -> None:
        if connection.timer is not None:
            connection.timer.cancel()
        loop = asyncio.get_running_loop()
        connection.timer = loop.call_later(seconds, self._give_up, connection)

    def _give_up(self, connection: Connection) -> None:
        self.forget(connection)
        connection.abort()

    def _evict(self, candidates: Iterable[Connection]) -> bool:
        """Вытесняет дольше всех молчащего; отвечающих не трогает."""
        idle = [one for one in candidates if not one.busy]
        if not idle:
            return False
        self._give_up(min(idle, key=lambda one: one.opened_at))
        return True

    def _pushiest(self) -> Iterable[Connection]:
        """Возвращает молчунов адреса, у которого их больше всего."""
        idle = [one for one in self._open.values() if not one.busy]
        most = Counter(one.address for one in idle).most_common(1)
        return [one for one in idle if one.address == most[0][0]] if most else []


class Listener(socket.socket):
    """Слушающий сокет, который не принимает лишних."""

    def __init__(self, connections: Connections, family: int, kind: int, proto: int) -> None:
        super().__init__(family, kind, proto)
        self._connections = connections
        # Запасной описатель: когда файлы кончились, на нём принимают и сразу закрывают, иначе цикл
        # просыпался бы от очереди тех, кого некуда принять.
        self._spare = os.open(os.devnull, os.O_RDONLY)

    def accept(self) -> tuple[socket.socket, Any]:
        """Принимает соединение; лишние закрывает сразу, BlockingIOError — принимать некого."""
        for _ in range(self._connections.limits.accepted):
            accepted, peer = self._taken()
            connection = Connection(self.family, self.type, self.proto, fileno=accepted.detach())
            if self._connections.admit(connection, str(peer[0])):
                return connection, peer
            connection.close()
        raise BlockingIOError

    def close(self) -> None:
        super().close()
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1

    def _taken(self) -> tuple[socket.socket, Any]:
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in EXHAUSTED or self._spare < 0:
                raise
        log.error("page_refuses_connections error=у процесса кончились файлы")
        os.close(self._spare)
        try:
            super().accept()[0].close()
        finally:
            self._spare = os.open(os.devnull, os.O_RDONLY)
        raise BlockingIOError


class TimedProtocol(H11Protocol):
    """HTTP-соединение, которое говорит, ждёт оно запроса (с телом целиком) или отвечает."""

    places: Connections

    def connection_made(self, transport: Any) -> None:
        """Узнаёт своё место; вытесненное за время рукопожатия TLS — обрывает."""
        super().connection_made(transport)
        self._place = self.places.named(transport.get_extra_info("socket").fileno())
        if self._place is None:
            transport.abort()
        else:
            self._place.transport = transport

    def data_received(self, data: bytes) -> None:
        """Принимает байты; пришёл запрос целиком — место занято ответом."""
        super().data_received(data)
        if self._place is not None and self._answers() and not self._place.busy:
            self.places.answers(self._place)

    def on_response_complete(self) -> None:
        """Отвечает следующему запросу того же соединения или ждёт его."""
        super().on_response_complete()
        if self._place is not None and not self.transport.is_closing():
            (self.places.answers if self._answers() else self.places.waits)(self._place)

    def _answers(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body


def protocol_for(connections: Connections) -> type[TimedProtocol]:
    """Возвращает протокол, чьи соединения занимают эти места."""
    return type("TimedProtocol", (TimedProtocol,), {"places": connections})
