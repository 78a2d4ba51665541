"""Подделки для клиента портала: связь по сценарию и предел, который проверка держит в руках."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from demo.portal.php import parse_query
from services.bitrix.client import BitrixClient, Timing
from services.bitrix.exchange import Endpoint
from services.bitrix.operating import OperatingGate
from services.bitrix.transport import Reply
from services.domain.errors import SyncError
from services.domain.outbox import Permit

PATIENCE = 30.0

Request = tuple[str, Mapping[str, Any]]
Turn = Reply | BaseException


def refusal(status: int, code: str, text: str = "") -> Reply:
    """Возвращает отказ портала."""
    return Reply(status, {"error": code, "error_description": text})


class FakeTransport:
    """Портал, который на каждый вызов отвечает его же параметрами, а на создание — параметром ``id``.

    ``script`` — что ответить вместо этого первым запросам; ``failures`` — отказы методам (и в пакете);
    ``meanwhile`` зовётся с номером запроса, пока он «в пути».
    """

    def __init__(self, *script: Turn) -> None:
        self.script, self.failures = deque(script), dict[str, Mapping[str, str]]()
        self.timing: Mapping[str, object] = {}
        self.requests: list[Request] = []
        self.meanwhile: Callable[[int], None] = lambda number: None
        self.closed = False
        self._lock = threading.Lock()

    @property
    def methods(self) -> list[str]:
        """Возвращает, какие запросы ушли."""
        return [method for method, _ in self.requests]

    def commands(self, request: int) -> list[str]:
        """Возвращает имена команд пакета."""
        return [text.partition("?")[0] for text in self.requests[request][1]["cmd"].values()]

    def post(self, method: str, body: Mapping[str, object]) -> Reply:
        """Запоминает запрос и отвечает."""
        with self._lock:
            number = len(self.requests)
            self.requests.append((method, body))
            turn = self.script.popleft() if self.script else None
        self.meanwhile(number)
        if isinstance(turn, BaseException):
            raise turn
        return turn or self._answered(method, body)

    def close(self) -> None:
        """Закрывает соединения."""
        self.closed = True

    def _answered(self, method: str, body: Mapping[str, Any]) -> Reply:
        if method == "batch":
            return Reply(200, {"result": self._batch(body["cmd"])})
        if method in self.failures:
            return Reply(400, self.failures[method])
        return Reply(200, {"result": _echo(method, body), "time": self.timing})

    def _batch(self, commands: Mapping[str, str]) -> Mapping[str, Any]:
        methods = {key: text.partition("?")[0] for key, text in commands.items()}
        failed = {key: self.failures[name] for key, name in methods.items() if name in self.failures}
        return {
            # Пустые массивы PHP отдаёт списком.
            "result": {
                key: _echo(methods[key], parse_query(text.partition("?")[2]))
                for key, text in commands.items()
                if key not in failed
            }
            or [],
            "result_error": failed or [],
            "result_time": {key: self.timing for key in commands if key not in failed} or [],
        }


def _echo(method: str, params: Mapping[str, Any]) -> Any:
    return int(params.get("id", 1)) if method.endswith(".add") else params


class FakeLimiter:
    """Предел, который выдаёт сроки по сценарию; ``held`` держит ведущего, пока проверка не отпустит."""

    def __init__(self, *waits: float | SyncError) -> None:
        self.waits, self.frozen, self.reserved = deque(waits), list[float](), 0
        self._open = threading.Event()
        self._open.set()

    def hold(self) -> None:
        """Задерживает следующие сроки."""
        self._open.clear()

    def release(self) -> None:
        """Отпускает задержанные сроки."""
        self._open.set()

    def reserve(self) -> float:
        """Выдаёт срок."""
        assert self._open.wait(PATIENCE), "предел не отпустили"
        self.reserved += 1
        turn = self.waits.popleft() if self.waits else 0.0
        if isinstance(turn, SyncError):
            raise turn
        return turn

    def freeze(self, seconds: float) -> None:
        """Запоминает просьбу о паузе."""
        self.frozen.append(seconds)


class FakeAwake:
    """Часы бодрствования: стоят, пока проверка их не переведёт."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        """Возвращает время."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Переводит часы вперёд: что-то долго выполнялось или процесс спал."""
        self.time += seconds


class FakePermits:
    """Сторож записей: помнит вопросы; ``lost`` — потерянные права; ``meanwhile`` — пока спрашивают."""

    def __init__(self) -> None:
        self.asked: list[list[Permit]] = []
        self.lost: set[Permit] = set()
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, permits: Sequence[Permit]) -> Sequence[bool]:
        """Отвечает о каждом праве."""
        self.asked.append(list(permits))
        self.meanwhile()
        return [permit not in self.lost for permit in permits]


class Desk:
    """Клиент на подделках и заказчики в потоках."""

    def __init__(
        self,
        transport: FakeTransport | None = None,
        limiter: FakeLimiter | None = None,
        linger: float = 0.0,
        interval: float = 0.5,
    ) -> None:
        self.transport, self.limiter = transport or FakeTransport(), limiter or FakeLimiter()
        self.slept: list[float] = []
        #: Что случается, пока клиент спит.
        self.meanwhile: Callable[[], object] = lambda: None
        self.clock, self.permits = FakeAwake(), FakePermits()
        self.operating = OperatingGate(480.0, now=lambda: 1000.0)
        endpoint = Endpoint(self.transport, self.limiter, self.operating, interval)
        timing = Timing(linger, self.clock, self._sleep)
        self.client = BitrixClient(endpoint, self.permits, timing=timing)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)
        self.meanwhile()

    def together(self, orders: Sequence[Callable[[], Any]]) -> list[Any]:
        """Выполняет заказы так, чтобы все дождались очереди прежде первой отправки; ошибки — значениями."""
        self.limiter.hold()
        results: list[Any] = [None] * len(orders)
        threads = []
        for number, order in enumerate(orders):
            threads.append(threading.Thread(target=_keep, args=(results, number, order), daemon=True))
            threads[-1].start()
            self.await_queue(number + 1)
        self.limiter.release()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "заказчик не дождался ответа"
        return results

    def await_queue(self, length: int) -> None:
        """Ждёт, пока столько групп встанет в очередь."""
        from tests.support.node import eventually

        eventually(lambda: self.client.waiting >= length, PATIENCE)


def _keep(results: list[Any], number: int, order: Callable[[], Any]) -> None:
    try:
        results[number] = order()
    except Exception as error:
        results[number] = error
