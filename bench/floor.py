"""Нижняя граница: быстрее портал не позволит никому (предел частоты и 50 команд в запросе)."""

from dataclasses import dataclass
from math import ceil

COMMANDS = 50


@dataclass(frozen=True, slots=True)
class Pace:
    """Портал замера: задержка запроса и время команд в секундах, запросов в секунду и запас."""

    latency: float
    read: float
    write: float
    rate: float
    burst: int


@dataclass(frozen=True, slots=True)
class Floor:
    """Граница: секунды и запросы."""

    seconds: float
    requests: int


def floor_of(reads: int, writes: int, pace: Pace) -> Floor:
    """Возвращает границу для работы из стольких чтений и записей.

    Запросы полны и смешаны поровну, уходят по одному на жетон и перекрываются; ждать остаётся последний.
    """
    requests = ceil((reads + writes) / COMMANDS)
    sending = max(0, requests - pace.burst) / pace.rate
    last = (reads * pace.read + writes * pace.write) / max(requests, 1)
    return Floor(sending + pace.latency + last, requests)
