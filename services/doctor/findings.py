"""Находки осмотра."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from traceback import extract_tb

from services.advice import Front, worded
from services.domain.errors import SyncError


class Level(StrEnum):
    """Насколько находка важна."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


GROUPS = {
    **dict.fromkeys(("redis", "service", "sending", "alerts"), "Redis, служба, уведомления"),
    "portal": "Портал",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Находка: постоянный код проверки, о чём она, что видно и что сделать.

    Поступки в совете — места в фигурных скобках: их называет services/advice.
    """

    code: str
    level: Level
    text: str
    advice: str = ""

    @property
    def group(self) -> str:
        """Возвращает, чего находка касается: её заголовок в выводе для человека."""
        first, _, rest = self.code.partition(".")
        if first == "ident":
            return f"База Ident {rest.partition('.')[0]}"
        return GROUPS.get(first, "Этот компьютер")

    def told(self, front: Front) -> str:
        """Возвращает совет словами этого места."""
        return worded(self.advice, front)

    def as_dict(self) -> dict[str, str]:
        advice = self.told(Front.CONSOLE)
        return {"check": self.code, "level": str(self.level), "text": self.text, "advice": advice}


Check = Callable[[], Iterable[Finding]]


def ok(code: str, text: str) -> Finding:
    """Возвращает: здесь всё хорошо."""
    return Finding(code, Level.OK, text)


def warn(code: str, text: str, advice: str) -> Finding:
    """Возвращает: работать можно, но лучше исправить."""
    return Finding(code, Level.WARN, text, advice)


def fail(code: str, text: str, advice: str) -> Finding:
    """Возвращает: так работать нельзя."""
    return Finding(code, Level.FAIL, text, advice)


def performed(code: str, check: Check) -> Iterator[Finding]:
    """Выполняет проверку; её собственная беда — тоже находка, а не конец осмотра."""
    try:
        yield from check()
    except SyncError as error:
        yield fail(code, str(error), "Устраните причину и повторите осмотр")
    except Exception as error:
        text = f"проверка {code} не выполнилась: {type(error).__name__} в {place_of(error)}"
        yield fail(code, text, "Передайте разработчикам эту строку и журнал за сегодня")


def place_of(error: BaseException) -> str:
    """Возвращает, где в программе случилась ошибка: модуль и строка; чужие модули не называются."""
    own = [frame for frame in extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    return f"{Path(own[-1].filename).stem}, строка {own[-1].lineno}" if own else "неизвестном месте"


def worst(findings: Sequence[Finding]) -> Level:
    levels = {finding.level for finding in findings}
    return Level.FAIL if Level.FAIL in levels else Level.WARN if Level.WARN in levels else Level.OK
