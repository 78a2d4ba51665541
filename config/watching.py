"""Слежение за файлами настроек: изменился ли файл с прошлого раза, по его оттиску (СПЕЦ 3.4.3)."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from config.files import replace_text

ABSENT = "нет файла"
#: Чаще диск об одном файле не спрашивают, секунды.
LOOK_EVERY = 2.0
#: Эти разделы Celery читает один раз: очереди, брокер, расписание, число потоков.
STARTUP = ("redis", "branches", "node", "sync")


@dataclass(frozen=True, slots=True)
class Change:
    """Файл изменился: прежний и новый оттиск."""

    file: str
    was: str
    now: str


class FileWatch:
    """Оттиски файлов, пережившие перезапуск: лежат в папке состояния."""

    def __init__(self, files: Iterable[Path], memory: Path) -> None:
        self._files, self._memory = list(files), memory

    def changes(self) -> list[Change]:
        """Возвращает, что изменилось с прошлого вызова; первый вызов только запоминает."""
        known, seen = dict(self._known()), {file.name: fingerprint(file) for file in self._files}
        found = [Change(name, known[name], now) for name, now in seen.items() if known.get(name, now) != now]
        if known != seen:
            self._remember(seen)
        return found

    def _known(self) -> Iterator[tuple[str, str]]:
        try:
            lines = self._memory.read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            mark, _, name = line.partition("  ")
            yield name, mark

    def _remember(self, seen: dict[str, str]) -> None:
        text = "".join(f"{mark}  {name}\n" for name, mark in seen.items())
        self._memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._memory.exists():
            self._memory.touch(0o600)
        replace_text(self._memory, text)


class LiveFile:
    """Файл настроек работающего процесса: замечает перемену содержимого, а не только времени."""

    def __init__(self, path: Path, now: Callable[[], float] = time.monotonic) -> None:
        self.path, self._now = path, now
        self._stamp, self._print = _stamp(path), fingerprint(path)
        self._next = now() + LOOK_EVERY

    def changed(self) -> bool:
        """Отвечает, изменился ли файл с прошлого вопроса; пропавший на миг — не изменился."""
        if self._now() < self._next:
            return False
        self._next = self._now() + LOOK_EVERY
        stamp = _stamp(self.path)
        if stamp is None or stamp == self._stamp:
            return False
        found = fingerprint(self.path)
        if found == ABSENT:
            return False
        before, self._stamp, self._print = self._print, stamp, found
        return found != before


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def fingerprint(file: Path) -> str:
    """Возвращает оттиск содержимого: по нему видно, что файл другой, но не видно, что в нём."""
    try:
        return blake2b(file.read_bytes(), digest_size=8).hexdigest()
    except OSError:
        return ABSENT
