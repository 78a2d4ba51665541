"""Договоры между сценариями и внешним миром (Protocol); подделки и переходники проходят одни проверки.

Договор есть там, где исполнителей больше одного: настоящий и проверенный теми же проверками поддельный.
Время всюду аргумент: ``now`` — aware ``datetime`` в UTC, длительности — ``timedelta``. Времена самой
базы Ident — наивные ``datetime`` в её поясе: часы приложения с ними не сравниваются (СПЕЦ 3.1.3).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.crm import Deal, Found, NewContact
from services.domain.cursor import ChangePage, ChangePoint
from services.domain.outbox import Permit
from services.domain.phones import Phone
from services.domain.reception import Reception

# --- Ident ---------------------------------------------------------------------------------------


class ReceptionSource(Protocol):
    """Чтение одной базы Ident; сбой связи или запроса — DatabaseError."""

    def changed_after(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 изменений строго после точки, по возрастанию (время, номер)."""

    def planned_between(self, since: datetime, until: datetime, after_id: int) -> Sequence[int]:
        """Возвращает до 50 номеров приёмов с началом в [since, until), больших after_id, по возрастанию."""

    def planned_total(self, since: datetime, until: datetime) -> int:
        """Возвращает число приёмов с началом в [since, until)."""

    def read(self, reception_ids: Sequence[int]) -> Sequence[Reception]:
        """Возвращает приёмы (до 50 номеров) со строками заказов и планов; отсутствующие пропущены."""

    def existing(self, reception_ids: Sequence[int]) -> Collection[int]:
        """Возвращает, какие из приёмов (до 50 номеров) ещё есть в базе."""

    def by_card(self, card_number: str) -> Sequence[int]:
        """Возвращает до 50 номеров приёмов пациента с такой картой, поздние первыми."""
        ...

    def now(self) -> datetime:
        """Возвращает время сервера базы."""

    def close(self) -> None:
        """Закрывает соединение; следующее обращение откроет его снова."""

    def retire(self) -> None:
        """Закрывает соединение навсегда: настройки базы сменились."""


# --- Bitrix24 ------------------------------------------------------------------------------------


class Crm(Protocol):
    """Сделки, контакты и лиды портала; ошибки — дерево services.bitrix.responses (предки в domain.errors).

    ``permit`` — право, о котором спросят перед самым запросом; не действует — GripLost, ничего не записано.
    """

    def find(self, uids: Sequence[str], phone: Phone | None, known_contact: int | None = None) -> Found:
        """Ищет сделки по ключам и, если дан телефон, контакты и лиды с ним.

        ``known_contact`` — номер, который мы сами недавно создали: поиск портала может его ещё не видеть.
        Контакт, найденный, но недоступный для чтения, — SkippableError ``contact_unreadable``.
        """

    def read_deals(self, deal_ids: Sequence[int], names: Sequence[str]) -> Mapping[int, Mapping[str, object]]:
        """Возвращает названные поля сделок (до 50 номеров); пропавшие сделки пропущены."""

    def numbered(self, deal_ids: Sequence[int]) -> Sequence[Deal]:
        """Возвращает сделки по номерам (до 50), какой бы ключ в них ни стоял; пропавших нет."""

    def create_contact(self, contact: NewContact, *, permit: Permit | None = None) -> int:
        """Создаёт контакт и возвращает его номер."""

    def create_deal(
        self, fields: Mapping[str, object], contact_id: int, *, permit: Permit | None = None
    ) -> int:
        """Создаёт сделку контакта и возвращает её номер; лид привязывает convert_lead."""

    def update_deal(
        self, deal_id: int, fields: Mapping[str, object], *, permit: Permit | None = None
    ) -> None:
        """Записывает поля сделки; пустой набор ничего не отправляет."""

    def bind_contact(self, deal_id: int, contact_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает контакт к сделке без контакта; повтор безвреден."""

    def convert_lead(self, lead_id: int, deal_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает лид к сделке и переводит его в CONVERTED; повтор безвреден (постановление 8)."""


# --- Счёт обращений ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PortalTrouble:
    """Отказ портала: когда, на какой метод и какой; значений полей в нём нет."""

    at: datetime
    method: str
    kind: str
    message: str


@dataclass(slots=True)
class PortalTraffic:
    """Обращения к порталу: запросы, команды в них, отказы «слишком часто», секунды ожидания предела."""

    requests: float = 0
    commands: float = 0
    refused: float = 0
    waited: float = 0.0


# --- Уведомления, журнал, часы -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """Уведомление: повод (по нему повтор заменяет прежнее), заголовок и текст; людей в нём нет."""

    key: str
    title: str
    text: str


class ChannelError(Exception):
    """Канал не взял уведомление; текст говорит, что проверить, и не содержит секретов."""


class AlertChannel(Protocol):
    """Канал уведомлений администратора."""

    name: str

    def send(self, notice: Notice) -> None:
        """Отправляет уведомление; не вышло — ChannelError."""


class Journal(Protocol):
    """Журнал событий: постоянное имя события и поля; людей и секретов в полях нет."""

    def info(self, event: str, **fields: object) -> None:
        """Записывает обычное событие."""

    def warning(self, event: str, **fields: object) -> None:
        """Записывает то, на что стоит взглянуть."""

    def error(self, event: str, **fields: object) -> None:
        """Записывает сбой."""


class Clock(Protocol):
    """Часы узла: в работе — часы Redis, одни на всех."""

    def now(self) -> datetime:
        """Возвращает текущее время в UTC."""
