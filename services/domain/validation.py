"""Проверка приёма перед отправкой: что отклоняет запись и что лишь настораживает (МАП 4, 5)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from services.domain.dates import too_far_ahead, too_far_back
from services.domain.phones import InvalidPhone, normalize_phone
from services.domain.reception import UNKNOWN_BRANCH, Reception, branch_name
from services.domain.services_list import MAX_AMOUNT, total_amount
from services.domain.texts import line


@dataclass(frozen=True, slots=True)
class Violation:
    """Нарушение: код причины, поле и текст для администратора без людей и номеров."""

    reason: str
    field: str
    message: str

    @property
    def paragraph(self) -> str:
        """Возвращает пункт ТЗ, которому запись не отвечает."""
        missing = self.reason.endswith("_missing") and self.field in REQUIRED
        return "МАП 4.1" if missing else PARAGRAPHS.get(self.field, "МАП 4.1")


#: Пункт ТЗ, по которому поле отклоняет запись или настораживает; остальные обязательны — МАП 4.1.
PARAGRAPHS: Mapping[str, str] = {
    "phone": "МАП 4.2.1",
    "plan_start": "МАП 4.2.2",
    "plan_end": "МАП 4.2.2",
    "amount": "МАП 4.2.3",
    "cancel_reason": "МАП 4.3",
    "filial": "МАП 5.1",
    "services": "МАП 5.2",
    "record": "СПЕЦ 2.4.1.3",
}

#: Обязательные поля МАП 2.2 и СПЕЦ 2.2.1 и их имена для людей; телефон проверяется отдельно.
#: Филиал и статус есть всегда: они вычисляются.
REQUIRED: Mapping[str, str] = {
    "plan_start": "Начало приема",
    "plan_end": "Окончание приема",
    "card_number": "Номер карты",
    "surname": "Фамилия",
    "name": "Имя",
    "doctor_surname": "Фамилия врача",
    "doctor_name": "Имя врача",
    "profession": "Специальность",
    "created_at": "Время создания записи",
}


def violations(
    reception: Reception, now: datetime, zone: timezone, required: Sequence[str] = tuple(REQUIRED)
) -> tuple[Violation, ...]:
    """Возвращает всё, из-за чего запись нельзя отправить; пусто — запись годна."""
    return (
        *_unreadable(reception),
        *_missing(reception, required),
        *_bad_phone(reception),
        *_bad_dates(reception, now, zone),
        *_bad_amount(reception),
        *_incoherent_cancel(reception),
    )


def _unreadable(reception: Reception) -> Iterator[Violation]:
    """Отклоняет приём, чьё значение не прочлось: остальные страницы это не задерживает (СПЕЦ 2.4.1.3)."""
    if reception.flaw:
        yield Violation("unreadable", reception.flaw, f"Значение «{reception.flaw}» не читается из базы")


def _missing(reception: Reception, required: Sequence[str]) -> Iterator[Violation]:
    for field in required:
        value = getattr(reception, field)
        if value is None or (isinstance(value, str) and not line(value)):
            yield Violation(f"{field}_missing", field, f"Поле «{REQUIRED[field]}» обязательно, но пусто")


def _bad_phone(reception: Reception) -> Iterator[Violation]:
    try:
        normalize_phone(reception.phone)
    except InvalidPhone as error:
        yield Violation(error.reason, "phone", str(error))


def _bad_dates(reception: Reception, now: datetime, zone: timezone) -> Iterator[Violation]:
    start, end = reception.plan_start, reception.plan_end
    if start is not None and too_far_ahead(start, now, zone):
        yield Violation("start_too_late", "plan_start", "Дата начала слишком далеко в будущем")
    if start is not None and too_far_back(start, now, zone):
        yield Violation("start_too_early", "plan_start", "Дата начала слишком далеко в прошлом")
    if start is not None and end is not None and end <= start:
        yield Violation("end_before_start", "plan_end", "Время окончания должно быть позже времени начала")


def _bad_amount(reception: Reception) -> Iterator[Violation]:
    """Отклоняет только превышение: отрицательная сумма становится нулём (постановление 5)."""
    if total_amount(reception.lines) > MAX_AMOUNT:
        yield Violation("amount_too_big", "amount", "Сумма превышает допустимый лимит (10 млн руб.)")


def _incoherent_cancel(reception: Reception) -> Iterator[Violation]:
    if line(reception.cancel_reason) and reception.canceled_at is None:
        message = "Причина отмены указана, но статус не 'Отменен'"
        yield Violation("cancel_reason_without_cancel", "cancel_reason", message)


def warnings(reception: Reception) -> tuple[Violation, ...]:
    """Возвращает то, на что администратору стоит взглянуть; отправке оно не мешает."""
    return tuple(warning for condition, warning in WARNINGS if condition(reception))


def notes(reception: Reception) -> tuple[Violation, ...]:
    """Возвращает обычные, но заметные случаи: для журнала с уровнем INFO (МАП 5.2)."""
    if any(line(item.service) for item in reception.lines):
        return ()
    return (Violation("services_missing", "services", "Заказ не сформирован: услуг нет"),)


def _is_canceled_silently(reception: Reception) -> bool:
    return reception.canceled_at is not None and not line(reception.cancel_reason)


WARNINGS: Sequence[tuple[Callable[[Reception], bool], Violation]] = (
    (
        lambda reception: branch_name(reception) == UNKNOWN_BRANCH,
        Violation(
            "branch_missing", "filial", "Филиал не определён, записан «Не указан»: проверьте OwnCompanies"
        ),
    ),
    (
        _is_canceled_silently,
        Violation("cancel_without_reason", "cancel_reason", "Запись отменена без причины"),
    ),
    (
        lambda reception: total_amount(reception.lines) < 0,
        Violation("amount_negative", "amount", "Сумма не может быть отрицательной: записан 0"),
    ),
)
