"""Единственное соединение процесса с базой: держится между циклами, восстанавливается после обрыва.

Только чтение: транзакция каждого запроса откатывается, что бы ни стояло в его файле.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

from services.domain.errors import DatabaseError, DatabaseResting
from services.ident.rows import Unreadable

#: После неудачи базу не спрашивают 10 с, 30 с, минуту, дальше — раз в цикл выборки (СПЕЦ 3.3.2).
RESTS = (10.0, 30.0, 60.0, 120.0)
#: Ошибки разбора значений: драйвер не понял того, что лежит в ячейке. Соединение при этом цело.
VALUE_ERRORS = (ValueError, ArithmeticError)


Answer = TypeVar("Answer")


class Connector(Protocol):
    """Как открыть соединение с базой и как понять её ошибку."""

    def open(self) -> Any:
        """Открывает соединение DB-API."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Возвращает классы ошибок драйвера."""

    def patience(self, opening: bool) -> float:
        """Возвращает, сколько секунд ждать драйвер: его собственных пределов он не всегда держится."""

    def explain(self, error: Exception) -> DatabaseError:
        """Пересказывает ошибку человеку: без данных, паролей и строки соединения."""

    def is_lost(self, error: Exception) -> bool:
        """Отвечает, порвалось ли соединение (а не плох запрос)."""

    def is_outage(self, error: Exception) -> bool:
        """Отвечает, не отвечает ли сама база (а не плох один запрос)."""

    def is_collision(self, error: Exception) -> bool:
        """Отвечает, прервал ли сервер запрос из-за чужой блокировки: повтор сразу обычно удаётся."""


class Rest:
    """Отдых от базы, которая не отвечает: сто отправок не ждут каждая своего предела времени."""

    def __init__(self, rests: Sequence[float] = RESTS, now: Callable[[], float] = time.monotonic) -> None:
        self._rests, self._now = tuple(rests), now
        self._failures, self._until, self._why = 0, 0.0, ""

    def check(self) -> None:
        """Поднимает DatabaseResting, пока отдых не кончился."""
        if (left := self._until - self._now()) > 0:
            raise DatabaseResting(f"{self._why}; следующая попытка через {left:.0f} с", left)

    def failed(self, error: DatabaseError) -> None:
        """Начинает отдых: первый короткий, дальше дольше."""
        pause = self._rests[min(self._failures, len(self._rests) - 1)]
        self._failures, self._until, self._why = self._failures + 1, self._now() + pause, error.message

    def succeeded(self) -> None:
        """Кончает отдых: база ответила."""
        self._failures, self._until = 0, 0.0


class Turnstile:
    """Очередь к соединению: по одному, и ждущий человек (``urgent``) проходит впереди обмена."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy, self._urgent = False, 0

    @contextmanager
    def turn(self, urgent: bool = False) -> Iterator[None]:
        """Держит соединение на время блока."""
        with self._changed:
            self._urgent += urgent
            self._changed.wait_for(lambda: not self._busy and (urgent or not self._urgent))
            self._urgent -= urgent
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


class HeldConnection:
    """Не больше одного открытого соединения на базу и процесс (ТЗ 5.2 № 6); запросы идут по одному."""

    def __init__(self, connector: Connector, rest: Rest | None = None) -> None:
        self._connector, self._rest = connector, rest or Rest()
        self._faults: tuple[type[Exception], ...] = (*VALUE_ERRORS, *connector.errors)
        self._turnstile = Turnstile()
        self._held: Any = None
        self._opened = self._retired = False

    def rows(
        self, sql: str, parameters: Sequence[object], urgent: bool = False
    ) -> list[Mapping[str, object]]:
        """Выполняет запрос и возвращает строки словарями; ``urgent`` — вне очереди; сбой — DatabaseError."""
        names, rows = self._answer(sql, parameters, urgent)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def columns(self, sql: str, parameters: Sequence[object]) -> Sequence[str]:
        """Выполняет запрос и возвращает имена его столбцов, даже если строк нет."""
        return self._answer(sql, parameters, urgent=False)[0]

    def _answer(
        self, sql: str, parameters: Sequence[object], urgent: bool
    ) -> tuple[list[str], Sequence[Any]]:
        with self._turnstile.turn(urgent):
            if self._retired:
                raise DatabaseResting("настройки базы сменились", 0.0)
            self._rest.check()
            try:
                found = self._attempted(sql, parameters)
            except Overdue as error:
                self._rest.failed(error)
                raise
            except self._faults as error:
                raise self._given_up(error) from None
            self._rest.succeeded()
            return found

    def close(self) -> None:
        with self._turnstile.turn():
            self._drop()

    def retire(self) -> None:
        """Закрывает соединение навсегда: рядом с новым оно было бы вторым."""
        with self._turnstile.turn():
            self._retired = True
            self._drop()

    def _attempted(self, sql: str, parameters: Sequence[object]) -> tuple[list[str], Sequence[Any]]:
        """Выполняет запрос; умершее между циклами соединение и чужая блокировка дают вторую попытку."""
        reused = self._held is not None
        try:
            return self._query(sql, parameters)
        except self._connector.errors as error:
            self._drop()
            stale = reused and self._connector.is_lost(error)
            if not stale and not self._connector.is_collision(error):
                raise
        # Запрос читающий: повтор безвреден.
        return self._query(sql, parameters)

    def _given_up(self, error: Exception) -> DatabaseError:
        if self._opened and isinstance(error, VALUE_ERRORS):
            # Текст и аргументы ошибки держат само значение ячейки: наружу — только имя ошибки.
            return Unreadable(f"База Ident: значение в базе не читается ({type(error).__name__})")
        self._drop()
        explained = self._connector.explain(error)
        if not self._opened or self._connector.is_outage(error):
            self._rest.failed(explained)
        return explained

    def _query(self, sql: str, parameters: Sequence[object]) -> tuple[list[str], Sequence[Any]]:
        """Выполняет запрос, не дожидаясь драйвера дольше срока: опоздавшее соединение бросается."""
        held, self._held = self._held, None
        session = Session(self._connector, held)
        patience = self._connector.patience(opening=held is None)
        try:
            answer = within(patience, lambda: session.ask(sql, parameters), session.close)
        except Overdue:
            raise
        except Exception:
            self._keep(session)
            raise
        self._keep(session)
        return answer

    def _keep(self, session: "Session") -> None:
        self._held, self._opened = session.connection, session.connection is not None

    def _drop(self) -> None:
        held, self._held = self._held, None
        Session(self._connector, held).close()


class Session:
    """Открытое или ещё не открытое соединение на время одного запроса."""

    def __init__(self, connector: Connector, connection: Any) -> None:
        self._connector, self.connection = connector, connection

    def ask(self, sql: str, parameters: Sequence[object]) -> tuple[list[str], Sequence[Any]]:
        """Выполняет запрос и откатывает его транзакцию; соединение открывается, если его нет."""
        if self.connection is None:
            self.connection = self._connector.open()
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, parameters)
            return [column[0] for column in cursor.description], cursor.fetchall()
        finally:
            # На оборванном соединении не закроется и курсор: главной остаётся первая ошибка.
            with suppress(*self._connector.errors):
                cursor.close()
                self.connection.rollback()

    def close(self) -> None:
        if self.connection is not None:
            with suppress(*self._connector.errors):
                self.connection.close()


class Overdue(DatabaseError):
    """Драйвер не вернулся в срок."""


def within(seconds: float, work: Callable[[], Answer], leave: Callable[[], None]) -> Answer:
    """Ждёт работу не дольше срока; опоздавшую бросает (Overdue): вернётся — за ней уберёт ``leave``."""
    outcome: Future[Answer] = Future()
    threading.Thread(target=_work, args=(work, outcome), daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError:
        if outcome.done():
            return outcome.result()
        outcome.add_done_callback(lambda late: leave())
        raise Overdue(f"База Ident: сервер не ответил за {seconds:.0f} с, запрос брошен") from None


def _work(work: Callable[[], Answer], outcome: "Future[Answer]") -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)
