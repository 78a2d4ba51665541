"""Строка журнала: время, вид, приём, сделка, итог, ошибка — и остальные поля (СПЕЦ 2.6.1).

Одно событие — одна строка; переводы строк внутри значений заменены. Строка маскируется целиком.
"""

import logging
import os
import traceback
from collections.abc import Iterator, Mapping
from datetime import datetime

from services.journal.kinds import SYSTEM, kind_of
from services.journal.masking import Masker, hide_foreign_words

OWN_LOGGERS = "ident"
OWN_MODULES = ("services.", "config.", "tasks.", "plan_frontend.", "monitoring.", "cli.")
#: Длиннее строка обрезается: короткую запись система дописывает в файл одним куском.
LONGEST = 6000
NONE = "-"

RESULTS: Mapping[int, str] = {logging.DEBUG: "успех", logging.INFO: "успех", logging.WARNING: "внимание"}
LABELS: Mapping[str, str] = {
    "branch": "филиал",
    "lead": "лид",
    "contact": "контакт",
    "reason": "причина",
    "message": "текст",
    "retry_in": "повтор_через",
    "queued": "в_очередь",
    "count": "сколько",
    "depth": "глубина",
    "plan": "план",
    "who": "кто",
    "which": "какой",
    "channel": "канал",
    "cause": "повод",
    "file": "файл",
    "was": "было",
    "now": "стало",
    "client": "откуда",
    "address": "откуда",
    "page": "страница",
    "version": "версия",
    "user": "сотрудник",
}
LEADING = ("reception", "deal", "error")


class LineFormatter(logging.Formatter):
    """Запись logging → одна замаскированная строка."""

    def __init__(self, masker: Masker) -> None:
        super().__init__()
        self._masker = masker

    def format(self, record: logging.LogRecord) -> str:
        """Возвращает строку журнала без перевода строки."""
        moment = datetime.fromtimestamp(record.created).astimezone()
        parts = [f"{moment:%Y-%m-%d %H:%M:%S}.{record.msecs:03.0f}{moment:%z}", f"{record.levelname:<8}"]
        event = getattr(record, "event", None)
        parts += _event(record, str(event)) if event else _message(record)
        text = " ".join(parts)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}…"
        return self._masker.mask(f"{text} процесс={os.getpid()}")


def _event(record: logging.LogRecord, event: str) -> Iterator[str]:
    fields: Mapping[str, object] = getattr(record, "fields", {})
    yield f"{kind_of(event):<11}"
    yield f"приём={_value(fields.get('reception'))}"
    yield f"сделка={_value(fields.get('deal'))}"
    yield f"итог={RESULTS.get(record.levelno, 'сбой')}"
    yield f"ошибка={_value(fields.get('error') or _failure(record))}"
    yield f"событие={event}"
    yield from (
        f"{LABELS.get(name, name)}={_value(value)}" for name, value in fields.items() if name not in LEADING
    )


def _message(record: logging.LogRecord) -> Iterator[str]:
    """Пересказывает запись без события: чужой библиотеки или Python."""
    own = record.name.partition(".")[0] == OWN_LOGGERS
    text = record.getMessage()
    yield f"{SYSTEM:<11}"
    yield f"приём={NONE} сделка={NONE} итог={RESULTS.get(record.levelno, 'сбой')}"
    yield f"ошибка={_value(_failure(record))}"
    yield f"источник={record.name} текст={_value(text if own else hide_foreign_words(text))}"


def _failure(record: logging.LogRecord) -> str | None:
    """Возвращает исключение записи одной строкой: тип, текст и путь по коду."""
    error = record.exc_info[1] if record.exc_info else None
    return told(error) if error is not None else None


def told(error: BaseException) -> str:
    """Пересказывает исключение: чужой текст — без русских слов, значения переменных не показываются."""
    text = str(error)
    own = type(error).__module__.startswith(OWN_MODULES)
    said = text if own else hide_foreign_words(text)
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    path = " → ".join(f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    tail = f"; причина: {told(cause)}" if cause is not None else ""
    return f"{type(error).__name__}: {said}" + (f" ({path})" if path else "") + tail


def _value(value: object) -> str:
    """Возвращает значение: без переводов строк, с пробелами — в кавычках, пустое — чертой."""
    text = " ".join(str(value).split()) if value is not None else ""
    if not text:
        return NONE
    return '"' + text.replace('"', "'") + '"' if " " in text else text
