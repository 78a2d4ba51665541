"""Клиент REST портала, который сам собирает вызовы в пакеты (ADR 0004, 0007).

Заказчик отдаёт группу вызовов и ждёт. Пока предел заставляет ждать, группы копятся; ведёт одна из ждущих:
занимает срок у предела, забирает из очереди себя и сколько ещё поместится, передаёт ведение следующей и
отправляет — сама, без служебных потоков. Отправка идёт уже вне очереди, поэтому запросы перекрываются:
долгий пакет не держит следующий. Сам запрос и разбор ответа — в exchange.py, укладка — в packing.py.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from services.bitrix.batching import Group
from services.bitrix.calls import Answer, Call, contains_mark
from services.bitrix.exchange import Endpoint, Exchange, awake
from services.bitrix.limiter import AheadOfQueue, RedisRateLimiter, limiter_key
from services.bitrix.operating import OperatingGate
from services.bitrix.packing import next_leader, pack
from services.bitrix.responses import (
    AMBIGUITY_SECONDS,
    AmbiguousAnswer,
    AnswerLost,
    PortalUnreachable,
    QueryLimitExceeded,
)
from services.bitrix.transport import HttpTransport, open_transport
from services.domain.budget import Budget
from services.domain.errors import GripLost, SkippableError, SyncError, Withdrawn
from services.domain.outbox import Permit, Permits

if TYPE_CHECKING:
    from redis import Redis

    from config.models import PortalSettings

#: Сколько раз читающую группу посылают снова после обрыва и сколько раз ждут после «слишком часто».
RESENDS, REFUSALS = 2, 5
#: Пока попутчики прибывают, их ждут, но не дольше этой доли промежутка между запросами.
GATHERING = 0.8
#: Вопрос человека: запас запросов (пополняется четвертью предела) и сколько секунд ждать связи и ответа.
READER_BUDGET, READER_TIMEOUTS = 10, (3.0, 6.0)


@dataclass(frozen=True, slots=True)
class Timing:
    """Время клиента: сколько ждать попутчика, часы и сон (None — сон, который прерывает остановка).

    ``permit_seconds`` — сколько верят разрешению сторожа, считая от вопроса: аренда продлена не раньше него,
    и её хватает, чтобы портал доделал запрос. Счёт от ответа пропускал процесс, уснувший над ответом.
    """

    linger: float = 0.03
    now: Callable[[], float] = awake
    sleep: Callable[[float], object] | None = None
    permit_seconds: float = 35.0


class Waits(threading.local):
    """Сколько всего прождал своей очереди каждый поток."""

    seconds = 0.0


class BitrixClient:
    """Потокобезопасный клиент одного портала; ``permits`` отвечает, чьи записи ещё вправе уйти."""

    def __init__(
        self, endpoint: Endpoint, permits: Permits, batch_size: int = 50, timing: Timing | None = None
    ) -> None:
        self._endpoint, self._permits, timing = endpoint, permits, timing or Timing()
        self._exchange = Exchange(endpoint, batch_size, timing.now, timing.permit_seconds)
        self._stopped, self._linger, self._now = threading.Event(), timing.linger, timing.now
        # Ждущего предела будит остановка: узел не засиживается из-за чужой очереди.
        self._sleep: Callable[[float], object] = timing.sleep or self._stopped.wait
        self._lock = threading.Lock()
        self._landed = threading.Condition(self._lock)
        self._waiting: deque[Group] = deque()
        self._leader: Group | None = None
        self._flying: set[Group] = set()
        self._waits = Waits()
        self.operating, self.traffic = endpoint.operating, self._exchange.traffic
        #: Кому рассказать об ответах: страница наблюдения считает запросы и помнит отказы.
        self.listener: Callable[[Sequence[Call], Sequence[Answer]], None] = lambda calls, answers: None

    def call(
        self,
        method: str,
        params: Mapping[str, object],
        repeatable: bool = True,
        permit: Permit | None = None,
    ) -> Any:
        """Выполняет один вызов; ошибка портала поднимается."""
        return self.group([Call(method, params, repeatable)], permit)[0].get()

    def group(self, calls: Sequence[Call], permit: Permit | None = None) -> list[Answer]:
        """Выполняет вызовы одним запросом по порядку; у каждого свой ответ или своя ошибка."""
        for call in calls:
            self.operating.check(call.method)
        # Портал подставил бы чужой ответ в текст с «$result»: такие вызовы идут отдельными запросами.
        apart = any(contains_mark(call.params) for call in calls)
        groups = [Group([call], permit) for call in calls] if apart else [Group(calls, permit)]
        answers = [answer for group in groups if group.calls for answer in self._answered(group)]
        self.listener(calls, answers)
        return answers

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._waiting)

    def waited(self) -> float:
        """Возвращает, сколько секунд всего этот поток прождал предела и очереди к порталу."""
        return self._waits.seconds

    def withdraw(self) -> None:
        """Отзывает всё, что ещё не ушло, и ничего нового не берёт; ушедшее доделается."""
        with self._lock:
            self._stopped.set()
            while self._waiting:
                self._waiting.popleft().fail(Withdrawn("отправка отозвана до запроса"))

    def drain(self, seconds: float) -> bool:
        """Ждёт ответов на ушедшее; False — не дождались."""
        with self._landed:
            return self._landed.wait_for(lambda: not self._flying, seconds)

    def close(self) -> None:
        self.withdraw()
        self._endpoint.transport.close()

    def _answered(self, group: Group) -> list[Answer]:
        """Ставит группу в очередь и ведёт отправку, когда очередь доходит до неё."""
        with self._lock:
            if self._stopped.is_set():
                group.fail(Withdrawn("отправка остановлена: узел останавливается или меняет настройки"))
            else:
                self._line_up([group])
        try:
            while group.must_lead():
                self._lead(group)
        except BaseException:
            # Первая в очереди группа без хозяина остановила бы всех.
            self._leave(group, PortalUnreachable("отправка прервана"))
            raise
        finally:
            self._waits.seconds += group.waited
        return group.answers

    def _line_up(self, groups: Sequence[Group], first: bool = False) -> None:
        """Ставит группы в очередь; никто не ведёт — ведение принимает первая."""
        for group in groups:
            group.lined_up_at = self._now()
        if first:
            self._waiting.extendleft(reversed(groups))
        else:
            self._waiting.extend(groups)
        if self._leader is None:
            self._pass_on()

    def _pass_on(self) -> None:
        """Передаёт ведение одной из ждущих: занятый своей отправкой никого не задержит."""
        self._leader = next_leader(self._waiting)
        if self._leader is not None:
            self._leader.wake()

    def _lead(self, group: Group) -> None:
        """Занимает срок у предела, забирает ждущие группы, передаёт ведение и отправляет."""
        if not self._waited(group):
            return
        with self._lock:
            taken = pack(self._waiting, group, self._exchange.size.now(self._expected()))
            for one in taken:
                one.waited += self._now() - one.lined_up_at
            self._flying.update(taken)
            self._pass_on()
        try:
            self._send(taken)
        finally:
            with self._landed:
                self._flying.difference_update(taken)
                self._landed.notify_all()

    def _expected(self) -> int:
        """Возвращает, скольким ещё нужен запрос: ждущим и тем, чей заказчик с ответом придёт снова."""
        return len(self._waiting) + sum(group.returns for group in self._flying)

    def _waited(self, group: Group) -> bool:
        """Ждёт своего срока; False — общего счёта в Redis нет, группа ушла из очереди с ошибкой."""
        try:
            seconds = self._endpoint.limiter.reserve()
        except SyncError as error:
            self._leave(group, error)
            return False
        began = self._now()
        self._sleep(seconds)
        self._gather()
        self.traffic.waited += self._now() - began
        return True

    def _gather(self) -> None:
        """Ждёт попутчиков: одинокая группа — недолго, а пока прибывают новые — почти до следующего срока."""
        known, until = 0, self._now() + GATHERING * self._endpoint.interval
        while self._linger and (count := self.waiting) > known and self._now() < until:
            known = count
            self._sleep(self._linger)

    def _leave(self, group: Group, error: SyncError) -> None:
        with self._lock:
            with suppress(ValueError):
                self._waiting.remove(group)
            group.fail(error)
            if self._leader is group:
                self._pass_on()

    def _send(self, groups: Sequence[Group]) -> None:
        """Отправляет взятое; что бы ни случилось, ни один заказчик не останется ждать."""
        try:
            permitted_at = self._ask_permits([group for group in groups if group.permit is not None])
            groups = [group for group in groups if not group.done]
            if groups:
                started = self._now()
                answers = self._exchange.send(groups, permitted_at)
                _share_out(groups, self._now() - started)
                self._hand_out(groups, answers)
        except SyncError as error:
            self._resend(groups, error)
        except BaseException:
            for group in groups:
                group.fail(AnswerLost("отправка прервана", AMBIGUITY_SECONDS))
            raise

    def _ask_permits(self, writers: Sequence[Group]) -> float | None:
        """Спрашивает о правах всех записей разом, возвращает время вопроса; без ответа писать нельзя."""
        if not writers:
            return None
        asked_at = self._now()
        permits = list(dict.fromkeys(group.permit for group in writers if group.permit is not None))
        refusal: SyncError = GripLost("запись уже чужая: аренда кончилась до отправки")
        try:
            answers = self._permits(permits)
        except SyncError as error:
            refusal, answers = error, [False] * len(permits)
        allowed = dict(zip(permits, answers, strict=True))
        for group in writers:
            if group.permit is not None and not allowed[group.permit]:
                group.fail(refusal)
        return asked_at

    def _hand_out(self, groups: Sequence[Group], answers: Sequence[list[Answer] | None]) -> None:
        """Раздаёт ответы; склеенный поиск, не поместившийся в страницу, уйдёт снова, уже отдельно."""
        again = []
        for group, own in zip(groups, answers, strict=True):
            if own is None:
                group.part()
                again.append(group)
            else:
                group.finish(own)
        self._repeat(again, Withdrawn("отправка отозвана до повтора"))

    def _resend(self, groups: Sequence[Group], error: SyncError) -> None:
        """Возвращает в очередь то, что повторять безопасно; остальным отдаёт ошибку.

        Отказ запросу — не отказ его записям: он пришёл до выполнения, и пакет повторяется по половинам.
        Отказано только тому, кого портал отказался взять одного.
        """
        again, half = [], (len(groups) + 1) // 2
        for group in groups:
            if isinstance(error, SkippableError) and half < len(groups):
                group.company = half
                again.append(group)
            elif _may_repeat(group, error):
                again.append(group)
            else:
                group.fail(error)
        self._repeat(again, error)

    def _repeat(self, groups: Sequence[Group], error: SyncError) -> None:
        with self._lock:
            if not self._stopped.is_set():
                self._line_up(groups, first=True)
                return
        for group in groups:
            group.fail(error)


def _share_out(groups: Sequence[Group], seconds: float) -> None:
    """Зачитывает в ожидание время чужих команд: пакет отвечает весь сразу, а своя работа — доля своих."""
    whole = sum(len(group.calls) for group in groups)
    for group in groups:
        group.waited += seconds * (1 - len(group.calls) / whole)


def _may_repeat(group: Group, error: SyncError) -> bool:
    """Решает, послать ли группу снова.

    Отказ по частоте пришёл до выполнения: повторять можно и создание. Проспавший запрос не ушёл вовсе.
    """
    if isinstance(error, GripLost):
        return group.permit is None
    group.resends += 1
    if isinstance(error, QueryLimitExceeded):
        return group.resends <= REFUSALS
    return isinstance(error, (AmbiguousAnswer, AnswerLost)) and group.repeatable and group.resends <= RESENDS


def open_client(
    settings: PortalSettings, redis: Redis, prefix: str, permits: Permits, lease: timedelta
) -> BitrixClient:
    """Собирает клиент по настройкам; предел общий для всех процессов на этом Redis."""
    endpoint = Endpoint(
        open_transport(settings),
        open_limiter(settings, redis, prefix),
        OperatingGate(settings.operating_limit),
        1 / settings.requests_per_second,
    )
    timing = Timing(permit_seconds=permit_seconds(lease, settings.uncertainty))
    return BitrixClient(endpoint, permits, settings.batch_size, timing)


def open_reader(settings: PortalSettings, redis: Redis, prefix: str) -> BitrixClient:
    """Собирает клиент вопросов человека: читает вне очереди обмена, из своего запаса; писать ему не дано."""
    budget = Budget(READER_BUDGET, settings.requests_per_second / 4, time.monotonic)
    endpoint = Endpoint(
        HttpTransport(settings.webhook.get_secret_value(), *READER_TIMEOUTS, settings.ca_file),
        AheadOfQueue(open_limiter(settings, redis, prefix), budget),
        OperatingGate(settings.operating_limit),
    )
    return BitrixClient(endpoint, lambda permits: [False] * len(permits), timing=Timing(linger=0.0))


def permit_seconds(lease: timedelta, uncertainty: timedelta) -> float:
    """Возвращает, сколько секунд от вопроса сторожу запрос ещё вправе уйти: портал доделает его в аренду."""
    return max((lease - uncertainty).total_seconds(), lease.total_seconds() / 10)


def open_limiter(settings: PortalSettings, redis: Redis, prefix: str) -> RedisRateLimiter:
    """Собирает предел запросов портала: один на вебхук и на токены сотрудников."""
    key = limiter_key(prefix, urlsplit(settings.webhook.get_secret_value()).netloc)
    return RedisRateLimiter(redis, key, settings.requests_per_second, settings.burst)
