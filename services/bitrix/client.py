"""Клиент REST портала, который сам собирает вызовы в пакеты (ADR 0004, 0007).

Заказчик отдаёт группу вызовов и ждёт. Пока предел заставляет ждать, группы копятся; первый из ждущих
занимает срок у предела, забирает из очереди свою группу и сколько ещё поместится и отправляет — сам, без
служебных потоков. Отправка идёт уже вне очереди, поэтому запросы перекрываются: долгий пакет не держит
следующий.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from services.bitrix.batching import BatchSize, Group
from services.bitrix.calls import Answer, Call
from services.bitrix.limiter import RateLimiter, RedisRateLimiter, limiter_key
from services.bitrix.operating import OperatingGate
from services.bitrix.packing import PageFull, Slot, lay_out, pack
from services.bitrix.responses import (
    AMBIGUITY_SECONDS,
    AmbiguousAnswer,
    AnswerLost,
    OperationTimeLimit,
    PortalUnreachable,
    QueryLimitExceeded,
    as_map,
    coded_error,
    error_for,
)
from services.bitrix.transport import HttpTransport, Reply, Transport
from services.domain.errors import GripLost, SyncError, Withdrawn
from services.ports import write_guard

if TYPE_CHECKING:
    from redis import Redis

    from config.models import PortalSettings

#: Сколько раз читающую группу посылают снова после обрыва и сколько раз ждут после «слишком часто».
RESENDS, REFUSALS = 2, 5
REFUSAL_PAUSE = 2.0
#: Между вопросом сторожу и запросом проходят миллисекунды; дольше — процесс спал, ответ сторожа устарел.
DROWSY_SECONDS = 1.0


@dataclass(slots=True)
class Traffic:
    """Счётчики клиента: запросы, команды, отказы по частоте, секунды ожидания предела."""

    requests: int = 0
    commands: int = 0
    refused: int = 0
    waited: float = 0.0


class BitrixClient:
    """Потокобезопасный клиент одного портала."""

    def __init__(
        self,
        transport: Transport,
        limiter: RateLimiter,
        operating: OperatingGate,
        batch_size: int = 50,
        linger: float = 0.03,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._transport, self._limiter, self.operating = transport, limiter, operating
        self._size, self._linger, self._stopped = BatchSize(batch_size), linger, threading.Event()
        # Ждущего предела будит остановка: узел не засиживается из-за чужой очереди.
        self._sleep: Callable[[float], object] = sleep or self._stopped.wait
        self._waiting: deque[Group] = deque()
        self._changed = threading.Condition()
        self._leading = self._closed = False
        self._flying = 0
        self._sending = threading.local()
        self.traffic = Traffic()
        #: Кому рассказать об ответах: страница наблюдения считает запросы и помнит отказы.
        self.listener: Callable[[Sequence[Call], Sequence[Answer]], None] = lambda calls, answers: None

    def call(self, method: str, params: Mapping[str, object], repeatable: bool = True) -> Any:
        """Выполняет один вызов; ошибка портала поднимается."""
        return self.group([Call(method, params, repeatable)])[0].get()

    def group(self, calls: Sequence[Call]) -> list[Answer]:
        """Выполняет вызовы одним запросом по порядку; у каждого свой ответ или своя ошибка."""
        if not calls:
            return []
        for call in calls:
            self.operating.check(call.method)
        group = Group(calls, write_guard.get())
        with self._changed:
            if self._closed:
                raise Withdrawn("отправка остановлена: узел останавливается или меняет настройки")
            self._waiting.append(group)
        try:
            while self._becomes_leader(group):
                self._lead(group)
        except BaseException:
            # Первая в очереди группа без хозяина остановила бы всех.
            self._withdraw(group, PortalUnreachable("отправка прервана"))
            raise
        self.listener(calls, group.answers)
        return group.answers

    @property
    def waiting(self) -> int:
        """Возвращает, сколько групп ждёт отправки."""
        with self._changed:
            return len(self._waiting)

    def withdraw(self) -> None:
        """Отзывает всё, что ещё не ушло, и ничего нового не берёт; ушедшее доделается."""
        with self._changed:
            self._closed = True
            self._stopped.set()
            left, self._waiting = list(self._waiting), deque()
            self._finish(lambda: _fail(left, Withdrawn("отправка отозвана до запроса")))

    def drain(self, seconds: float) -> bool:
        """Ждёт ответов на ушедшее; False — не дождались."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._flying, seconds)

    def close(self) -> None:
        """Отзывает ждущих и закрывает соединения."""
        self.withdraw()
        self._transport.close()

    def _becomes_leader(self, group: Group) -> bool:
        """Ждёт ответа на группу или своей очереди отправлять; False — ответ есть.

        Ведёт тот, чья группа первая: уйдёт она сама, и занятый чужой отправкой никого не задержит.
        """
        with self._changed:
            while not group.done and (self._leading or not self._is_first(group)):
                self._changed.wait()
            self._leading = not group.done or self._leading
            return not group.done

    def _is_first(self, group: Group) -> bool:
        return bool(self._waiting) and self._waiting[0] is group

    def _lead(self, group: Group) -> None:
        """Занимает срок у предела, забирает ждущие группы, уступает очередь и отправляет."""
        taken: list[Group] = []
        try:
            self._wait(self._limiter.reserve() + self._linger)
            with self._changed:
                taken = pack(self._waiting, group, self._size.now())
                self._flying += bool(taken)
        except SyncError as error:
            self._withdraw(group, error)
        finally:
            with self._changed:
                self._leading = False
                self._changed.notify_all()
        if taken:
            try:
                self._send(taken)
            finally:
                self._finish(self._landed)

    def _landed(self) -> None:
        self._flying -= 1

    def _finish(self, action: Callable[[], None]) -> None:
        """Меняет судьбу групп и будит их заказчиков."""
        with self._changed:
            action()
            self._changed.notify_all()

    def _wait(self, seconds: float) -> None:
        self.traffic.waited += seconds
        self._sleep(seconds)

    def _withdraw(self, group: Group, error: SyncError) -> None:
        """Снимает с очереди группу, которой не досталось срока: нет общего счёта в Redis, поток прерван."""
        with self._changed:
            if group in self._waiting:
                self._waiting.remove(group)
            group.fail(error)
            self._changed.notify_all()

    def _send(self, groups: list[Group]) -> None:
        """Отправляет взятое; что бы ни случилось, ни один заказчик не останется ждать."""
        asked = _awake()
        if not (groups := [group for group in groups if self._may_leave(group)]):
            return
        self._sending.asked = asked if any(group.writes for group in groups) else None
        try:
            answers = self._exchange(groups)
        except (AmbiguousAnswer, AnswerLost, PortalUnreachable, QueryLimitExceeded) as error:
            self._finish(partial(self._resend, groups, error))
        except SyncError as error:
            self._finish(partial(_fail, groups, error))
        except BaseException:
            self._finish(partial(_fail, groups, AnswerLost("отправка прервана", AMBIGUITY_SECONDS)))
            raise
        else:
            self._finish(partial(_hand_out, groups, answers))

    def _may_leave(self, group: Group) -> bool:
        """Спрашивает сторожа группы в последний миг; без ответа Redis писать нельзя."""
        try:
            if group.may_leave():
                return True
            error: SyncError = GripLost("запись уже чужая: аренда кончилась до отправки")
        except SyncError as failure:
            error = failure
        self._finish(partial(group.fail, error))
        return False

    def _exchange(self, groups: Sequence[Group]) -> list[list[Answer]]:
        """Выполняет группы и возвращает ответы каждой."""
        first = groups[0]
        if first.alone:
            return [self._one_by_one(first)]
        if len(groups) == 1 and len(first.calls) == 1:
            return [[self._plain(first.calls[0])]]
        return self._batch(groups)

    def _resend(self, groups: Sequence[Group], error: SyncError) -> None:
        """Возвращает в очередь то, что повторять безопасно; остальным отдаёт ошибку.

        Отказ по частоте пришёл до выполнения: повторять можно и создание.
        """
        refused = isinstance(error, QueryLimitExceeded)
        limit = REFUSALS if refused else RESENDS
        again = []
        for group in groups:
            group.resends += 1
            safe = refused or (group.repeatable and not isinstance(error, PortalUnreachable))
            if safe and group.resends <= limit and not self._closed:
                again.append(group)
            else:
                group.fail(error)
        self._waiting.extendleft(reversed(again))

    def _plain(self, call: Call) -> Answer:
        """Выполняет вызов обычным запросом; временные отказы поднимает, отказ вызову возвращает."""
        reply = self._post(call.method, dict(call.params), 1)
        error = error_for(reply.status, reply.body, call.method)
        if error is None:
            self.operating.note(call.method, as_map(reply.body.get("time")))
            return Answer(reply.body["result"])
        if isinstance(error, (AmbiguousAnswer, QueryLimitExceeded)):
            self._slow_down(error)
            raise error
        return Answer(error=self._timed(error, call.method))

    def _one_by_one(self, group: Group, reserved: bool = True) -> list[Answer]:
        """Выполняет группу отдельными вызовами; ``reserved`` — срок первого уже занят."""
        return [self._step(call, reserved and not index) for index, call in enumerate(group.calls)]

    def _step(self, call: Call, reserved: bool) -> Answer:
        """Выполняет вызов группы; отказ по частоте пришёл до выполнения — вызов повторяется."""
        try:
            for _ in range(REFUSALS):
                if not reserved:
                    self._wait(self._limiter.reserve())
                reserved = False
                with suppress(QueryLimitExceeded):
                    return self._plain(call)
            return Answer(error=QueryLimitExceeded("портал просит слать реже"))
        except SyncError as error:
            return Answer(error=error)

    def _batch(self, groups: Sequence[Group]) -> list[list[Answer]]:
        layout = lay_out(groups)
        started = time.monotonic()
        reply = self._post("batch", {"halt": 0, "cmd": layout.commands}, len(layout.commands))
        error = error_for(reply.status, reply.body, "batch")
        if error is not None:
            self._slow_down(error)
            raise error
        self._size.took(len(layout.commands), time.monotonic() - started)
        result = as_map(reply.body["result"])
        return [self._answers(result, layout.slots[number], group) for number, group in enumerate(groups)]

    def _answers(self, result: Mapping[str, Any], slots: Sequence[Slot], group: Group) -> list[Answer]:
        """Достаёт ответы группы; склеенный поиск, не поместившийся в страницу, повторяется по одному."""
        found = [self._answer(result, slot.key, call) for slot, call in zip(slots, group.calls, strict=True)]
        try:
            return [slot.share(answer) for slot, answer in zip(slots, found, strict=True)]
        except PageFull:
            return self._one_by_one(group, reserved=False)

    def _answer(self, result: Mapping[str, Any], key: str, call: Call) -> Answer:
        """Достаёт ответ команды из пакета: значение, свою ошибку или пропажу."""
        self.operating.note(call.method, as_map(as_map(result.get("result_time")).get(key)))
        failures, values = as_map(result.get("result_error")), as_map(result.get("result"))
        if key in failures:
            failure = as_map(failures[key])
            code, text = str(failure.get("error", "")), str(failure.get("error_description") or "")
            return Answer(error=self._timed(coded_error(code, text, 0, call.method), call.method))
        if key in values:
            return Answer(values[key])
        return Answer(error=AmbiguousAnswer(f"{call.method}: в пакете нет ответа", AMBIGUITY_SECONDS))

    def _timed(self, error: SyncError, method: str) -> SyncError:
        if isinstance(error, OperationTimeLimit):
            return OperationTimeLimit(error.message, self.operating.refused(method))
        return error

    def _slow_down(self, error: SyncError) -> None:
        if isinstance(error, QueryLimitExceeded):
            self.traffic.refused += 1
            self._limiter.freeze(REFUSAL_PAUSE)

    def _still_awake(self) -> None:
        """Не отправляет запись, если процесс проспал время между вопросом сторожу и запросом."""
        asked, self._sending.asked = getattr(self._sending, "asked", None), None
        if asked is not None and _awake() - asked > DROWSY_SECONDS:
            raise GripLost("запись уже чужая: процесс спал перед отправкой")

    def _post(self, method: str, body: Mapping[str, object], commands: int) -> Reply:
        self._still_awake()
        self.traffic.requests += 1
        self.traffic.commands += commands
        return self._transport.post(method, body)


def _awake() -> float:
    """Возвращает часы, которые идут и во сне компьютера (на Linux монотонные стоят)."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def _fail(groups: Sequence[Group], error: SyncError) -> None:
    for group in groups:
        group.fail(error)


def _hand_out(groups: Sequence[Group], answers: Sequence[Sequence[Answer]]) -> None:
    for group, own in zip(groups, answers, strict=True):
        group.finish(own)


def open_client(settings: PortalSettings, redis: Redis, prefix: str) -> BitrixClient:
    """Собирает клиент по настройкам; предел общий для всех процессов на этом Redis."""
    webhook = settings.webhook.get_secret_value()
    return BitrixClient(
        HttpTransport(webhook, settings.connect_timeout, settings.read_timeout, settings.ca_file),
        open_limiter(settings, redis, prefix),
        OperatingGate(settings.operating_limit),
        settings.batch_size,
        settings.linger,
    )


def open_limiter(settings: PortalSettings, redis: Redis, prefix: str) -> RedisRateLimiter:
    """Собирает предел запросов портала: один на вебхук и на токены сотрудников."""
    key = limiter_key(prefix, urlsplit(settings.webhook.get_secret_value()).netloc)
    return RedisRateLimiter(redis, key, settings.requests_per_second, settings.burst)
