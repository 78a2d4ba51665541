"""Допуск к планам: проверка токена и сделки, память об удачных проверках, тормоза на неудачные.

Чужая настойчивость не задевает других: запрос без токена не считается никому, неудачи — своему адресу
(сделок — своему сотруднику) и общему счёту незнакомых адресов: того, с кого сотрудники уже входили, он
не касается. К порталу вкладка обращается из своего запаса и занимает не больше половины предела обмена.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from secrets import token_bytes
from typing import TYPE_CHECKING, Generic, TypeVar

from services.domain.admission import (
    AdmissionRefused,
    AdmissionUnavailable,
    Refusal,
    TokenOwner,
    VisitedDeal,
)
from services.domain.budget import Budget

if TYPE_CHECKING:
    from config.models import ApplicationSettings
    from services.bitrix.visitors import PortalVisitors

Value = TypeVar("Value")

#: Столько верим проверенному: отозванные права перестают действовать не позже.
TRUST_SECONDS = 180.0
MOST_REMEMBERED = 2000
WINDOW_SECONDS, DAY_SECONDS = 60.0, 86_400.0
#: Неудачных токенов адреса за минуту: дальше незнакомые токены с него даже не проверяются.
FAILURES_BY_ADDRESS = 10
#: То же — всех адресов вместе, с которых ни один сотрудник ещё не входил.
FAILURES_OF_STRANGERS = 60
#: Запросов одного сотрудника за минуту, из них новых сделок и чужих: выгрузить картотеку перебором не выйдет.
REQUESTS_BY_USER, DEALS_BY_USER, FOREIGN_BY_USER = 60, 20, 10
#: Запас обращений вкладки к порталу; пополняется половиной предела портала.
BUDGET = 10


@dataclass(frozen=True, slots=True)
class Pass:
    """Пропуск: сотрудник портала и сделка, которую ему показал портал."""

    user_id: int
    deal: VisitedDeal


class MinuteCount:
    """Счётчик событий за последнюю минуту (или иной срок) по ключам; память ограничена."""

    def __init__(self, limit: int, clock: Callable[[], float], window: float = WINDOW_SECONDS) -> None:
        self._limit, self._clock, self._window = limit, clock, window
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, key: str) -> None:
        moments = self._seen.setdefault(key, deque(maxlen=self._limit))
        moments.append(self._clock())
        self._seen.move_to_end(key)
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Забывает последнее событие: оно оказалось невинным."""
        if moments := self._seen.get(key):
            moments.pop()

    def wait(self, key: str) -> int:
        """Возвращает, сколько секунд ждать; 0 — можно."""
        moments = self._seen.get(key)
        if moments is None or len(moments) < self._limit:
            return 0
        return max(0, int(moments[0] + self._window - self._clock()) + 1)


class Trust(Generic[Value]):
    """Память на несколько минут; токены в ней — только оттисками."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, Value]] = OrderedDict()

    def get(self, key: bytes) -> Value | None:
        """Возвращает запомненное, если срок не вышел."""
        until, value = self._known.get(key, (0.0, None))
        return value if until > self._clock() else None

    def put(self, key: bytes, value: Value) -> None:
        self._known[key] = self._clock() + TRUST_SECONDS, value
        self._known.move_to_end(key)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)


class Gatekeeper:
    """Привратник: без проверенного сотрудника и его сделки пропуска нет."""

    def __init__(
        self,
        visitors: "PortalVisitors",
        application: "ApplicationSettings",
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        exceeded: Callable[[int], object] = lambda user_id: None,
    ) -> None:
        self._visitors, self._application, self._exceeded = visitors, application, exceeded
        self._lock, self._salt = threading.Lock(), token_bytes(32)
        self._owners, self._deals = Trust[TokenOwner](clock), Trust[VisitedDeal](clock)
        self._failures, self._strangers = (
            MinuteCount(FAILURES_BY_ADDRESS, clock),
            MinuteCount(FAILURES_OF_STRANGERS, clock),
        )
        self._familiar: OrderedDict[str, None] = OrderedDict()
        self._requests = MinuteCount(REQUESTS_BY_USER, clock)
        self._reads, self._foreign = MinuteCount(DEALS_BY_USER, clock), MinuteCount(FOREIGN_BY_USER, clock)
        self._budget = Budget(BUDGET, rate / 2, clock)
        self._days = MinuteCount(application.plans_per_day, clock, DAY_SECONDS)

    def admit(self, token: str, deal_id: int, address: str) -> Pass:
        """Возвращает пропуск к сделке; отказ — AdmissionRefused, проверить некому — AdmissionUnavailable."""
        owner = self._owner(token, source_of(address))
        self._measure(self._requests, str(owner.user_id))
        return Pass(owner.user_id, self._deal(token, deal_id, owner))

    def knows(self, token: str) -> bool:
        """Отвечает, проверен ли уже токен: тогда к серверу авторизации обращаться незачем."""
        with self._lock:
            return self._owners.get(self._print(token)) is not None

    def _owner(self, token: str, source: str) -> TokenOwner:
        key = self._print(token)
        with self._lock:
            if known := self._owners.get(key):
                return known
            strange = source not in self._familiar
            if wait := self._failures.wait(source) or (strange and self._strangers.wait("")):
                raise AdmissionRefused(Refusal.TOO_MANY_FAILURES, wait)
            # Проверка длится; пока она идёт, она считается неудачей — иначе сотня разом прошла бы вся.
            self._failures.note(source)
        try:
            owner = self._checked(token)
        except AdmissionRefused:
            with self._lock:
                self._strangers.note("")
            raise
        except AdmissionUnavailable:
            self._forgive(source)  # молчание портала — не вина спросившего
            raise
        self._forgive(source)
        with self._lock:
            self._owners.put(key, owner)
            self._familiar[source] = None
            self._familiar.move_to_end(source)
            while len(self._familiar) > MOST_REMEMBERED:
                self._familiar.popitem(last=False)
        return owner

    def _checked(self, token: str) -> TokenOwner:
        """Возвращает владельца токена нашего приложения; чужой — AdmissionRefused."""
        owner = self._visitors.owner(token)
        expected = (self._application.client_id, self._application.member_id)
        if (owner.client_id, owner.member_id) != expected or not owner.user_id:
            raise AdmissionRefused(Refusal.FOREIGN_APPLICATION)
        return owner

    def _forgive(self, source: str) -> None:
        with self._lock:
            self._failures.forgive(source)

    def _measure(self, count: MinuteCount, user: str) -> None:
        with self._lock:
            if wait := count.wait(user):
                raise AdmissionRefused(Refusal.TOO_OFTEN, wait)
            count.note(user)

    def _deal(self, token: str, deal_id: int, owner: TokenOwner) -> VisitedDeal:
        key, user = self._print(f"{deal_id}:{token}"), str(owner.user_id)
        with self._lock:
            if known := self._deals.get(key):
                return known
            if wait := self._foreign.wait(user):
                raise AdmissionRefused(Refusal.TOO_MANY_FAILURES, wait)
        self._measure(self._reads, user)
        self._count_day(owner.user_id)
        with self._lock:
            if not self._budget.take():
                raise AdmissionUnavailable(
                    "вкладку открывают слишком часто: повторите через несколько секунд"
                )
        try:
            user_id, deal = self._visitors.deal(token, deal_id)
        except AdmissionRefused:
            with self._lock:
                self._foreign.note(user)
            raise
        if user_id != owner.user_id:
            # Сервер авторизации и закреплённый портал знают под этим токеном разных людей.
            raise AdmissionRefused(Refusal.BAD_TOKEN)
        with self._lock:
            self._deals.put(key, deal)
        return deal

    def _count_day(self, user_id: int) -> None:
        """Считает сделки, открытые сотрудником за сутки; сверх предела — отказ и тревога."""
        with self._lock:
            wait = self._days.wait(str(user_id))
            if not wait:
                self._days.note(str(user_id))
        if wait:
            self._exceeded(user_id)
            raise AdmissionRefused(Refusal.TOO_MANY_TODAY, wait)

    def _print(self, text: str) -> bytes:
        return blake2b(text.encode(), key=self._salt, digest_size=16).digest()


def source_of(address: str) -> str:
    """Возвращает, чей это адрес для счёта: у IPv6 — вся сеть /64, её получает один компьютер."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(known) if known.version == 4 else str(ip_network((known, 64), strict=False))
