"""Единственное соединение процесса с базой: держится между циклами, восстанавливается после обрыва."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
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


class HeldConnection:
    """Не больше одного открытого соединения на базу и процесс (ТЗ 5.2 № 6); запросы идут по одному."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._lock = threading.Lock()
        self._held: Any = None

    def rows(self, sql: str, parameters: Sequence[object]) -> list[Mapping[str, object]]:
        """Выполняет запрос и возвращает строки словарями; сбой — DatabaseError."""
        names, rows = self._answer(sql, parameters)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def columns(self, sql: str, parameters: Sequence[object]) -> Sequence[str]:
        """Выполняет запрос и возвращает имена его столбцов, даже если строк нет."""
        return self._answer(sql, parameters)[0]

    def _answer(self, sql: str, parameters: Sequence[object]) -> tuple[list[str], Sequence[Any]]:
        with self._lock:
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
        with self._lock:
            self._drop()

    def _query(self, sql: str, parameters: Sequence[object]) -> tuple[list[str], Sequence[Any]]:
        if self._held is None:
            self._held = self._connector.open()
        cursor = self._held.cursor()
        try:
            cursor.execute(sql, parameters)
            return [column[0] for column in cursor.description], cursor.fetchall()
        finally:
            # На оборванном соединении не закроется и курсор: главной остаётся первая ошибка.
            with suppress(*self._connector.errors):
                cursor.close()

    def _drop(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            with suppress(*self._connector.errors):
                held.close()
