"""Осмотр установленной программой самой себя (doctor) и сравнение осмотров."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from installer.folders import Pause
from installer.ports import CommandFailed, Host

Seen = TypeVar("Seen")
LOOK_SECONDS = 3.0

#: Этих проверок без Redis нет.
BEHIND_REDIS = frozenset({"service", "sending", "alerts"})


@dataclass(frozen=True, slots=True)
class Patience:
    """Сколько ждать, пока узел подаст признаки жизни, и чем ждать."""

    seconds: float = 60.0
    pause: Pause = time.sleep

    def until_good(self, look: Callable[[], Seen]) -> Seen:
        """Смотрит, пока есть на что жаловаться и не вышел срок; возвращает последнее увиденное."""
        deadline = time.monotonic() + self.seconds
        while (seen := look()) and time.monotonic() < deadline:
            self.pause(LOOK_SECONDS)
        return seen


USUAL = Patience()


@dataclass(frozen=True, slots=True)
class Finding:
    """Находка осмотра."""

    check: str
    level: str
    text: str
    advice: str = ""


def examine(host: Host) -> Sequence[Finding]:
    """Осматривает установку работающей версией программы; не запустилась — находка об этом."""
    command = [str(host.layout.program), "doctor", "--json", "--config", str(host.layout.settings)]
    try:
        told = host.run(command)
    except CommandFailed as error:
        told = error.output
    return parse(told)


def parse(told: str) -> Sequence[Finding]:
    """Разбирает вывод осмотра; итог — последняя строка JSON."""
    for line in reversed(told.splitlines()):
        try:
            raw = json.loads(line)
            return [
                Finding(item["check"], item["level"], item["text"], item["advice"])
                for item in raw["findings"]
            ]
        except (ValueError, TypeError, KeyError):
            continue
    return [
        Finding("doctor", "fail", f"осмотр не выполнился: {told.strip()[-400:]}", "Запустите doctor сами")
    ]


def failures(findings: Sequence[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings if finding.level == "fail"}


def worsened(before: Sequence[Finding], after: Sequence[Finding]) -> Sequence[Finding]:
    """Возвращает отказы, которых до обновления не было: чужая беда обновлению не помеха.

    Отказ закрывает собой остальное: пока портал не отвечал, его поля никто не смотрел, и найденное в них
    теперь — не вина обновления.
    """
    known = failures(before)
    return [finding for name, finding in failures(after).items() if not _was_hidden(name, known)]


def _was_hidden(name: str, known: Mapping[str, Finding]) -> bool:
    return any(name == earlier or name.startswith(f"{earlier}.") for earlier in known) or (
        "redis" in known and name in BEHIND_REDIS
    )


def waiting_for(findings: Sequence[Finding], check: str) -> Finding | None:
    """Возвращает находку проверки, пока она не хороша."""
    return next((finding for finding in findings if finding.check == check and finding.level != "ok"), None)
