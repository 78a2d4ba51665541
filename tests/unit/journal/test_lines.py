"""Строка журнала: все шесть сведений СПЕЦ 2.6.1, одна строка на событие, без людей в исключениях."""

import logging
from collections.abc import Iterator

import pytest

from services.domain.errors import DatabaseError
from services.journal.events import EventLogger
from services.journal.lines import LineFormatter
from services.journal.masking import Masker


class Lines(logging.Handler):
    """Собирает готовые строки."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(LineFormatter(Masker()))
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Запоминает строку."""
        self.text.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Строки, которые попали бы в журнал."""
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def test_line_names_time_kind_reception_deal_result_and_error(lines: Lines) -> None:
    EventLogger("ident.sync").info("deal_created", reception="F1_12", deal=77)
    (line,) = lines.text
    assert line[:4].isdigit()
    assert "INFO     создание    приём=F1_12 сделка=77 итог=успех ошибка=- событие=deal_created" in line


def test_failure_says_what_happened(lines: Lines) -> None:
    EventLogger("ident.sync").error(
        "upsert_failed", reception="F1_12", reason="field_invalid", error="плохо тут"
    )
    assert "ошибка    приём=" not in lines.text[0]
    assert 'итог=сбой ошибка="плохо тут" событие=upsert_failed причина=field_invalid' in lines.text[0]


def test_event_takes_one_line_whatever_it_holds(lines: Lines) -> None:
    EventLogger("ident.sync").warning("x", message="первая\nвторая\r\nтретья")
    assert "\n" not in lines.text[0]
    assert '"первая вторая третья"' in lines.text[0]


def test_huge_line_is_cut(lines: Lines) -> None:
    EventLogger("ident.sync").info("x", message="я" * 50_000)
    assert len(lines.text[0]) < 7000


def raised(error: Exception) -> Exception:
    """Поднимает и ловит ошибку: с путём по коду."""
    try:
        raise error
    except Exception as caught:
        return caught


def test_foreign_exception_shows_its_path_but_not_the_patient(lines: Lines) -> None:
    error = raised(ValueError("bad value 'Лунёва Алсу' +79161234567"))
    logging.getLogger("celery.app.trace").error("Task raised: %r", error, exc_info=error)
    (line,) = lines.text
    assert "ValueError" in line
    assert "test_lines.py" in line
    assert not any(trace in line for trace in ("Лунёва", "Алсу", "1234567"))


def test_our_own_error_keeps_its_russian_text(lines: Lines) -> None:
    error = raised(DatabaseError("База Ident: сервер не найден"))
    logging.getLogger("celery.app.trace").error("Task failed", exc_info=error)
    assert "База Ident: сервер не найден" in lines.text[0]


def test_cause_of_an_exception_is_masked_too(lines: Lines) -> None:
    try:
        try:
            raise KeyError("Сафина")
        except KeyError as inner:
            raise RuntimeError("outer") from inner
    except RuntimeError as error:
        logging.getLogger("x").error("boom", exc_info=error)
    assert "RuntimeError" in lines.text[0]
    assert "KeyError" in lines.text[0]
    assert "Сафина" not in lines.text[0]
