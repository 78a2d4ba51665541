"""Лента: договор вида записей и всё, чем пользуются сценарии (docs/architecture.md, «Путь приёма»).

Приём, снимок планов и добавленная сущность — три исполнения одного договора ``Feed``. Остальное — выборка,
приёмка, отправка, сверка — одно на всех и о видах не знает.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from services.domain.cursor import ChangePage
from services.domain.errors import RetriableError
from services.domain.fingerprint import failed_mark, is_settled
from services.domain.judgement import Ready, Rules, Verdict
from services.domain.keys import RecordKey
from services.domain.outbox import Claim, Link, Permit
from services.ports import Clock, Journal

if TYPE_CHECKING:
    from config.models import Settings
    from services.domain.cursor import ChangePoint
    from services.store.bundle import Store
    from services.store.keeper import Keeper


#: Кому нужна подсказка (сообщение Celery) и ждут ли его сегодня: ``hints[ключ]``.
Hints = Mapping[str, bool]


class Outcome(StrEnum):
    """Чем кончилась отправка."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    FOREIGN = "foreign"
    FAILED = "failed"
    HALTED = "halted"
    NOT_DUE = "not_due"


class Busy(RetriableError):
    """Телефон держит другой: повторить чуть позже, попытку не считать."""

    attempted = False


class InDoubt(RetriableError):
    """Исход прежней попытки ещё неясен: посмотреть позже, попытку не считать."""

    attempted = False


class PortalRests(RetriableError):
    """Предохранитель открыт: портал пробует другой."""

    attempted = False


@dataclass(frozen=True, slots=True)
class Work:
    """Общее всех сценариев: состояние, взятое этим процессом, журнал, часы и настройки.

    ``waited`` — сколько секунд этот поток всего прождал очереди к порталу.
    """

    store: Store
    keeper: Keeper
    journal: Journal
    clock: Clock
    settings: Settings
    waited: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Attempt:
    """Одна попытка: что и под каким ключом берём, чем держимся и что помним."""

    key: RecordKey
    claim: Claim
    ready: Ready[Any]
    link: Link | None

    @property
    def uid(self) -> str:
        """Возвращает ключ, под которым запись видят люди."""
        return self.claim.uid

    @property
    def permit(self) -> Permit:
        """Возвращает разрешение на запись, пока контакт не создаётся."""
        return Permit(self.claim)

    @property
    def known_deal(self) -> int | None:
        """Возвращает сделку, если о ней известно всё: прошлая запись не прервалась на полпути."""
        settled = self.link is not None and is_settled(self.link.fingerprint)
        return self.link.deal_id if self.link is not None and settled else None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Доставлено: чем кончилось и какая у записи сделка (у снимка планов своей нет)."""

    outcome: Outcome
    deal_id: int | None = None


class Feed(Protocol):
    """Вид записей филиала: откуда изменения, как прочесть, что должно быть на портале и как доставить."""

    @property
    def rules(self) -> Rules:
        """Возвращает правила филиала."""

    @property
    def name(self) -> str:
        """Возвращает имя ленты: под ним лежат курсор, замок и отметки."""

    @property
    def letter(self) -> str:
        """Возвращает букву ключа записей."""

    @property
    def counted(self) -> str:
        """Возвращает приставку счётчиков: среди приёмов чужим записям не место."""

    def now(self) -> datetime:
        """Возвращает время сервера базы."""

    def changed(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 изменений строго после точки."""

    def planned(self, since: datetime, until: datetime, after: int) -> Sequence[int]:
        """Возвращает до 50 номеров из окна сверки, больших ``after``; сверять нечего — пусто."""

    def read(self, numbers: Sequence[int]) -> Mapping[int, Any]:
        """Возвращает строки по номерам (до 50); отсутствующих нет."""

    def judge(self, number: int, row: Any, now: datetime) -> Verdict:
        """Решает, что делать с записью; чистое правило."""

    def existing(self, numbers: Sequence[int]) -> Collection[int]:
        """Возвращает, какие из записей (до 50) ещё есть в базе; проверять нечего — все."""

    def cancel(self, claim: Claim, deal_id: int) -> None:
        """Отменяет сделку записи, которой больше нет в базе (постановление 32)."""

    def strayed(self, linked: Mapping[int, Link]) -> Mapping[int, Link]:
        """Возвращает, что помнить о записях, чьих сделок больше нет или чей ключ стёрт (20 и 35)."""

    def deliver(self, attempt: Attempt) -> Delivered:
        """Приводит портал к состоянию записи; повтор в любом месте безвреден."""


@contextmanager
def reading() -> Iterator[None]:
    """Отмечает, что у портала только спрашивали: сорвалось — доделывать ему нечего, и сомнения нет."""
    try:
        yield
    except RetriableError as error:
        error.unclear = False
        raise


def uid_of(feed: Feed, number: int) -> str:
    return str(RecordKey(feed.rules.number, feed.letter, number))


def is_stale(link: Link | None, fingerprint: str) -> bool:
    """Отвечает, отстал ли портал от записи; отказанное порталом состояние ждёт человека или перемены."""
    return link is None or link.fingerprint not in (fingerprint, failed_mark(fingerprint))
