"""Телефон: МАП 2.6.2, 4.2.1, постановление 23."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.phones import InvalidPhone, Phone, normalize_phone, same_phone

PHONE = Phone("+79161234567")
local_numbers = st.from_regex(r"[0-9]{10}", fullmatch=True)
phones = local_numbers.map(lambda local: Phone(f"+7{local}"))


def value_or_reason(raw: str) -> str:
    """Возвращает нормальный номер или код причины отказа."""
    try:
        return normalize_phone(raw).value
    except InvalidPhone as error:
        return error.reason


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("79161234567", id="МАП 2.6.2 пример 1"),
        pytest.param(79161234567, id="МАП 2.6.2 BIGINT"),
        pytest.param("+7 (916) 123-45-67", id="МАП 2.6.2 пример 2"),
        pytest.param("8-916-123-45-67", id="МАП 2.6.2 пример 3"),
        pytest.param("9161234567", id="МАП 2.6.2 шаг 4"),
        pytest.param(9161234567, id="МАП 2.6.2 шаг 4, число"),
        pytest.param("  8 (916) 123 45 67 ", id="пробелы по краям"),
        pytest.param("8\u00a0916\u00a0123\u00a045\u00a067", id="неразрывные пробелы"),
        pytest.param("\u202a+7 916 123-45-67\u202c", id="невидимые знаки вставки"),
        pytest.param("8–916–123—45‑67", id="тире вместо дефисов"),
        pytest.param("8.916.123.45.67.", id="точки"),
        pytest.param("89161234567;", id="знак на краю"),
        pytest.param("[8] 916/1234567", id="скобки и дробь"),
    ],
)
def test_phone_is_brought_to_one_form(raw: str | int) -> None:
    assert normalize_phone(raw) == PHONE


@pytest.mark.parametrize("raw", [None, "", "   ", "-", "+", "()", "\u200b"])
def test_empty_phone_is_missing(raw: str | None) -> None:
    with pytest.raises(InvalidPhone) as caught:
        normalize_phone(raw)
    assert caught.value.reason == "phone_missing"


@pytest.mark.parametrize(
    ("raw", "advice"),
    [
        pytest.param("8916123456", "10 цифр вместо 11", id="короткий с восьмёркой"),
        pytest.param("+7916123456", "10 цифр вместо 11", id="короткий с +7"),
        pytest.param("8432123456", "с +7 впереди", id="городской без кода страны: шаг 2 раньше шага 4"),
        pytest.param("7432123456", "с +7 впереди", id="десять цифр с семёркой: шаг 3 раньше шага 4"),
        pytest.param("2123456", "7 цифр вместо 11", id="городской"),
        pytest.param("89161234567 89031234567", "один номер", id="два номера через пробел"),
        pytest.param("89161234567, 89031234567", "один номер", id="два номера через запятую"),
        pytest.param("22-33-44, 7-55-66", "один номер", id="два коротких номера вместе не номер"),
        pytest.param("89161234567 доб. 12", "буквы или добавочный", id="добавочный"),
        pytest.param("8916123456O", "буквы", id="буква О вместо нуля"),
        pytest.param("нет", "буквы", id="слово"),
        pytest.param("89161234567#12", "лишние знаки", id="добавочный через решётку"),
        pytest.param("+375 29 123-45-67", "начинаться с +7", id="чужой код длиннее"),
        pytest.param("+1 212 555 1234", "начинаться с +7", id="чужой код той же длины"),
        pytest.param("19161234567", "начинаться с +7", id="одиннадцать цифр с единицы"),
        pytest.param("+8 916 123-45-67", "начинаться с +7", id="плюс и восьмёрка"),
        pytest.param("+7+9161234567", "других «+»", id="плюс в середине"),
        pytest.param("+7 8 916 123-45-67", "12 цифр", id="и +7, и восьмёрка"),
        pytest.param("٨٩١٦١٢٣٤٥٦٧", "не заполнен", id="не наши цифры"),
    ],
)
def test_bad_phone_says_what_to_correct(raw: str, advice: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        normalize_phone(raw)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("+375 29 123-45-67", "3752***67"), ("2-12-34-56", "***"), ("89161234567, 89031234567", "8916***67")],
)
def test_complaint_shows_only_a_mask(raw: str, shown: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        normalize_phone(raw)
    assert shown in str(caught.value)
    assert raw not in str(caught.value)


@pytest.mark.parametrize("shown", [repr(PHONE), str(PHONE), f"{PHONE}", f"{[PHONE]}"])
def test_phone_is_masked_wherever_it_is_printed(shown: str) -> None:
    """СПЕЦ 3.4.1: +7XXX***XX-XX."""
    assert "+7916***45-67" in shown
    assert "123" not in shown


def test_phone_knows_how_the_portal_could_have_stored_it() -> None:
    assert PHONE.variants == ("+79161234567", "79161234567", "89161234567", "9161234567")
    assert PHONE.digits == "79161234567"


@pytest.mark.parametrize(
    "raw", ["+7 (916) 123-45-67", "8 916 123 45 67", "9161234567", "tel:+79161234567", 79161234567]
)
def test_phone_from_the_portal_is_recognised_in_any_form(raw: object) -> None:
    assert same_phone(raw, PHONE)


@pytest.mark.parametrize(
    "raw", [None, "", "4567", "+79161234568", "+19161234567", "+7916123456789", "0079161234567"]
)
def test_other_phone_from_the_portal_is_not_ours(raw: object) -> None:
    assert not same_phone(raw, PHONE)


@given(phones)
def test_every_variant_means_the_same_phone(phone: Phone) -> None:
    assert all(same_phone(variant, phone) for variant in phone.variants)


@given(phones)
def test_normal_phone_stays_itself(phone: Phone) -> None:
    assert normalize_phone(phone.value) == phone


@given(local_numbers, st.lists(st.sampled_from(" ()-.\u00a0–"), min_size=11, max_size=11))
def test_punctuation_between_digits_changes_nothing(local: str, marks: list[str]) -> None:
    raw = "8" + "".join(mark + digit for mark, digit in zip(marks, local, strict=False))
    assert normalize_phone(raw) == Phone(f"+7{local}")


@given(st.one_of(st.text(), st.text("0123456789+-() 78")))
@example("8" * 11)
def test_any_text_becomes_a_valid_phone_or_an_explanation(raw: str) -> None:
    """МАП 4.2.1: ровно 11 цифр, начинается с +7."""
    assert re.fullmatch(r"\+7[0-9]{10}|phone_missing|phone_invalid", value_or_reason(raw))


@given(phones, st.binary(min_size=1, max_size=100))
def test_token_hides_the_number_and_is_stable(phone: Phone, key: bytes) -> None:
    token = phone.token(key)
    assert token == Phone(phone.value).token(key)
    assert phone.digits[1:] not in token
    assert len(token) == 32


def test_token_depends_on_key_and_number() -> None:
    tokens = {PHONE.token(b"one"), PHONE.token(b"two"), Phone("+79161234568").token(b"one")}
    assert len(tokens) == 3


def test_token_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="ключ"):
        PHONE.token(b"")
