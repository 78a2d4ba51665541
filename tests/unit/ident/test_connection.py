"""Удерживаемое соединение: никогда не больше одного, обрыв между циклами незаметен."""

import sqlite3
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import InvalidOperation
from typing import Any

import pytest

from services.domain.errors import DatabaseError, DatabaseResting
from services.ident.connection import HeldConnection, Rest
from services.ident.rows import Unreadable

SECRET = "Лунёва Алсу"


class DriverError(Exception):
    """Ошибка выдуманного драйвера; ``lost`` — соединение порвалось, ``collision`` — чужая блокировка."""

    def __init__(self, lost: bool = False, collision: bool = False) -> None:
        super().__init__("пароль и люди")
        self.lost, self.collision = lost, collision


class FakeDriver:
    """Драйвер DB-API в памяти: считает открытые соединения и рвёт их по расписанию."""

    errors: tuple[type[Exception], ...] = (DriverError,)

    def __init__(self, failures: list[Exception | None] | None = None, open_failures: int = 0) -> None:
        self.failures, self.open_failures = failures or [], open_failures
        self.opened = self.alive = self.most_alive = self.running = self.most_running = 0
        self.executed: list[str] = []
        self.rolled_back = 0
        self.waits = 30.0
        self.inside: Callable[[], object] = lambda: None
        self.gone = threading.Event()
        self.lock = threading.Lock()

    def open(self) -> "FakeSession":
        if self.open_failures:
            self.open_failures -= 1
            raise DriverError(lost=False)
        self.opened += 1
        self.alive += 1
        self.most_alive = max(self.most_alive, self.alive)
        return FakeSession(self)

    def patience(self, opening: bool) -> float:
        return self.waits

    def explain(self, error: Exception) -> DatabaseError:
        return DatabaseError("база недоступна")

    def is_lost(self, error: Exception) -> bool:
        return isinstance(error, DriverError) and error.lost

    def is_outage(self, error: Exception) -> bool:
        return self.is_lost(error)

    def is_collision(self, error: Exception) -> bool:
        return isinstance(error, DriverError) and error.collision


class Stopwatch:
    """Часы, которые идут, только когда их переводят."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class FakeSession:
    """Соединение и курсор выдуманного драйвера разом."""

    description = (("answer",),)

    def __init__(self, driver: FakeDriver, is_cursor: bool = False) -> None:
        self.driver, self.is_cursor = driver, is_cursor

    def cursor(self) -> "FakeSession":
        return FakeSession(self.driver, is_cursor=True)

    def execute(self, sql: str, parameters: object) -> None:
        driver = self.driver
        with driver.lock:
            driver.running += 1
            driver.most_running = max(driver.most_running, driver.running)
        driver.inside()
        with driver.lock:
            driver.running -= 1
        driver.executed.append(sql)
        failure = driver.failures.pop(0) if driver.failures else None
        if failure is not None:
            raise failure

    def fetchall(self) -> list[tuple[int]]:
        return [(42,)]

    def rollback(self) -> None:
        self.driver.rolled_back += 1

    def close(self) -> None:
        if not self.is_cursor:
            self.driver.alive -= 1
            self.driver.gone.set()


def ask(connection: HeldConnection) -> Any:
    """Выполняет запрос и возвращает единственный ответ."""
    return connection.rows("SELECT 42", ())[0]["answer"]


def test_nothing_is_opened_until_asked() -> None:
    driver = FakeDriver()
    HeldConnection(driver)
    assert driver.opened == 0


def test_the_connection_is_held_between_queries() -> None:
    driver = FakeDriver()
    connection = HeldConnection(driver)
    assert [ask(connection), ask(connection), ask(connection)] == [42, 42, 42]
    assert driver.opened == 1


def test_many_threads_share_one_connection_one_at_a_time() -> None:
    driver = FakeDriver()
    meeting = threading.Event()
    driver.inside = lambda: meeting.wait(0.01)
    connection = HeldConnection(driver)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(connection), range(16)))
    assert answers == [42] * 16
    assert (driver.opened, driver.most_alive, driver.most_running) == (1, 1, 1)


def test_a_held_connection_that_died_is_replaced_silently() -> None:
    driver = FakeDriver(failures=[None, DriverError(lost=True)])
    connection = HeldConnection(driver)
    assert [ask(connection), ask(connection)] == [42, 42]
    assert (driver.opened, driver.alive, driver.most_alive) == (2, 1, 1)


def test_a_fresh_connection_that_dies_is_reported_at_once() -> None:
    driver = FakeDriver(failures=[DriverError(lost=True)])
    with pytest.raises(DatabaseError, match="база недоступна"):
        ask(HeldConnection(driver))
    assert (driver.opened, driver.alive) == (1, 0)


def test_a_second_break_in_a_row_is_reported() -> None:
    driver = FakeDriver(failures=[None, DriverError(lost=True), DriverError(lost=True)])
    connection = HeldConnection(driver)
    ask(connection)
    with pytest.raises(DatabaseError):
        ask(connection)
    assert (driver.opened, driver.alive) == (2, 0)


def test_a_bad_query_is_not_repeated_and_the_next_one_reconnects() -> None:
    driver = FakeDriver(failures=[None, DriverError(lost=False)])
    connection = HeldConnection(driver)
    ask(connection)
    with pytest.raises(DatabaseError):
        ask(connection)
    assert len(driver.executed) == 2
    assert ask(connection) == 42
    assert driver.alive == 1


def test_a_dead_server_is_not_asked_by_everyone_in_turn() -> None:
    driver = FakeDriver(open_failures=100)
    connection = HeldConnection(driver, Rest((10, 30)))
    with pytest.raises(DatabaseError):
        ask(connection)
    for _ in range(50):
        with pytest.raises(DatabaseResting, match="база недоступна"):
            ask(connection)
    assert driver.open_failures == 99


def test_a_dead_server_is_tried_by_the_schedule_and_then_each_cycle() -> None:
    driver, clock = FakeDriver(open_failures=100), Stopwatch()
    connection = HeldConnection(driver, Rest((10, 30, 60, 120), clock))
    tried = []
    for second in range(400):
        clock.seconds, before = float(second), driver.open_failures
        with pytest.raises(DatabaseError):
            ask(connection)
        tried += [second] if driver.open_failures < before else []
    assert tried == [0, 10, 40, 100, 220, 340]


def test_a_server_that_came_back_is_found_again_and_trusted_again() -> None:
    driver, clock = FakeDriver(open_failures=2), Stopwatch()
    connection = HeldConnection(driver, Rest((10, 30), clock))
    for second in (0, 10):
        clock.seconds = second
        with pytest.raises(DatabaseError):
            ask(connection)
    clock.seconds = 40
    assert ask(connection) == 42
    driver.failures = [DriverError(lost=True), DriverError(lost=True)]
    with pytest.raises(DatabaseError):
        ask(connection)
    clock.seconds = 50
    assert ask(connection) == 42


def test_a_deadlock_victim_tries_again_at_once() -> None:
    driver = FakeDriver(failures=[DriverError(collision=True)])
    assert ask(HeldConnection(driver)) == 42


def test_a_table_locked_twice_is_reported_but_the_base_is_not_left_alone() -> None:
    driver = FakeDriver(failures=[DriverError(collision=True), DriverError(collision=True)])
    connection = HeldConnection(driver)
    with pytest.raises(DatabaseError):
        ask(connection)
    assert ask(connection) == 42


def test_every_query_is_rolled_back() -> None:
    driver = FakeDriver(failures=[None, DriverError(), None])
    connection = HeldConnection(driver)
    ask(connection)
    with pytest.raises(DatabaseError):
        ask(connection)
    ask(connection)
    assert driver.rolled_back == 3


@pytest.mark.parametrize(
    "error",
    [UnicodeDecodeError("utf-16-le", SECRET.encode(), 2, 4, SECRET), ValueError(SECRET), InvalidOperation()],
)
def test_a_value_the_driver_cannot_read_is_a_fault_of_the_row(error: Exception) -> None:
    """Соединение цело и база отдыха не просит; ни значения, ни его следа в тексте и причинах ошибки."""
    driver = FakeDriver(failures=[error])
    connection = HeldConnection(driver)
    with pytest.raises(Unreadable, match=type(error).__name__) as caught:
        ask(connection)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert ask(connection) == 42
    assert driver.opened == 1


def test_a_value_error_before_the_base_is_open_is_no_fault_of_a_row() -> None:
    class BadSettings(FakeDriver):
        def open(self) -> FakeSession:
            raise ValueError("embedded null character")

    with pytest.raises(DatabaseError) as caught:
        ask(HeldConnection(BadSettings()))
    assert not isinstance(caught.value, Unreadable)


def test_a_driver_that_does_not_return_is_left_and_its_connection_is_closed_later() -> None:
    """Срок — наш: драйвер ждал бы отмены, которой сервер не подтвердит (FreeTDS, ODBC 18)."""
    driver, release = FakeDriver(), threading.Event()
    driver.waits, driver.inside = 0.01, lambda: release.wait(30)
    clock = Stopwatch()
    connection = HeldConnection(driver, Rest((10,), clock))
    with pytest.raises(DatabaseError, match="не ответил"):
        ask(connection)
    with pytest.raises(DatabaseResting, match="не ответил"):
        ask(connection)
    release.set()
    assert driver.gone.wait(30)
    driver.waits, clock.seconds = 30.0, 10.0
    assert ask(connection) == 42
    assert (driver.opened, driver.alive) == (2, 1)


def test_a_retired_connection_never_opens_again() -> None:
    driver = FakeDriver()
    connection = HeldConnection(driver)
    ask(connection)
    connection.retire()
    with pytest.raises(DatabaseResting):
        ask(connection)
    assert (driver.opened, driver.alive) == (1, 0)


def test_the_driver_text_never_leaves() -> None:
    driver = FakeDriver(failures=[DriverError(lost=False)])
    with pytest.raises(DatabaseError) as caught:
        ask(HeldConnection(driver))
    assert "пароль" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_closed_connection_opens_again() -> None:
    driver = FakeDriver()
    connection = HeldConnection(driver)
    ask(connection)
    connection.close()
    assert driver.alive == 0
    assert ask(connection) == 42


def test_closing_twice_is_harmless() -> None:
    connection = HeldConnection(FakeDriver())
    connection.close()
    connection.close()


def test_the_fake_driver_answers_like_a_real_one() -> None:
    """Подделка держит тот же DB-API, что и sqlite3: иначе проверки выше ничего не значат."""
    real = sqlite3.connect(":memory:")
    try:
        cursor = real.cursor()
        cursor.execute("SELECT 42 AS answer", ())
        assert [column[0] for column in cursor.description] == [
            column[0] for column in FakeSession.description
        ]
        assert cursor.fetchall() == FakeSession(FakeDriver()).fetchall()
        cursor.close()
    finally:
        real.close()
