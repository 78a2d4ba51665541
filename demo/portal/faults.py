"""Поломки по заказу: потерянные ответы, обрывы, отказы, задержки."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class FaultKind(StrEnum):
    """Вид поломки. «После» значит: команды выполнены, но клиент об этом не узнал."""

    LOST_ANSWER = "lost_answer"
    """Выполнить и оборвать соединение без ответа."""
    RESET = "reset"
    """Оборвать соединение до выполнения."""
    INTERNAL_ERROR = "internal_error"
    """500 INTERNAL_SERVER_ERROR до выполнения."""
    INTERNAL_ERROR_AFTER = "internal_error_after"
    """500 INTERNAL_SERVER_ERROR после выполнения."""
    EMPTY_503 = "empty_503"
    """503 без причины и тела."""
    HTML = "html"
    """502 со страницей прокси до выполнения."""
    HTML_AFTER = "html_after"
    """200 со страницей вместо JSON после выполнения."""
    TRUNCATED = "truncated"
    """Половина JSON после выполнения."""
    OVERLOAD = "overload"
    """503 OVERLOAD_LIMIT: REST закрыт вручную."""
    UNAUTHORIZED = "unauthorized"
    """401 NO_AUTH_FOUND: вебхук отозван."""
    QUERY_LIMIT = "query_limit"
    """503 QUERY_LIMIT_EXCEEDED."""
    OPERATION_LIMIT = "operation_limit"
    """429 OPERATION_TIME_LIMIT."""
    LATE = "late"
    """Оборвать соединение сразу, а выполнить через delay_ms: ответ потерян, запрос ещё живёт."""
    DELAY = "delay"
    """Ответить позже на delay_ms."""
    HANG = "hang"
    """Выполнить и молчать delay_ms, потом оборвать."""
    COMMAND_ERROR = "command_error"
    """Отказать одной команде (и внутри batch) с кодом code."""
    REFUSAL = "refusal"
    """Отказать запросу целиком, пакету тоже, с кодом code до выполнения (о 400 на списки без перемен в правах
    пишут в github.com/leshchenko1979/fast_bitrix24/issues/213)."""
    RESULT = "result"
    """Выполнить команду (и внутри batch), а ответить result = value: удачный, но пустой ответ облака описан в
    github.com/leshchenko1979/fast_bitrix24/pull/145."""
    DRIP = "drip"
    """Выполнить и отвечать по байту раз в delay_ms."""
    HUGE = "huge"
    """Выполнить и ответить сотнями мегабайт."""
    NESTED = "nested"
    """Выполнить и ответить JSON, вложенным сто тысяч раз."""


REFUSALS = {
    FaultKind.INTERNAL_ERROR: "INTERNAL_SERVER_ERROR",
    FaultKind.INTERNAL_ERROR_AFTER: "INTERNAL_SERVER_ERROR",
    FaultKind.OVERLOAD: "OVERLOAD_LIMIT",
    FaultKind.UNAUTHORIZED: "NO_AUTH_FOUND",
    FaultKind.QUERY_LIMIT: "QUERY_LIMIT_EXCEEDED",
    FaultKind.OPERATION_LIMIT: "OPERATION_TIME_LIMIT",
}
AFTER = {
    FaultKind.LOST_ANSWER,
    FaultKind.INTERNAL_ERROR_AFTER,
    FaultKind.HTML_AFTER,
    FaultKind.TRUNCATED,
    FaultKind.HANG,
    FaultKind.DELAY,
    FaultKind.DRIP,
    FaultKind.HUGE,
    FaultKind.NESTED,
}
#: Поломки одной команды: до выполнения и после; прочие — всего запроса.
OF_COMMAND = {FaultKind.COMMAND_ERROR, FaultKind.RESULT}


@dataclass(frozen=True)
class Fault:
    """Поломка: какие методы, сколько раз (None — всегда), с какой вероятностью.

    Методы — образцы вида ``crm.deal.*``; запрос batch подходит, если подходит любая его команда.
    ``skip`` первых подходящих запросов проходят невредимыми.
    """

    kind: FaultKind
    methods: tuple[str, ...] = ("*",)
    times: int | None = 1
    probability: float = 1.0
    skip: int = 0
    delay_ms: float = 0.0
    code: str = "ERROR_CORE"
    description: str = "Поломка по заказу"
    value: Any = None


def fault_from_json(raw: dict[str, Any]) -> Fault:
    """Возвращает поломку из тела управляющего запроса."""
    fields = {**raw, "kind": FaultKind(raw["kind"]), "methods": tuple(raw.get("methods") or ("*",))}
    return Fault(**fields)


@dataclass
class Faults:
    """Очередь заказанных поломок; случай повторяем благодаря ``seed``."""

    seed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _active: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def add(self, *faults: Fault) -> None:
        """Заказывает поломки."""
        with self._lock:
            self._active += faults

    def clear(self) -> None:
        """Отменяет все поломки."""
        with self._lock:
            self._active.clear()

    def listed(self) -> list[dict[str, Any]]:
        """Возвращает ожидающие поломки."""
        with self._lock:
            return [asdict(fault) for fault in self._active]

    def for_request(self, methods: Iterable[str]) -> Fault | None:
        """Забирает поломку для запроса с такими методами."""
        return self._take([*methods], set(FaultKind) - OF_COMMAND)

    def for_command(self, method: str) -> Fault | None:
        """Забирает отказ для одной команды."""
        return self._take([method], {FaultKind.COMMAND_ERROR})

    def for_result(self, method: str) -> Fault | None:
        """Забирает чужой ответ для одной выполненной команды."""
        return self._take([method], {FaultKind.RESULT})

    def _take(self, methods: list[str], kinds: set[FaultKind]) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._active):
                if fault.kind in kinds and _suits(fault, methods) and self._fires(index):
                    return fault
            return None

    def _fires(self, index: int) -> bool:
        fault = self._active[index]
        if fault.skip > 0:
            self._active[index] = replace(fault, skip=fault.skip - 1)
            return False
        if self._random.random() >= fault.probability:
            return False
        if fault.times is not None:
            self._active[index] = replace(fault, times=fault.times - 1)
            self._active = [item for item in self._active if item.times is None or item.times > 0]
        return True


def _suits(fault: Fault, methods: list[str]) -> bool:
    return any(fnmatchcase(method, pattern) for method in methods for pattern in fault.methods)
