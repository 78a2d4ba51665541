"""Единственное соединение процесса с базой: держится между циклами, восстанавливается после обрыва."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from services.domain.errors import DatabaseError


class Connector(Protocol):
    """Как открыть соединение с базой и как понять её ошибку."""

    def open(self) -> Any:
        """Открывает соединение DB-API."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Возвращает классы ошибок драйвера."""
        ...

    def explain(self, error: Exception) -> DatabaseError:
        """Пересказывает ошибку человеку: без данных, паролей и строки соединения."""
        ...

    def is_lost(self, error: Exception) -> bool:
        """Отвечает, порвалось ли соединение (а не плох запрос)."""
        ...


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

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._turnstile = Turnstile()
        self._held: Any = None

    def rows(
        self, sql: str, parameters: Sequence[object], urgent: bool = False
    ) -> list[Mapping[str, object]]:
        """Выполняет запрос и возвращает строки словарями; ``urgent`` — вне очереди; сбой — DatabaseError."""
        with self._turnstile.turn(urgent):
            reused = self._held is not None
            try:
                return self._query(sql, parameters)
            except self._connector.errors as error:
                self._drop()
                if not (reused and self._connector.is_lost(error)):
                    raise self._connector.explain(error) from None
            # Соединение умерло между циклами (перезапуск сервера): запрос читающий, повтор безвреден.
            try:
                return self._query(sql, parameters)
            except self._connector.errors as error:
                self._drop()
                raise self._connector.explain(error) from None

    def close(self) -> None:
        """Закрывает соединение; следующий запрос откроет его снова."""
        with self._turnstile.turn():
            self._drop()

    def _query(self, sql: str, parameters: Sequence[object]) -> list[Mapping[str, object]]:
        if self._held is None:
            self._held = self._connector.open()
        cursor = self._held.cursor()
        try:
            cursor.execute(sql, parameters)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            # На оборванном соединении не закроется и курсор: главной остаётся первая ошибка.
            with suppress(*self._connector.errors):
                cursor.close()

    def _drop(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            with suppress(*self._connector.errors):
                held.close()
