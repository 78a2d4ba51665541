"""Терпение к соединениям: занявший место и не приславший запроса его освобождает.

uvicorn ждёт первого запроса сколько угодно, а мест на странице узла немного: их хватило бы занять молчанием.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """HTTP-соединение с пределом на приход запроса целиком."""

    patience = 10.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Начинает отсчёт до первого запроса."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Принимает байты; отсчёт кончается, когда запрос пришёл целиком."""
        super().data_received(data)
        if self._answers():
            self._stop()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Забывает отсчёт вместе с соединением."""
        self._stop()
        super().connection_lost(exc)

    def _answers(self) -> bool:
        """Отвечает, готовится ли ответ."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.patience, self._give_up)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self._answers():
            self.transport.abort()


def patient_for(seconds: float) -> type[PatientProtocol]:
    """Возвращает протокол с другим терпением."""
    return type("PatientProtocol", (PatientProtocol,), {"patience": seconds})
