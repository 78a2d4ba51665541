"""Проверка приёма: МАП 4, 5; СПЕЦ 2.2.1; постановления 5, 13, 14, 22."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.reception import Reception
from services.domain.validation import REQUIRED, notes, violations, warnings
from tests.factories import MARK, NOW, RECEPTION, START, ZONE, make_line, make_reception

PERSONAL = ("Иванов", "Иван", "Иванович", "Петрова", "Мария", "Сергеевна", "1234567", "123-45-67")
TEXTS = [name for name in REQUIRED if isinstance(getattr(RECEPTION, name), str)]
gaps = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.sampled_from([None, "", "  "]) for name in TEXTS},
        "phone": st.sampled_from([None, "8916123456", "89161234567 89031234567", "Иванов 123-45-67"]),
        "plan_start": st.sampled_from([None, START + timedelta(days=4000), START - timedelta(days=4000)]),
        "cancel_reason": st.just("Иванов передумал"),
        "lines": st.just((make_line(price=Decimal(20_000_000)),)),
    },
)


def reasons(**changes: object) -> list[str]:
    """Возвращает коды нарушений приёма."""
    return [violation.reason for violation in violations(make_reception(**changes), NOW, ZONE)]


def messages(**changes: object) -> list[str]:
    """Возвращает тексты нарушений приёма."""
    return [violation.message for violation in violations(make_reception(**changes), NOW, ZONE)]


def test_sound_reception_has_neither_violations_nor_warnings() -> None:
    assert violations(RECEPTION, NOW, ZONE) == ()
    assert warnings(make_reception()) == ()
    assert notes(make_reception()) == ()


@pytest.mark.parametrize("field", REQUIRED)
def test_empty_required_field_rejects(field: str) -> None:
    """МАП 4.1: обязательные поля СПЕЦ 2.2.1."""
    assert reasons(**{field: None}) == [f"{field}_missing"]
    assert messages(**{field: None}) == [f"Поле «{REQUIRED[field]}» обязательно, но пусто"]


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("blank", ["", "   ", "\t\x00\n"])
def test_blank_required_text_rejects(field: str, blank: str) -> None:
    assert reasons(**{field: blank}) == [f"{field}_missing"]


@pytest.mark.parametrize("field", ["patronymic", "doctor_patronymic", "armchair", "comment", "source"])
def test_optional_field_may_be_empty(field: str) -> None:
    """СПЕЦ 2.2.1: необязательные."""
    assert reasons(**{field: None}) == []


def test_list_of_required_fields_is_configurable() -> None:
    reception = make_reception(profession=None, card_number=None)
    found = violations(reception, NOW, ZONE, required=("card_number",))
    assert [violation.field for violation in found] == ["card_number"]


@pytest.mark.parametrize(("phone", "reason"), [(None, "phone_missing"), ("12-34", "phone_invalid")])
def test_bad_phone_rejects(phone: str | None, reason: str) -> None:
    """МАП 4.2.1."""
    assert reasons(phone=phone) == [reason]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (datetime(2025, 12, 29, 12, 1), "Дата начала слишком далеко в будущем"),
        (datetime(2014, 12, 29, 11, 59), "Дата начала слишком далеко в прошлом"),
    ],
)
def test_far_date_rejects_with_the_text_of_the_specification(start: datetime, message: str) -> None:
    """МАП 4.2.2."""
    assert messages(plan_start=start, plan_end=start + timedelta(hours=1)) == [message]


@pytest.mark.parametrize("start", [datetime(2025, 12, 29, 12, 0), datetime(2014, 12, 29, 12, 0)])
def test_date_at_the_very_limit_is_accepted(start: datetime) -> None:
    assert messages(plan_start=start, plan_end=start + timedelta(hours=1)) == []


@pytest.mark.parametrize("minutes", [0, -1])
def test_end_must_be_strictly_later(minutes: int) -> None:
    """МАП 4.2.2."""
    found = messages(plan_end=START + timedelta(minutes=minutes))
    assert found == ["Время окончания должно быть позже времени начала"]


@pytest.mark.parametrize(
    ("price", "found"),
    [
        ("10000000.00", []),
        ("10000000.004", []),
        ("10000000.01", ["Сумма превышает допустимый лимит (10 млн руб.)"]),
        ("-1", []),
    ],
)
def test_sum_above_ten_millions_rejects(price: str, found: list[str]) -> None:
    """МАП 4.2.3; отрицательная сумма не отклоняет (постановление 5)."""
    assert messages(lines=(make_line(price=Decimal(price)),)) == found


def test_value_that_could_not_be_read_rejects_its_reception() -> None:
    assert reasons(flaw="comment") == ["unreadable"]


def test_reason_without_cancel_rejects() -> None:
    """МАП 4.3.1, постановление 22."""
    assert messages(cancel_reason="Заболел") == ["Причина отмены указана, но статус не 'Отменен'"]
    assert reasons(cancel_reason="Заболел", canceled_at=MARK) == []
    assert reasons(cancel_reason="  ") == []


def test_every_violation_is_named() -> None:
    found = reasons(surname=None, phone=None, plan_end=START, cancel_reason="Заболел")
    assert found == ["surname_missing", "phone_missing", "end_before_start", "cancel_reason_without_cancel"]


@given(gaps)
def test_messages_hide_people(changes: dict[str, object]) -> None:
    """СПЕЦ 3.4.1, постановление 14."""
    text = " ".join(messages(**changes)).replace("Имя", "")
    assert not any(personal in text for personal in PERSONAL)


@given(gaps)
def test_gap_in_data_never_breaks_the_check(changes: dict[str, object]) -> None:
    found = reasons(**changes)
    assert len(found) == len(set(found))
    assert bool(found) or not (changes.keys() - {"lines"})


@pytest.mark.parametrize(
    ("reception", "reason"),
    [
        pytest.param(make_reception(order_branch=None, armchair_branch=None), "branch_missing", id="МАП 5.1"),
        pytest.param(make_reception(canceled_at=MARK), "cancel_without_reason", id="МАП 4.3.2"),
        pytest.param(
            make_reception(lines=(make_line(discount=Decimal(1001)),)),
            "amount_negative",
            id="постановление 5",
        ),
    ],
)
def test_oddity_warns_but_does_not_reject(reception: Reception, reason: str) -> None:
    assert [warning.reason for warning in warnings(reception)] == [reason]
    assert violations(reception, NOW, ZONE) == ()


@pytest.mark.parametrize("lines", [(), (make_line(" "),)])
def test_reception_without_services_is_only_noted(lines: tuple[object, ...]) -> None:
    """МАП 5.2: уровень INFO, запись передаётся."""
    reception = make_reception(lines=lines)
    assert [note.reason for note in notes(reception)] == ["services_missing"]
    assert warnings(reception) == ()
    assert violations(reception, NOW, ZONE) == ()
