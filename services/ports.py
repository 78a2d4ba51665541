"""Договоры между сценариями и внешним миром (Protocol); подделки и переходники проходят одни проверки.

Время всюду аргумент: ``now`` — aware ``datetime`` в UTC, длительности — ``timedelta``. Времена самой
базы Ident — наивные ``datetime`` в её поясе: часы приложения с ними не сравниваются (СПЕЦ 3.1.3).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from services.domain.admission import TokenOwner, VisitedDeal
from services.domain.cursor import ChangePoint
from services.domain.names import PersonName
from services.domain.notices import Memory
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
        ...

    def planned_between(self, since: datetime, until: datetime, after_id: int) -> Sequence[int]:
        """Возвращает до 50 номеров приёмов с началом в [since, until), больших after_id, по возрастанию."""
        ...

    def planned_total(self, since: datetime, until: datetime) -> int:
        """Возвращает число приёмов с началом в [since, until)."""
        ...

    def read(self, reception_ids: Sequence[int]) -> Sequence[Reception]:
        """Возвращает приёмы (до 50 номеров) со строками заказов и планов; отсутствующие пропущены."""
        ...

    def now(self) -> datetime:
        """Возвращает время сервера базы."""
        ...

    def close(self) -> None:
        """Закрывает соединение; следующее обращение откроет его снова."""
        ...

    def retire(self) -> None:
        """Закрывает соединение навсегда: настройки базы сменились."""
        ...


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


@dataclass(frozen=True, slots=True)
class Permit:
    """Право записать: клиент портала его не разбирает, а перед самым запросом спрашивает, действует ли оно.

    Между решением и отправкой процесс мог проспать аренду (сон компьютера, заморозка), и запись отправил бы
    уже второй.
    """

    holds: Callable[[], bool]


#: Отвечает о правах всех записей одного запроса разом; сбой Redis — StoreError, тогда не пишет никто.
Permits = Callable[[Sequence[Permit]], Sequence[bool]]


def ask_each(permits: Sequence[Permit]) -> Sequence[bool]:
    """Спрашивает о каждом праве по отдельности."""
    return [permit.holds() for permit in permits]


class Crm(Protocol):
    """Сделки, контакты и лиды портала; ошибки — дерево services.bitrix.responses (предки в domain.errors).

    ``permit`` — право, о котором спросят перед самым запросом; не действует — GripLost, ничего не записано.
    """

    def find(self, uids: Sequence[str], phone: Phone | None, known_contact: int | None = None) -> Found:
        """Ищет сделки по ключам и, если дан телефон, контакты и лиды с ним.

        ``known_contact`` — номер, который мы сами недавно создали: поиск портала может его ещё не видеть.
        Контакт, найденный, но недоступный для чтения, — SkippableError ``contact_unreadable``.
        """
        ...

    def read_deals(self, deal_ids: Sequence[int], names: Sequence[str]) -> Mapping[int, Mapping[str, object]]:
        """Возвращает названные поля сделок (до 50 номеров); пропавшие сделки пропущены."""
        ...

    def create_contact(self, contact: NewContact, *, permit: Permit | None = None) -> int:
        """Создаёт контакт и возвращает его номер."""
        ...

    def create_deal(
        self, fields: Mapping[str, object], contact_id: int, *, permit: Permit | None = None
    ) -> int:
        """Создаёт сделку контакта и возвращает её номер; лид привязывает convert_lead."""
        ...

    def update_deal(
        self, deal_id: int, fields: Mapping[str, object], *, permit: Permit | None = None
    ) -> None:
        """Записывает поля сделки; пустой набор ничего не отправляет."""
        ...

    def bind_contact(self, deal_id: int, contact_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает контакт к сделке без контакта; повтор безвреден."""
        ...

    def convert_lead(self, lead_id: int, deal_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает лид к сделке и переводит его в CONVERTED; повтор безвреден (постановление 8)."""
        ...


# --- Redis ---------------------------------------------------------------------------------------


class EntryState(StrEnum):
    """Состояния записи очереди отправки (docs/at_least_once.md)."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    RETRY = "retry"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Claim:
    """Право отправить запись: версия, которую отправляют, и сколько попыток уже было."""

    uid: str
    version: int
    attempts: int
    token: str


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


class Outbox(Protocol):
    """Очередь неотправленного: переходы атомарны, записи не теряются (docs/at_least_once.md, ТЗ 4.1.3)."""

    def put(self, uids: Iterable[str], now: datetime, hinted_for: timedelta) -> Sequence[str]:
        """Ставит записи в очередь и возвращает те, которым нужна подсказка (сообщение Celery).

        Новая запись и отказавшая по своей вине становятся pending, отправляемой поднимается версия,
        отложенная ждёт своего срока. Подсказанную ``due`` не вернёт раньше, чем через ``hinted_for``.
        """
        ...

    def claim(self, uid: str, now: datetime, lease: timedelta) -> Claim | None:
        """Берёт запись в отправку; None — записи нет, её отправляют или её время не пришло."""
        ...

    def extend(self, claim: Claim, now: datetime, lease: timedelta) -> bool:
        """Продлевает аренду; False — её уже забрал другой."""
        ...

    def kept(self, claim: Claim, clock: "Clock", lease: timedelta) -> AbstractContextManager[None]:
        """Продлевает аренду на время блока, сколько бы он ни длился."""
        ...

    def complete(self, claim: Claim, now: datetime) -> bool:
        """Удаляет отправленную запись; False — пришла новая версия, запись снова pending."""
        ...

    def postpone(self, claim: Claim, due_at: datetime, reason: str, message: str) -> None:
        """Откладывает повтор до ``due_at`` и считает попытку."""
        ...

    def release(self, claim: Claim, due_at: datetime) -> None:
        """Возвращает запись, не считая попытки: занято, остановка, отправка приостановлена."""
        ...

    def fail(self, claim: Claim, now: datetime, reason: str, message: str) -> None:
        """Переводит в failed: решать человеку или redrive, когда причина временная."""
        ...

    def due(self, branch_id: str, now: datetime, hinted_for: timedelta, limit: int) -> Sequence[str]:
        """Возвращает записи, чьё время пришло (в том числе с истёкшей арендой), и откладывает подсказку."""
        ...

    def requeue(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed и retry в pending с нуля попыток по воле человека; сколько вернули."""
        ...

    def revive(self, uids: Iterable[str], now: datetime) -> int:
        """Возвращает failed в pending: временная причина ушла; оживления считаются."""
        ...

    def drop(self, uids: Iterable[str]) -> int:
        """Забывает failed по воле человека; сколько забыли."""
        ...

    def entries(self, branch_id: str, state: EntryState | None = None, limit: int = 1000) -> Sequence[Entry]:
        """Возвращает записи филиала по времени постановки."""
        ...

    def depth(self, branch_id: str) -> Mapping[EntryState, int]:
        """Возвращает число записей в каждом состоянии."""
        ...

    def size(self, branch_id: str) -> int:
        """Возвращает число записей во всех состояниях."""
        ...

    def reset(self, branch_id: str) -> None:
        """Забывает очередь филиала: выборка без курсора соберёт её заново."""
        ...


class Cursors(Protocol):
    """Курсоры филиалов: последняя прочитанная точка изменений (СПЕЦ 3.1.3)."""

    def load(self, branch_id: str) -> ChangePoint | None:
        """Возвращает курсор или None при первом запуске."""
        ...

    def save(self, branch_id: str, point: ChangePoint) -> None:
        """Сохраняет курсор."""
        ...

    def reset(self, branch_id: str) -> None:
        """Забывает курсор: следующая выборка прочтёт последние 7 дней."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """Что о записи уже решено: отпечаток обработанного состояния и номер сделки (None — отклонена).

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


class Links(Protocol):
    """Память о доставленном; её потеря безвредна (ADR 0002)."""

    def get(self, uids: Sequence[str]) -> Mapping[str, Link]:
        """Возвращает известное о записях."""
        ...

    def save(self, uid: str, link: Link) -> None:
        """Запоминает итог записи."""
        ...

    def contact(self, token: str) -> int | None:
        """Возвращает номер контакта, недавно созданного для телефона (по его оттиску)."""
        ...

    def remember_contact(self, token: str, contact_id: int, ttl: timedelta) -> None:
        """Запоминает созданный контакт на время."""
        ...

    def reject(self, rejection: Rejection) -> None:
        """Добавляет запись в список отклонённых (или заменяет причину)."""
        ...

    def accept(self, uid: str) -> None:
        """Убирает запись из списка отклонённых."""
        ...

    def rejections(self, branch_id: str) -> Sequence[Rejection]:
        """Возвращает отклонённые записи филиала, новые первыми."""
        ...

    def reset(self, branch_id: str) -> None:
        """Забывает всё о филиале."""
        ...


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


class Backfills(Protocol):
    """Ход загрузок прошлого по филиалам."""

    def load(self, branch_id: str) -> BackfillProgress | None:
        """Возвращает ход прерванной загрузки."""
        ...

    def save(self, branch_id: str, progress: BackfillProgress) -> None:
        """Запоминает ход загрузки."""
        ...

    def forget(self, branch_id: str) -> None:
        """Забывает оконченную загрузку."""
        ...


class Lease(Protocol):
    """Взятый замок."""

    def extend(self) -> bool:
        """Продлевает замок ещё на его срок; False — он истёк и, возможно, взят другим."""
        ...

    def linger(self, period: timedelta) -> None:
        """Оставляет замок запертым на ``period`` после ухода владельца: исход его запроса неясен."""
        ...


class Locks(Protocol):
    """Замки с истечением: упавший владелец никого не держит, живой продлевается сам."""

    def hold(
        self, name: str, ttl: timedelta, wait: timedelta = timedelta()
    ) -> AbstractContextManager[Lease | None]:
        """Берёт замок на время блока; даёт None, если за ``wait`` он не освободился."""
        ...


@dataclass(frozen=True, slots=True)
class Halt:
    """Остановка отправки: код причины, текст для человека и время."""

    reason: str
    message: str
    at: datetime


class SendGate(Protocol):
    """Можно ли сейчас слать на портал: остановка (Fatal) и предохранитель (сеть лежит)."""

    def halted(self) -> Halt | None:
        """Возвращает остановку, если она есть."""
        ...

    def halt(self, halt: Halt) -> None:
        """Останавливает отправку до resume."""
        ...

    def resume(self) -> None:
        """Снимает остановку и закрывает предохранитель."""
        ...

    def blocked_for(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать отправке; None — слать можно. Пробы не занимает."""
        ...

    def retry_in(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать отправке; None — слать можно (после паузы — одному за раз)."""
        ...

    def succeeded(self, now: datetime) -> None:
        """Сообщает об удаче: предохранитель закрыт."""
        ...

    def broke(self, now: datetime) -> bool:
        """Сообщает о сбое связи; несколько подряд открывают предохранитель (тогда True)."""
        ...

    def last_success(self) -> datetime | None:
        """Возвращает время последней удачной отправки."""
        ...

    def paused(self) -> datetime | None:
        """Возвращает, с какого времени администратор поставил работу на паузу; None — паузы нет."""
        ...

    def pause(self, now: datetime) -> None:
        """Ставит на паузу выборку и отправку; очередь и курсоры остаются."""
        ...

    def unpause(self) -> None:
        """Снимает паузу."""
        ...


class Stats(Protocol):
    """Счётчики работы по филиалам, часам и суткам (СПЕЦ 2.6.3)."""

    def count(self, branch_id: str, event: str, now: datetime, amount: int = 1) -> None:
        """Прибавляет событие: created, updated, unchanged, rejected, failed, converted, read…"""
        ...

    def took(self, branch_id: str, seconds: float, now: datetime) -> None:
        """Учитывает длительность обработки одной записи."""
        ...

    def totals(self, branch_id: str, since: datetime, until: datetime) -> Mapping[str, float]:
        """Возвращает суммы событий за [since, until) с точностью до часа."""
        ...

    def last_hour(self, branch_id: str, now: datetime) -> Mapping[str, float]:
        """Возвращает суммы событий за последние 60 минут (с точностью до пяти минут)."""
        ...

    def hours(
        self, branch_id: str, since: datetime, until: datetime
    ) -> Mapping[datetime, Mapping[str, float]]:
        """Возвращает события каждого часа, начавшегося в [since, until)."""
        ...

    def grand(self, branch_id: str) -> Mapping[str, float]:
        """Возвращает суммы событий за всё время: они только растут."""
        ...

    def note(self, branch_id: str, name: str, value: str) -> None:
        """Записывает состояние филиала: last_success, last_error…"""
        ...

    def notes(self, branch_id: str) -> Mapping[str, str]:
        """Возвращает состояние филиала."""
        ...


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
    """Счётчики обращений к порталу, общие на все процессы."""

    def record(
        self,
        traffic: PortalTraffic,
        operating: Mapping[str, float],
        troubles: Sequence[PortalTrouble],
        now: datetime,
    ) -> None:
        """Прибавляет обращения, запоминает время методов и последние отказы."""
        ...

    def lately(self, now: datetime, minutes: int) -> PortalTraffic:
        """Возвращает суммы за последние минуты."""
        ...

    def grand(self) -> PortalTraffic:
        """Возвращает суммы за всё время: они только растут."""
        ...

    def operating(self) -> Mapping[str, float]:
        """Возвращает секунды, потраченные методами за десять минут, по последним ответам портала."""
        ...

    def troubles(self) -> Sequence[PortalTrouble]:
        """Возвращает последние отказы, новые первыми."""
        ...


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
        ...


class AlertMemory(Protocol):
    """Память о разосланных уведомлениях."""

    def load(self) -> Mapping[str, Memory]:
        """Возвращает память по поводам."""
        ...

    def save(self, memory: Mapping[str, Memory]) -> None:
        """Заменяет память."""
        ...


class Journal(Protocol):
    """Журнал событий: постоянное имя события и поля; людей и секретов в полях нет."""

    def info(self, event: str, **fields: object) -> None:
        """Записывает обычное событие."""
        ...

    def warning(self, event: str, **fields: object) -> None:
        """Записывает то, на что стоит взглянуть."""
        ...

    def error(self, event: str, **fields: object) -> None:
        """Записывает сбой."""
        ...


class Clock(Protocol):
    """Часы узла: в работе — часы Redis, одни на всех."""

    def now(self) -> datetime:
        """Возвращает текущее время в UTC."""
        ...


# --- Планы лечения -------------------------------------------------------------------------------


class PlanSource(Protocol):
    """Чтение планов лечения одной базы Ident; сбой связи или запроса — DatabaseError."""

    def patient(self, patient_id: int) -> PlanPatient | None:
        """Возвращает пациента по номеру; нет такого — None."""
        ...

    def changed_after(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 пациентов, чьи планы изменились строго после точки; номер точки — пациента."""
        ...

    def planned_between(self, since: datetime, until: datetime, after_id: int) -> Sequence[int]:
        """Возвращает до 50 пациентов с действующими планами и приёмами в [since, until), по возрастанию."""
        ...

    def now(self) -> datetime:
        """Возвращает время сервера базы."""
        ...

    def patient_of(self, reception_id: int) -> PlanPatient | None:
        """Возвращает пациента приёма; нет такого приёма — None."""
        ...

    def patients_named(self, full_name: str) -> Sequence[PlanPatient]:
        """Возвращает всех пациентов с таким ФИО (регистр, пробелы, ё/е не важны), по номерам."""
        ...

    def active_plans(self, patient_id: int) -> Sequence[PlanHead]:
        """Возвращает действующие планы пациента (до 50), новые первыми."""
        ...

    def plan_rows(self, plan_ids: Sequence[int]) -> Sequence[PlanRow]:
        """Возвращает строки планов (до 50 номеров) в порядке этапов."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class PlanDeal:
    """Открытая сделка пациента и снимок планов, который в ней стоит."""

    deal_id: int
    snapshot: str

    def __repr__(self) -> str:
        return f"PlanDeal({self.deal_id})"


class PlanDeals(Protocol):
    """Снимки планов в сделках портала; ошибки — как у Crm."""

    def open_deals(self, patient: str) -> Sequence[PlanDeal]:
        """Возвращает открытые сделки пациента по ключу ``D1_17`` (UF_CRM_IDENT_PATIENT), до 50 новых."""
        ...

    def write(self, deal_id: int, snapshot: str, *, permit: Permit | None = None) -> None:
        """Записывает снимок в сделку; повтор безвреден."""
        ...


class Visitors(Protocol):
    """Проверка спрашивающего на портале; отказ — AdmissionRefused, спросить некого — AdmissionUnavailable."""

    def owner(self, token: str) -> TokenOwner:
        """Возвращает, чей это токен: приложение, портал, сотрудник."""
        ...

    def deal(self, token: str, deal_id: int) -> tuple[int, VisitedDeal]:
        """Читает сделку токеном сотрудника; возвращает его номер на портале и сделку."""
        ...
