"""Разбор ключей команд: отказ и справка по-русски, негодное значение отвергается до начала работы."""

import argparse
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar

from cli.examples import EXAMPLES

Found = TypeVar("Found")
#: Собранную программу зовут по имени, проект — через Python.
CALL = "" if getattr(sys, "frozen", False) else "python "
#: Как назвать значение ключа, если своего имени ему не дали: по тому, чем оно читается.
VALUES: Mapping[str, str] = {
    **dict.fromkeys(("count", "amount", "positive", "int", "float"), "ЧИСЛО"),
    "port": "ПОРТ",
    "Path": "ПУТЬ",
    "day": "ДЕНЬ",
}
#: Слова argparse → наши; незнакомое остаётся как есть. Кавычки и значения argparse пишет сам.
MESSAGES: Mapping[str, str] = {
    r"^unrecognized arguments: (.+)": r"незнакомые ключи: \1",
    r"^the following arguments are required: (.+)": r"не хватает: \1",
    r"^argument (.+?): expected .*argument.*": r"\1: не хватает значения",
    r"^argument (.+?): invalid (?:int|float) value: (.+)": r"\1: нужно число, а написано \2",
    r"^argument (.+?): invalid choice: (.+?) \((?:.*?)choose from (.+)\)$": r"\1: нет значения \2; есть: \3",
    r"^argument (.+?): not allowed with argument (.+)": r"\1: вместе с \2 нельзя",
    r"^argument (.+?): ignored explicit argument (.+)": r"\1: значение \2 здесь лишнее",
    r"^ambiguous option: (.+) could match (.+)": r"\1: непонятно, какой ключ: \2",
    r"^argument (.+?): (.+)": r"\1: \2",
}


class Russian(argparse.HelpFormatter):
    """Справка, где и значение ключа названо по-русски."""

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        return VALUES.get(getattr(action.type, "__name__", ""), "ЗНАЧЕНИЕ")


class Arguments(argparse.ArgumentParser):
    """Разбор ключей одной команды."""

    #: Только понять ключи: так их проверяют, пока окружения нет и работать не на чем.
    only_understand = False

    def __init__(
        self, *, add_help: bool = True, parents: Sequence[argparse.ArgumentParser] = (), **named: Any
    ) -> None:
        super().__init__(add_help=False, formatter_class=Russian, **named)
        self._positionals.title, self._optionals.title = "что", "ключи"
        if add_help:
            self.add_argument("-h", "--help", action="help", help="показать эту справку")
        for parent in parents:  # после имён разделов: иначе ключи родителя встали бы вторым разделом
            self._add_container_actions(parent)

    def parse_args(self, args: Sequence[str] | None = None) -> argparse.Namespace:  # type: ignore[override]
        """Возвращает разобранные ключи; незнакомые — отказ."""
        return self._understood(super().parse_args(args))

    def parse_ours(self, arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
        """Возвращает свои ключи и чужие, которые передадут дальше."""
        return self._understood(self.parse_known_args(arguments))

    def _understood(self, found: Found) -> Found:
        if Arguments.only_understand:
            self.exit()
        return found

    def actions(self, *rows: tuple[str, Callable[..., int], str]) -> "list[Arguments]":
        """Заводит действия команды (имя, чем выполняется, о чём) и возвращает разбор ключей каждого."""
        actions = self.add_subparsers(title="действия", required=True, metavar="ДЕЙСТВИЕ")
        made = [actions.add_parser(name, help=text, description=text) for name, _, text in rows]
        for own, (_, action, _) in zip(made, rows, strict=True):
            own.set_defaults(action=action)
        return made

    def error(self, message: str) -> NoReturn:
        """Отказывает с кодом 2: что не так и где справка."""
        self.exit(2, f"{in_russian(message)}\nКлючи: {CALL}{self.prog} --help\n")

    def format_usage(self) -> str:
        return super().format_usage().replace("usage:", f"Вызов: {CALL.rstrip()}".rstrip(), 1)

    def format_help(self) -> str:
        text = super().format_help().replace("usage:", f"Вызов: {CALL.rstrip()}".rstrip(), 1)
        example = EXAMPLES.get(self.prog.partition(" ")[2])
        return text if example is None else f"{text}\nПример: {CALL}{self.prog} {example}".rstrip() + "\n"

    def only_with(self, options: argparse.Namespace, master: str, *names: str, without: bool = False) -> None:
        """Отказывает, если ключ назван не к месту: он молча ничего бы не сделал."""
        if bool(self._value(options, master)) is not without:
            return
        for name in names:
            if self._value(options, name) != self.get_default(_dest(name)):
                self.error(f"{name} {'не сочетается с' if without else 'работает только с'} {master}")

    def _value(self, options: argparse.Namespace, name: str) -> object:
        return getattr(options, _dest(name))


def in_russian(message: str) -> str:
    for pattern, words in MESSAGES.items():
        if re.search(pattern, message):
            return re.sub(pattern, words, message)
    return message


def _dest(name: str) -> str:
    return name.lstrip("-").replace("-", "_")


def count(text: str) -> int:
    """Возвращает количество: целое от единицы."""
    return _whole(text, 1, None)


def amount(text: str) -> int:
    """Возвращает количество, которое бывает нулём."""
    return _whole(text, 0, None)


def port(text: str) -> int:
    """Возвращает номер порта; ноль — любой свободный."""
    return _whole(text, 0, 65535)


def positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"нужно число больше нуля, а написано {text!r}")
    return number


def day(text: str) -> date:
    """Понимает день, как его пишут люди (31.03.2026) и программы (2026-03-31)."""
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        with suppress(ValueError):
            return datetime.strptime(text, form).date()
    raise argparse.ArgumentTypeError(f"нужен день вида 31.03.2026, а написано {text!r}")


def _whole(text: str, least: int, most: int | None) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least or (most is not None and number > most):
        told = f"целое число от {least}" + (f" до {most}" if most is not None else "")
        raise argparse.ArgumentTypeError(f"нужно {told}, а написано {text!r}")
    return number
