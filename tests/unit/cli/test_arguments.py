"""Ключи команд: негодное отвергается по-русски, с кодом 2 и до начала работы."""

from collections.abc import Callable, Sequence

import pytest

from bench.faults import parser as faults
from cli import demo
from cli import test as checks
from cli.arguments import in_russian
from cli.backfill import parser as backfill
from cli.run import main as run


def refused(read: Callable[[list[str]], object], line: Sequence[str]) -> int:
    """Возвращает код отказа."""
    with pytest.raises(SystemExit) as stop:
        read(list(line))
    return int(stop.value.code or 0)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("--port", "99999"), "--port: нужно целое число от 0 до 65535, а написано '99999'"),
        (("--port", "восемь"), "--port: нужно целое число от 0 до 65535, а написано 'восемь'"),
        (("--port",), "--port: не хватает значения"),
        (("--minutes", "-5"), "--minutes: нужно число больше нуля, а написано '-5'"),
        (("--minutes", "nan"), "--minutes: нужно число больше нуля, а написано 'nan'"),
        (("--once", "--changes", "-1"), "--changes: нужно целое число от 0, а написано '-1'"),
        (("--json",), "--json работает только с --once"),
        (("--changes", "3"), "--changes работает только с --once"),
        (("--once", "--minutes", "3"), "--minutes не сочетается с --once"),
        (("--once", "--port", "8000"), "--port не сочетается с --once"),
        (("--onse",), "незнакомые ключи: --onse"),
    ],
)
def test_demo_refuses_before_anything_starts(
    line: Sequence[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(demo.read, line) == 2
    assert capsys.readouterr().err.splitlines() == [told, "Ключи: python manage.py demo --help"]


@pytest.mark.parametrize(
    ("read", "line", "told"),
    [
        (faults().parse_args, ("--rounds", "0"), "--rounds: нужно целое число от 1, а написано '0'"),
        (run, ("--concurrency", "-1"), "--concurrency: нужно целое число от 1, а написано '-1'"),
        (run, ("--pool", "solo"), "--pool: нет значения 'solo'; есть: "),
        (backfill().parse_args, ("--branch", "F1", "--from", "31.02.2026"), "--from: нужен день вида"),
        (backfill().parse_args, (), "не хватает: --branch"),
    ],
)
def test_other_commands_refuse_in_the_same_words(
    read: Callable[[list[str]], object], line: Sequence[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(read, line) == 2
    assert capsys.readouterr().err.startswith(told)


def test_keys_unknown_to_pytest_are_refused_before_the_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(checks.main, ["--nosuch"]) == 2
    assert "незнакомые ключи: --nosuch" in capsys.readouterr().err


def test_keys_of_pytest_are_let_through() -> None:
    assert checks.refused(["-k", "phone", "-x"]) == ""


def test_unknown_words_stay_as_they_are() -> None:
    assert in_russian("something new") == "something new"


def test_help_is_in_russian() -> None:
    text = demo.parser().format_help()
    assert text.startswith("Вызов: python manage.py demo ")
    assert not [word for word in ("usage", "options", "show this help") if word in text]
