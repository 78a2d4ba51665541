"""Допуск к плану лечения: кто спрашивает, какую сделку ему показал портал и почему отказано (СПЕЦ 3.4.2)."""

from dataclasses import dataclass
from enum import StrEnum

from services.domain.names import normalize_name
from services.domain.patients_match import name_from_title, name_key


class Refusal(StrEnum):
    """Причины отказа; значение — постоянный код для ответа и журнала безопасности."""

    NO_TOKEN = "no_token"
    BAD_TOKEN = "bad_token"
    EXPIRED_TOKEN = "expired_token"
    FOREIGN_APPLICATION = "foreign_application"
    FOREIGN_DEAL = "foreign_deal"
    FOREIGN_RECEPTION = "foreign_reception"
    FOREIGN_NAME = "foreign_name"
    TOO_MANY_FAILURES = "too_many_failures"
    TOO_OFTEN = "too_often"
    FOREIGN_KEY = "foreign_key"
    TOO_MANY_TODAY = "too_many_today"


class AdmissionRefused(Exception):
    """Отказано: план не показывают."""

    def __init__(self, refusal: Refusal, retry_after: int | None = None) -> None:
        super().__init__(refusal, retry_after)
        self.refusal, self.retry_after = refusal, retry_after


class AdmissionUnavailable(Exception):
    """Портал или сервер авторизации не ответил: проверить некому, поэтому план не показывают."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """Чей это токен: приложение, портал и сотрудник — со слов сервера авторизации."""

    client_id: str
    member_id: str
    user_id: int


@dataclass(frozen=True, slots=True, repr=False)
class VisitedDeal:
    """Сделка, какой её видит сам сотрудник; ``repr`` людей не показывает."""

    deal_id: int
    reception_uid: str
    filial: str
    contact_name: str
    title: str
    category_id: int = 0
    phones: tuple[str, ...] = ()
    created_by: int | None = None

    def __repr__(self) -> str:
        return f"VisitedDeal({self.deal_id})"

    @property
    def full_name(self) -> str:
        """Возвращает ФИО пациента из контакта: название сделки пишет кто угодно (ТЗ 3.1.10)."""
        return normalize_name(self.contact_name)


def check_claims(deal: VisitedDeal, reception_uid: str, full_name: str) -> None:
    """Сверяет сказанное страницей со сделкой; чужой приём или чужое ФИО — AdmissionRefused.

    Страница не выбирает, чей план смотреть: это решает сделка, которую сотруднику показал портал.
    """
    if reception_uid and reception_uid != deal.reception_uid:
        raise AdmissionRefused(Refusal.FOREIGN_RECEPTION)
    known = {name_key(deal.contact_name), name_key(name_from_title(deal.title))} - {""}
    if full_name and name_key(full_name) not in known:
        raise AdmissionRefused(Refusal.FOREIGN_NAME)
