"""Маска журнала: телефоны в любой записи, ФИО, секреты — и ничего лишнего."""

import pytest

from services.journal.masking import Masker, hide_foreign_words

MASKED = "+7916***45-67"


@pytest.mark.parametrize(
    "written",
    [
        "+79161234567",
        "79161234567",
        "89161234567",
        "9161234567",
        "8 (916) 123-45-67",
        "+7 916 123 45 67",
        "8-916-123-45-67",
        "8.916.123.45.67",
        "7 (916) 1234567",
        "916 123 45 67",
        "+7\u00a0(916)\u00a0123\u201145\u201167",
        "тел.89161234567",
        "＋７９１６１２３４５６７",
        "８ (９１６) １２３-４５-６７",
        "phone%3D%2B79161234567",
        "?phone=%2089161234567&x=1",
        "'phone': 89161234567}",
    ],
)
def test_phone_is_masked_in_any_writing(written: str) -> None:
    masked = Masker().mask(f"сбой: {written} конец")
    assert "123" not in masked
    assert MASKED in masked


@pytest.mark.parametrize("written", ["+380 44 123 45 67", "+1 (212) 555-01-99"])
def test_foreign_phone_is_masked_too(written: str) -> None:
    masked = Masker().mask(written)
    assert "***" in masked
    assert written[-5:] not in masked


@pytest.mark.parametrize(
    "plain",
    [
        "2026-11-24 10:15:23.123+0300 INFO приём=F1_12345 сделка=1337",
        "F1_89161234567 F12_79161234567",
        "operating_reset_at=1787220142 duration=0.21",
        "id 12345678901234 и 2026112410152300",
        "курсор 2026-11-24T08:30:15 8",
        "queued=200 attempts=3 retry_in=0:05:00",
        "база D1: 127.0.0.1,1433",
        "Филиал Абжалилова",
        "сделка обновлена, сумма строк равна сумме заказа",
        "логин или пароль: проверьте login, password и auth",
        "5c0e2f6a-7dec-41d0-a765-00a0c91e6bf6",
    ],
)
def test_ordinary_text_stays_as_it_is(plain: str) -> None:
    assert Masker().mask(plain) == plain


@pytest.mark.parametrize(
    "person",
    [
        "Иванов Иван Иванович",
        "Сафина-Лунёва Алсу Ринатовна",
        "ПЕТРОВА АННА ИЛЬИНИЧНА",
        "Кузьмин Пётр Кузьмич",
        "Мамедов Али Гасан оглы",
        "Иванов И.И.",
        "иванов иван иванович",
        "лунёва алсу ильинична",
        "Лунёва Алсу",
        "Чистопольская Анна",
    ],
)
def test_full_name_is_hidden(person: str) -> None:
    masked = Masker().mask(f"Reception skipped. Patient: {person}, reason")
    assert masked == "Reception skipped. Patient: [ФИО], reason"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("POST https://clinic.bitrix24.ru/rest/1/s3cr3tc0de/crm.deal.add", "s3cr3tc0de"),
        ("/rest/17/s3cr3tc0de.json?x=1", "s3cr3tc0de"),
        ("redis://:r3dispass@127.0.0.1:6379/0", "r3dispass"),
        ("redis://user:r3dispass@host/0", "r3dispass"),
        ("DRIVER={x};UID={sa};PWD={p;a}}ss};APP={y}", "p;a}}ss"),
        ("PWD=passw0rd;UID=sa", "passw0rd"),
        ("access_token=abcdef123456&x=1", "abcdef123456"),
        ("GET /rest/app.info/?auth=abcdef123456", "abcdef123456"),
        ('{"refresh_token": "abcdef123456"}', "abcdef123456"),
        ("Authorization: Bearer abcdef.123456", "abcdef.123456"),
        ("значение enc:gAAAAABnQ-x_y12345= лишнее", "gAAAAABnQ"),
        ("sealed gAAAAABnQxy1234567890abcdefghij==", "1234567890abcdefghij"),
    ],
)
def test_secret_is_hidden_by_its_shape(text: str, secret: str) -> None:
    masked = Masker().mask(text)
    assert secret not in masked
    assert "***" in masked


def test_known_secret_is_hidden_wherever_it_stands() -> None:
    masker = Masker(["пароль базы", "demo0webhook0code", "abc"])
    quoted = "%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C%20%D0%B1%D0%B0%D0%B7%D1%8B"
    masked = masker.mask(f"x demo0webhook0code y пароль базы z abc {quoted}")
    assert masked == "x *** y *** z abc ***"


def test_russian_words_of_foreign_messages_are_hidden() -> None:
    text = "could not convert string to float: 'Лунёва Алсу'"
    assert hide_foreign_words(text) == "could not convert string to float: '[скрыто]'"
