"""Нижняя граница: быстрее портал не позволит никому.

Считается из правил портала: предел частоты, 50 команд в запросе; поиски, которые портал принимает вместе,
поделены — список отдаёт страницу в 50 строк, findbycomm берёт 20 телефонов. Больше всего этого не обойти:
на новый приём — контакт и сделка, на изменение — запись.
"""

from dataclasses import dataclass
from math import ceil

COMMANDS = 50
#: Ключей в одной команде: строк на странице списка и телефонов у findbycomm.
KEYS, PHONES = 50, 20


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


def new_calls(receptions: int, phones: int | None = None, leads: int = 0) -> tuple[int, int]:
    """Возвращает чтения и записи новых приёмов: у стольких телефонов, из них со столькими ждущими лидами.

    Ищутся сделки, контакты и лиды; пишутся контакты, сделки, а лид — дважды: привязать и перевести.
    """
    phones = receptions if phones is None else phones
    reads = ceil(receptions / KEYS) + 2 * ceil(phones / PHONES) + ceil(leads / KEYS)
    return reads, phones + receptions + 2 * leads


def changed_calls(receptions: int) -> tuple[int, int]:
    """Возвращает чтения и записи изменений."""
    return ceil(receptions / KEYS), receptions


def floor_of(reads: int, writes: int, pace: Pace) -> Floor:
    """Возвращает границу для работы из стольких чтений и записей.

    Запросы полны и смешаны поровну, уходят по одному на жетон и перекрываются; ждать остаётся последний.
    """
    requests = ceil((reads + writes) / COMMANDS)
    sending = max(0, requests - pace.burst) / pace.rate
    last = (reads * pace.read + writes * pace.write) / max(requests, 1)
    return Floor(sending + pace.latency + last, requests)
