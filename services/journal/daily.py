"""Суточные файлы журнала: новый файл каждый день, старше срока — удаляются (СПЕЦ 2.6.2, ТЗ 3.3.3)."""

import logging
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from services.journal.append import append, is_still, open_for_append
from services.journal.kinds import RESERVED
from services.journal.space import RESERVE_SHARE, Mode, Space, admits, explained, mode_for

INSPECT_SECONDS = 15.0


def disk_used(folder: Path) -> float:
    usage = shutil.disk_usage(folder)
    return 1 - usage.free / usage.total if usage.total else 1.0


class DailyFile(logging.Handler):
    """Файл ``приставка_ГГГГ-ММ-ДД.txt``; о беде с диском говорит один раз и прощает её."""

    def __init__(
        self,
        folder: Path,
        prefix: str,
        keep_days: int,
        day_limit: int,
        disk: Callable[[Path], float] = disk_used,
    ) -> None:
        super().__init__()
        self._folder, self._prefix, self._keep = folder, prefix, timedelta(days=keep_days)
        self._limit, self._disk = day_limit, disk
        self._descriptor: int | None = None
        self._day: date | None = None
        self._mode, self._inspected, self._lost, self._reserve = Mode.FULL, 0.0, 0, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Пишет строку; сбой записи считает и прощает."""
        try:
            self._put(record)
        except OSError as error:
            self._forgive(error)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        self.acquire()
        try:
            self._let_go()
        finally:
            self.release()
        super().close()

    def path_of(self, day: date) -> Path:
        return self._folder / f"{self._prefix}_{day:%Y-%m-%d}.txt"

    def _put(self, record: logging.LogRecord) -> None:
        descriptor = self._opened(record.created)
        text = self.format(record)
        if not admits(self._mode, record.levelno) and not self._reserved(record, text):
            return
        append(descriptor, text)
        if self._lost:
            lost, self._lost = self._lost, 0
            append(descriptor, self.format(_about("journal_restored", logging.WARNING, record, count=lost)))

    def _reserved(self, record: logging.LogRecord, text: str) -> bool:
        """Отвечает, пишется ли строка из запаса названных людей и тревог."""
        size = len(text.encode())
        if getattr(record, "event", None) not in RESERVED or size > self._reserve:
            return False
        self._reserve -= size
        return True

    def _opened(self, moment: float) -> int:
        """Возвращает файл нужных суток; раз в четверть минуты проверяет, цел ли он и есть ли место."""
        day = datetime.fromtimestamp(moment).date()
        path = self.path_of(day)
        stale = abs(moment - self._inspected) >= INSPECT_SECONDS
        if self._descriptor is not None and (
            day != self._day or (stale and not is_still(self._descriptor, path))
        ):
            self._let_go()
        if self._descriptor is None:
            self._descriptor, new_day, self._day = open_for_append(path), day != self._day, day
            stale = True
            if new_day:
                self._reserve = int(self._limit * RESERVE_SHARE)
                self._sweep(day)
        if stale:
            self._inspect(self._descriptor, moment)
        return self._descriptor

    def _inspect(self, descriptor: int, moment: float) -> None:
        self._inspected = moment
        space = Space(self._disk(self._folder), os.fstat(descriptor).st_size)
        mode = mode_for(space, self._limit)
        if mode is not self._mode:
            self._mode, text = mode, explained(mode, space)
            record = logging.makeLogRecord({"created": moment, "msecs": 0.0})
            append(descriptor, self.format(_about("journal_limited", logging.WARNING, record, message=text)))
            _say(f"Журнал {self._prefix}: {text}")

    def _sweep(self, today: date) -> None:
        """Удаляет файлы старше срока; занятый на Windows удалится завтра."""
        for file in self._folder.glob(f"{self._prefix}_*.txt"):
            day = day_of(file.name, self._prefix)
            if day is not None and today - day > self._keep:
                with suppress(OSError):
                    file.unlink()

    def _forgive(self, error: OSError) -> None:
        if not self._lost:
            _say(
                f"Журнал {self._prefix} не пишется ({error.strerror or error}): проверьте место и права "
                f"папки {self._folder}. Синхронизация продолжается."
            )
        self._lost += 1
        with suppress(OSError):
            self._let_go()

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def day_of(name: str, prefix: str) -> date | None:
    """Возвращает день файла журнала; чужой файл — None."""
    match = re.fullmatch(rf"{re.escape(prefix)}_(\d{{4}}-\d{{2}}-\d{{2}})\.txt", name)
    with suppress(ValueError):
        return date.fromisoformat(match[1]) if match else None
    return None


def _about(event: str, level: int, origin: logging.LogRecord, **fields: object) -> logging.LogRecord:
    values = {"name": "ident.journal", "levelno": level, "levelname": logging.getLevelName(level)}
    times = {"created": origin.created, "msecs": origin.msecs}
    return logging.makeLogRecord({**values, **times, "msg": event, "event": event, "fields": fields})


def _say(text: str) -> None:
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
