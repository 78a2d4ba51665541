"""Справка каждой команды: по-русски, с примером, чьи ключи в ней есть."""

import importlib
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from cli.arguments import CALL
from cli.commands import COMMANDS
from cli.examples import EXAMPLES

LATIN_VALUE = re.compile(r"--[\w-]+ ([A-Z]{2,})\b")


def help_of(capsys: pytest.CaptureFixture[str], command: str) -> str:
    """Возвращает справку команды или её действия."""
    name, *action = command.split()
    with suppress(SystemExit):
        assert importlib.import_module(f"cli.{name}").main([*action, "--help"]) == 0
    return capsys.readouterr().out


def actions(text: str) -> Iterator[str]:
    """Возвращает действия команды: строки с отступом в четыре знака под её местом для действия."""
    _, found, listed = text.partition("ДЕЙСТВИЕ\n" if "ДЕЙСТВИЕ\n" in text else "ПОДКОМАНДА\n")
    return (match[1] for match in re.finditer(r"^    (\w+)", listed, re.MULTILINE)) if found else iter(())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_and_its_actions_has_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(capsys, command)
    texts = {command: text} | {
        f"{command} {action}": help_of(capsys, f"{command} {action}") for action in actions(text)
    }
    assert {
        name: one
        for name, one in texts.items()
        if f"Пример: {CALL}manage.py {name} {EXAMPLES[name]}".rstrip() not in one
    } == {}


@pytest.mark.parametrize("command", [name for name in EXAMPLES if name not in ("test", "bench")])
def test_keys_of_the_example_are_keys_of_the_command(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    used = EXAMPLES[command].split()
    whole = f"{command} {used[0]}" if f"{command} {used[0] if used else ''}" in EXAMPLES else command
    known = help_of(capsys, whole)
    assert [key for key in used if key.startswith("--") and key not in known] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_values_of_keys_are_named_in_russian(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys, command)
    texts = [text, *(help_of(capsys, f"{command} {action}") for action in actions(text))]
    assert [value for one in texts for value in LATIN_VALUE.findall(one) if value not in ("F", "N")] == []
