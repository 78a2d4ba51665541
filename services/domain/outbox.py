"""Запись очереди отправки и память о ней: состояние, право отправить, сомнение (docs/at_least_once.md)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Unclear(StrEnum):
    """Что портал, может быть, ещё выполняет: создание можно увидеть готовым, запись — только переждать."""

    CONTACT = "contact"
    DEAL = "deal"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Неясный исход прежней попытки: что послано и до какого времени портал мог бы это доделывать."""

    what: Unclear
    until: datetime
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Право отправить запись — единственный её замок: версия, счёт попыток и потерянных аренд, сомнение."""

    uid: str
    version: int
    attempts: int
    token: str
    losses: int = 0
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """Чем держится пишущий запрос: взятая запись и, если создаётся контакт, имя замка телефона.

    Клиент портала разрешения не разбирает, а перед самым запросом спрашивает, в силе ли оно: между решением и
    отправкой процесс мог проспать аренду (сон компьютера, заморозка), и запись отправил бы уже второй.
    """

    claim: Claim
    phone: str = ""


#: Отвечает о разрешениях всех записей одного запроса разом и продлевает их; сбой Redis — StoreError: никто не
#: пишет.
Permits = Callable[[Sequence[Permit]], Sequence[bool]]


def allow_all(permits: Sequence[Permit]) -> Sequence[bool]:
    """Разрешает всё: для программы, где записей очереди нет, а пишет человек."""
    return [True] * len(permits)


class EntryState(StrEnum):
    """Состояния записи очереди отправки (docs/at_least_once.md)."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    RETRY = "retry"
    DOUBT = "doubt"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """Запись очереди, как её видит администратор; людей в ней нет."""

    uid: str
    state: EntryState
    attempts: int
    version: int
    queued_at: datetime
    due_at: datetime
    reason: str
    message: str
    revived: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """Что о записи уже решено: отпечаток обработанного состояния и номер сделки (None — своей сделки нет).

    Пустой отпечаток — на портале неизвестно что: запись начата и не закончена или сделка исчезла.
    """

    fingerprint: str
    deal_id: int | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Отклонённая запись: код причины и что исправить в Ident (без людей)."""

    uid: str
    reason: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """Загрузка прошлого: приёмы с началом в [since, until); прочитано до номера ``after_id``.

    Времена — в поясе базы; ``total`` — сколько приёмов в промежутке.
    """

    since: datetime
    until: datetime
    after_id: int = 0
    read: int = 0
    queued: int = 0
    total: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Halt:
    """Остановка или пауза отправки: код причины, текст для человека и время."""

    reason: str
    message: str
    at: datetime
