"""Ошибки синхронизации: тип говорит, что с ошибкой делать (СПЕЦ 3.3.2).

Дерево::

    SyncError
    ├── RetriableError      временный сбой: повторить по расписанию своего семейства
    │   ├── Withdrawn       отправка отозвана до запроса (остановка узла, новые настройки)
    │   ├── GripLost        перед самым запросом замок или аренда оказались уже чужими
    │   ├── Vanished        на портале удалили то, с чем мы работали: посмотреть снова
    │   ├── NetworkError    сеть до портала            30 с, 1 мин, 5 мин
    │   ├── ApiError        портал: 429, 5xx           1, 5, 15 мин
    │   ├── DatabaseError   база Ident                 10 с, 30 с, 1 мин
    │   │   └── DatabaseResting  база недавно не ответила: до срока её не спрашивают
    │   └── StoreError      Redis                      10 с, 30 с, 1 мин
    ├── SkippableError      плоха одна запись: отклонить её, записать причину, идти дальше
    └── FatalError          дальше слать нельзя: остановить отправку, позвать человека, ничего не терять

Тексты ошибок не содержат ни людей, ни секретов. Все ошибки переживают pickle.
"""

from enum import StrEnum


class Family(StrEnum):
    """Семейство временных сбоев; у каждого своё расписание повторов."""

    NETWORK = "network"
    API = "api"
    DATABASE = "database"
    STORE = "store"


class SyncError(Exception):
    """Общий предок ошибок синхронизации."""

    def __init__(self, message: str, *details: object) -> None:
        super().__init__(message, *details)
        self.message = message

    def __str__(self) -> str:
        return self.message


class RetriableError(SyncError):
    """Временный сбой: та же операция может пройти позже.

    ``retry_after`` — не раньше чем через столько секунд; ``None`` — решает расписание семейства.
    ``unclear`` — вызов мог и выполниться, и выполняться до сих пор: раньше срока искать и писать нельзя.
    ``attempted`` — попытка была; иначе её не считают.
    ``outage`` — лежит, похоже, весь портал: несколько таких подряд открывают предохранитель.
    ``creation`` — неясно, создано ли (``contact``, ``deal``): это видно поиском; прочее только пережидают.
    """

    family = Family.API
    unclear = False
    attempted = True
    outage = False
    creation = ""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after)
        self.retry_after = retry_after


class Withdrawn(RetriableError):
    """Отправка отозвана до запроса: узел останавливается или меняет настройки."""

    attempted = False


class GripLost(RetriableError):
    """Запись уже чужая: процесс проспал свою аренду. Запрос не ушёл."""

    attempted = False


class Vanished(RetriableError):
    """Сделку, контакт или лид удалили на портале между поиском и записью: повод искать снова, не отказ.

    ``deal_id`` — сделка, которую при этом успели создать.
    """

    def __init__(self, message: str, deal_id: int | None = None) -> None:
        super().__init__(message)
        self.args = (message, deal_id)
        self.deal_id = deal_id


class NetworkError(RetriableError):
    """Портал недостижим или ответ потерян."""

    family = Family.NETWORK
    outage = True


class ApiError(RetriableError):
    """Портал ответил временным отказом."""

    family = Family.API


class DatabaseError(RetriableError):
    """База Ident недоступна или запрос прерван."""

    family = Family.DATABASE


class DatabaseResting(DatabaseError):
    """База недавно не ответила: до ``retry_after`` никто не ждёт её впустую."""

    attempted = False


class StoreError(RetriableError):
    """Redis недоступен."""

    family = Family.STORE


class SkippableError(SyncError):
    """Плоха одна запись; ``reason`` — постоянный код причины, ``message`` — что исправить."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, reason)
        self.reason = reason


class FatalError(SyncError):
    """Отправку надо остановить и позвать человека; ``reason`` — постоянный код причины."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, reason)
        self.reason = reason
