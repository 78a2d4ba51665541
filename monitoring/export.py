"""Выгрузка неотправленного таблицей для Excel."""

import csv
import io
from datetime import tzinfo

from monitoring.snapshot import Filter, Snapshot
from services.advice import Front, worded
from services.domain.reasons import reason_of

CSV_HEAD = ("Запись", "Филиал", "Причина", "Что сделать", "Подробно", "Попыток", "Поставлена", "Отказ")


def failed_csv(snapshot: Snapshot, chosen: Filter, zone: tzinfo) -> bytes:
    """Возвращает отобранные неотправленные записи таблицей для Excel."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow(CSV_HEAD)
    for entry in snapshot.chosen(chosen):
        reason = reason_of(entry.reason)
        times = [f"{moment.astimezone(zone):%d.%m.%Y %H:%M:%S}" for moment in (entry.queued_at, entry.due_at)]
        branch = snapshot.names.get(entry.uid.partition("_")[0], "")
        advice = worded(reason.advice, Front.LETTER)
        row = (entry.uid, branch, reason.title, advice, entry.message, entry.attempts, *times)
        table.writerow([harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def harmless(cell: object) -> object:
    """Не даёт таблице принять текст за формулу: пробелы и табуляция перед знаком формуле не мешают."""
    text = cell if isinstance(cell, str) else ""
    risky = text[:1] in ("\t", "\r", "\n") or text.lstrip()[:1] in (
        "=",
        "+",
        "-",
        "@",
        "＝",
        "＋",
        "－",
        "＠",
    )
    return f"'{cell}" if text and risky else cell
