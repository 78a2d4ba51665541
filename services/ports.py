"""Договоры между сценариями и внешним миром (Protocol); подделки и переходники проходят одни проверки.

Время всюду аргумент: ``now`` — aware ``datetime`` в UTC, длительности — ``timedelta``. Времена самой
базы Ident — наивные ``datetime`` в её поясе: часы приложения с ними не сравниваются (СПЕЦ 3.1.3).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.domain.admission import TokenOwner, VisitedDeal
from services.domain.cursor import ChangePoint
from services.domain.names import PersonName
from services.domain.phones import Phone
from services.domain.plan_view import PlanHead, PlanPatient, PlanRow
from services.domain.reception import Reception

# --- Ident ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Страница изменений: точки по возрастанию (не больше 50) и время сервера базы."""

    points: Sequence[ChangePoint]
    database_now: datetime


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


@dataclass(frozen=True, slots=True)
class Deal:
    """Сделка портала, найденная по ключу записи; ключ в ней проверен."""

    deal_id: int
    uid: str
    stage_id: str
    category_id: int
    contact_id: int | None
    lead_id: int | None
    created_at: datetime | None
    created_by: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """Контакт с проверенным телефоном."""

    contact_id: int
    name: PersonName

    def __repr__(self) -> str:
        return f"Contact({self.contact_id})"


@dataclass(frozen=True, slots=True, repr=False)
class Lead:
    """Лид с проверенным телефоном; ``inherited`` — поля, которые контакт обязан сохранить (МАП 2.3.1 Б)."""

    lead_id: int
    is_open: bool
    contact_id: int | None
    created_at: datetime | None
    inherited: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Lead({self.lead_id})"


@dataclass(frozen=True, slots=True)
class Found:
    """Ответ на поиск: сделки по ключам; контакты и лиды по телефону (пусто, если его не спрашивали)."""

    deals: Sequence[Deal]
    contacts: Sequence[Contact] = ()
    leads: Sequence[Lead] = ()


@dataclass(frozen=True, slots=True, repr=False)
class NewContact:
    """Контакт, которого ещё нет на портале."""

    name: PersonName
    phone: Phone
    inherited: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"NewContact({self.phone!r})"


class Unclear(StrEnum):
    """Что портал, может быть, ещё выполняет: создание можно увидеть готовым, запись — только переждать."""

    CONTACT = "contact"
    DEAL = "deal"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Неясный исход прежней попытки: что послано и до какого времени портал мог бы это доделывать."""

    what: Unclear
    until: datetime
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Право отправить запись — единственный её замок: версия, счёт попыток и потерянных аренд, сомнение."""

    uid: str
    version: int
    attempts: int
    token: str
    losses: int = 0
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """Чем держится пишущий запрос: взятая запись и, если создаётся контакт, имя замка телефона.

    Клиент портала разрешения не разбирает, а перед самым запросом спрашивает, в силе ли оно: между решением и
    отправкой процесс мог проспать аренду (сон компьютера, заморозка), и запись отправил бы уже второй.
    """

    claim: Claim
    phone: str = ""


#: Отвечает о разрешениях всех записей одного запроса разом и продлевает их; сбой Redis — StoreError: никто не
#: пишет.
Permits = Callable[[Sequence[Permit]], Sequence[bool]]


def allow_all(permits: Sequence[Permit]) -> Sequence[bool]:
    """Разрешает всё: для программы, где записей очереди нет, а пишет человек."""
    return [True] * len(permits)


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


# --- Состояние -----------------------------------------------------------------------------------


class EntryState(StrEnum):
    """Состояния записи очереди отправки (docs/at_least_once.md)."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    RETRY = "retry"
    DOUBT = "doubt"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """Запись очереди, как её видит администратор; людей в ней нет."""

    uid: str
    state: EntryState
    attempts: int
    version: int
    queued_at: datetime
    due_at: datetime
    reason: str
    message: str
    revived: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """Что о записи уже решено: отпечаток обработанного состояния и номер сделки (None — своей сделки нет).

    Пустой отпечаток — на портале неизвестно что: запись начата и не закончена или сделка исчезла.
    """

    fingerprint: str
    deal_id: int | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Отклонённая запись: код причины и что исправить в Ident (без людей)."""

    uid: str
    reason: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """Загрузка прошлого: приёмы с началом в [since, until); прочитано до номера ``after_id``.

    Времена — в поясе базы; ``total`` — сколько приёмов в промежутке.
    """

    since: datetime
    until: datetime
    after_id: int = 0
    read: int = 0
    queued: int = 0
    total: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Halt:
    """Остановка отправки: код причины, текст для человека и время."""

    reason: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PortalTrouble:
    """Отказ портала: когда, на какой метод и какой; значений полей в нём нет."""

    at: datetime
    method: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class PortalTraffic:
    """Обращения к порталу: запросы, команды в них, отказы «слишком часто», секунды ожидания предела."""

    requests: float = 0
    commands: float = 0
    refused: float = 0
    waited: float = 0.0


class PortalStats(Protocol):
    """Кому клиент портала отчитывается о своих обращениях."""

    def record(
        self,
        traffic: PortalTraffic,
        operating: Mapping[str, float],
        troubles: Sequence[PortalTrouble],
        now: datetime,
    ) -> None:
        """Прибавляет обращения, запоминает время методов и последние отказы."""


# --- Уведомления, журнал, часы -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """Уведомление: повод (по нему повтор заменяет прежнее), заголовок и текст; людей в нём нет."""

    key: str
    title: str
    text: str


class ChannelError(Exception):
    """Канал не взял уведомление; текст говорит, что проверить, и не содержит секретов."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


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


# --- Планы лечения -------------------------------------------------------------------------------


class PlanSource(Protocol):
    """Чтение планов лечения одной базы Ident; сбой связи или запроса — DatabaseError."""

    def patients(self, patient_ids: Sequence[int]) -> Sequence[PlanPatient]:
        """Возвращает пациентов по номерам (до 50); отсутствующие пропущены."""

    def changed_after(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 пациентов, чьи планы изменились строго после точки; номер точки — пациента."""

    def planned_between(self, since: datetime, until: datetime, after_id: int) -> Sequence[int]:
        """Возвращает до 50 пациентов с действующими планами и приёмами в [since, until), по возрастанию."""

    def now(self) -> datetime:
        """Возвращает время сервера базы."""

    def patient_of(self, reception_id: int) -> PlanPatient | None:
        """Возвращает пациента приёма; нет такого приёма — None."""

    def patients_named(self, full_name: str) -> Sequence[PlanPatient]:
        """Возвращает всех пациентов с таким ФИО (регистр, пробелы, ё/е не важны), по номерам."""

    def active_plans(self, patient_ids: Sequence[int]) -> Mapping[int, Sequence[PlanHead]]:
        """Возвращает действующие планы пациентов (до 50 номеров), новые первыми."""

    def plan_rows(self, plan_ids: Sequence[int]) -> Sequence[PlanRow]:
        """Возвращает строки планов (до 50 номеров) в порядке этапов."""


@dataclass(frozen=True, slots=True, repr=False)
class PlanDeal:
    """Открытая сделка пациента и снимок планов, который в ней стоит; ``sealed`` — печать на нём наша."""

    deal_id: int
    snapshot: str
    sealed: bool
    uid: str = ""
    created_by: int | None = None

    def __repr__(self) -> str:
        return f"PlanDeal({self.deal_id})"


class PlanDeals(Protocol):
    """Снимки планов в сделках портала; ошибки — как у Crm."""

    @property
    def mark(self) -> str:
        """Возвращает, чем отличаются печати этого узла: сменился ключ — снимки пишутся заново."""

    def open_deals(self, patient: str) -> Sequence[PlanDeal]:
        """Возвращает открытые сделки пациента по ключу ``D1_17`` (UF_CRM_IDENT_PATIENT), до 50 новых."""

    def write(self, deal_id: int, snapshot: str, *, permit: Permit | None = None) -> None:
        """Записывает снимок в сделку с печатью узла; повтор безвреден."""


class Visitors(Protocol):
    """Проверка спрашивающего на портале; отказ — AdmissionRefused, спросить некого — AdmissionUnavailable."""

    def owner(self, token: str) -> TokenOwner:
        """Возвращает, чей это токен: приложение, портал, сотрудник."""

    def deal(self, token: str, deal_id: int) -> tuple[int, VisitedDeal]:
        """Читает сделку токеном сотрудника; возвращает его номер на портале и сделку."""
