"""Расписание по монотонным часам: перевод времени, второй экземпляр и простой ничего не множат.

Обычное расписание Celery помнит время последнего запуска по часам компьютера и в файле: часы, переведённые
назад на час, молчали бы час, а испорченный файл или полный диск остановили бы всё. Здесь помнить нечего:
при запуске срок у каждой строки уже пришёл, дальше его отмеряют монотонные часы, пропущенное не догоняют.
"""

import logging
import time
from functools import cached_property
from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from config.loader import load_settings
from services.domain.errors import StoreError
from services.store.connection import open_redis
from services.store.keys import Keys
from services.store.ticks import RedisTicks
from tasks.tickets import TICK, TICKET

log = logging.getLogger("ident.beat")

RETRY_SECONDS = 2.0
FAILURES = (Exception,)


class Heartbeat:
    """Когда расписание тикало в последний раз; None — в этом процессе расписания нет."""

    def __init__(self) -> None:
        self.at: float | None = None

    def age(self) -> float | None:
        return None if self.at is None else time.monotonic() - self.at


heartbeat = Heartbeat()


class SteadyScheduler(Scheduler):
    """Расписание Celery: строка уходит, только получив талон на свой промежуток."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # Имя файла передаёт узел Celery: этому расписанию он не нужен.
        options.pop("schedule_filename", None)
        self._next: dict[str, float] = {}
        super().__init__(*args, **options)

    def setup_schedule(self) -> None:
        self.data: dict[str, ScheduleEntry] = {}
        self.schedule = self.data
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *_: Any, **__: Any) -> float:
        """Отправляет всё, чей срок пришёл; возвращает секунды до следующего."""
        heartbeat.at = time.monotonic()
        for name, entry in self.schedule.items():
            if time.monotonic() >= self._next.get(name, 0.0):
                self._next[name] = time.monotonic() + self._sent(entry)
        soonest = min(self._next.values(), default=time.monotonic() + self.max_interval)
        return float(min(max(soonest - time.monotonic(), 0.0), self.max_interval))

    def _sent(self, entry: ScheduleEntry) -> float:
        """Отправляет строку и возвращает секунды до её следующего срока; сбой — повтор вскоре."""
        every = entry.schedule.run_every
        try:
            self._send(entry, self._ticket(entry))
        except StoreError as error:
            log.warning("schedule_waits_for_redis entry=%s error=%s", entry.name, error)
            return RETRY_SECONDS
        except FAILURES as error:
            # Брокер недоступен: талон этого промежутка пропал, строка уйдёт в следующем.
            log.warning("schedule_not_sent entry=%s error=%s", entry.name, type(error).__name__)
        return float(every.total_seconds())

    def _ticket(self, entry: ScheduleEntry) -> str | None:
        return self._ticks.issue(entry.name, entry.schedule.run_every)

    @cached_property
    def _ticks(self) -> RedisTicks:
        """Своё соединение: службы процесса расписанию не нужны, а весят с моделями и сценариями мегабайты."""
        redis = load_settings().redis
        return RedisTicks(open_redis(redis), Keys(redis.prefix))

    def _send(self, entry: ScheduleEntry, ticket: str | None) -> None:
        if ticket is None:
            log.info("schedule_already_sent entry=%s", entry.name)
            return
        headers = {TICK: entry.name, TICKET: ticket}
        # Ответа никто не ждёт: иначе Celery подписывалась бы на него и отписывалась.
        options = {"headers": headers, "producer": self.producer, "ignore_result": True, **entry.options}
        self.app.send_task(entry.task, entry.args, **options)
