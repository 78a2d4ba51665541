"""Допуск к планам: проверка токена и сделки, память об удачных проверках, тормоз на неудачные."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING, Generic, TypeVar

from services.domain.admission import AdmissionRefused, Refusal, TokenOwner, VisitedDeal

if TYPE_CHECKING:
    from config.models import ApplicationSettings
    from services.ports import Visitors

Value = TypeVar("Value")

#: Столько верим проверенному: отозванные права перестают действовать не позже.
TRUST_SECONDS = 180.0
MOST_REMEMBERED = 2000
WINDOW_SECONDS = 60.0
#: Неудач за минуту: с одного адреса и всего — дальше незнакомые токены даже не проверяются.
FAILURES_BY_ADDRESS, FAILURES_IN_ALL = 10, 60
#: Запросов одного сотрудника за минуту: выгрузить картотеку перебором сделок не выйдет.
REQUESTS_BY_USER = 60


@dataclass(frozen=True, slots=True)
class Pass:
    """Пропуск: сотрудник портала и сделка, которую ему показал портал."""

    user_id: int
    deal: VisitedDeal


class Pace:
    """Счётчик событий за последнюю минуту по ключам; память ограничена."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit, self._clock = limit, clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, key: str) -> None:
        """Считает событие."""
        moments = self._seen.setdefault(key, deque(maxlen=self._limit))
        moments.append(self._clock())
        self._seen.move_to_end(key)
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)

    def wait(self, key: str) -> int:
        """Возвращает, сколько секунд ждать; 0 — можно."""
        moments = self._seen.get(key)
        if moments is None or len(moments) < self._limit:
            return 0
        return max(0, int(moments[0] + WINDOW_SECONDS - self._clock()) + 1)


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
        """Запоминает."""
        self._known[key] = self._clock() + TRUST_SECONDS, value
        self._known.move_to_end(key)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)


class Gatekeeper:
    """Привратник: без проверенного сотрудника и его сделки пропуска нет."""

    def __init__(
        self,
        visitors: "Visitors",
        application: "ApplicationSettings",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._visitors, self._application = visitors, application
        self._lock, self._salt = threading.Lock(), token_bytes(32)
        self._owners, self._deals = Trust[TokenOwner](clock), Trust[VisitedDeal](clock)
        self._failures, self._all_failures = Pace(FAILURES_BY_ADDRESS, clock), Pace(FAILURES_IN_ALL, clock)
        self._requests = Pace(REQUESTS_BY_USER, clock)

    def admit(self, token: str, deal_id: int, address: str) -> Pass:
        """Возвращает пропуск к сделке; отказ — AdmissionRefused, проверить некому — AdmissionUnavailable."""
        try:
            owner = self._owner(token, address)
            self._measure(owner)
            return Pass(owner.user_id, self._deal(token, deal_id, owner))
        except AdmissionRefused as refused:
            if refused.retry_after is None:
                self.blame(address)
            raise

    def blame(self, address: str) -> None:
        """Считает неудачу адреса."""
        with self._lock:
            self._failures.note(address)
            self._all_failures.note("")

    def _owner(self, token: str, address: str) -> TokenOwner:
        key = self._print(token)
        with self._lock:
            known = self._owners.get(key)
            wait = 0 if known else max(self._failures.wait(address), self._all_failures.wait(""))
        if known is not None:
            return known
        if wait:
            raise AdmissionRefused(Refusal.TOO_MANY_FAILURES, wait)
        owner = self._visitors.owner(token)
        expected = (self._application.client_id, self._application.member_id)
        if (owner.client_id, owner.member_id) != expected or not owner.user_id:
            raise AdmissionRefused(Refusal.FOREIGN_APPLICATION)
        with self._lock:
            self._owners.put(key, owner)
        return owner

    def _measure(self, owner: TokenOwner) -> None:
        with self._lock:
            if wait := self._requests.wait(str(owner.user_id)):
                raise AdmissionRefused(Refusal.TOO_OFTEN, wait)
            self._requests.note(str(owner.user_id))

    def _deal(self, token: str, deal_id: int, owner: TokenOwner) -> VisitedDeal:
        key = self._print(f"{deal_id}:{token}")
        with self._lock:
            known = self._deals.get(key)
        if known is not None:
            return known
        user_id, deal = self._visitors.deal(token, deal_id)
        if user_id != owner.user_id:
            # Сервер авторизации и закреплённый портал знают под этим токеном разных людей.
            raise AdmissionRefused(Refusal.BAD_TOKEN)
        with self._lock:
            self._deals.put(key, deal)
        return deal

    def _print(self, text: str) -> bytes:
        return blake2b(text.encode(), key=self._salt, digest_size=16).digest()
