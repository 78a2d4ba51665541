"""Текст уведомления: что случилось и что делать; людей и секретов в нём нет."""

import socket
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

from services.advice import Front, worded
from services.domain.alarms import Alarm
from services.domain.notices import Memory
from services.domain.signs import Signs
from services.ports import Notice

PRODUCT = "Ident → Битрикс24"


def alarm_notice(alarm: Alarm, now: datetime, zone: tzinfo) -> Notice:
    lines = [f"{alarm.text}.", f"Что делать: {worded(alarm.advice, Front.LETTER)}.", _signature(now, zone)]
    return Notice(alarm.key, alarm.title, "\n\n".join(line.replace("..", ".") for line in lines))


def clear_notice(key: str, known: Memory, now: datetime, zone: tzinfo) -> Notice:
    """Возвращает отбой: повод ушёл."""
    minutes = max(1, (known.seen_at - known.sent_at) // timedelta(minutes=1))
    text = f"Повод ушёл; с первого уведомления прошло {minutes} мин. Делать ничего не нужно."
    return Notice(key, f"Отбой: {known.title}", f"{text}\n\n{_signature(now, zone)}")


def summary_notice(
    day: date, events: Mapping[str, float], signs: Signs, standing: Sequence[Alarm], zone: tzinfo
) -> Notice:
    """Возвращает сводку за сутки пятью строками: её отсутствие заметят, если служба стоит."""
    created, updated, unchanged, lost, rejected = (
        int(events.get(name, 0)) for name in ("created", "updated", "unchanged", "failed", "rejected")
    )
    waiting, failed = sum(b.waiting for b in signs.branches), sum(b.failed for b in signs.branches)
    silent = [branch.name for branch in signs.branches if branch.last_error or branch.last_success is None]
    lines = [
        f"Сделок создано {created}, обновлено {updated}, без изменений {unchanged}.",
        f"Ошибок отправки {lost}, отклонено приёмов {rejected}.",
        f"Сейчас ждут отправки {waiting}, не отправлено {failed}.",
        f"Не читаются: {', '.join(silent)}." if silent else f"Читаются все филиалы: {len(signs.branches)}.",
        f"Тревоги: {'; '.join(alarm.title for alarm in standing)}." if standing else "Тревог нет.",
    ]
    text = "\n".join(lines)
    return Notice("summary", f"Сводка за {day:%d.%m.%Y}", f"{text}\n\n{_signature(signs.now, zone)}")


def trial_notice(now: datetime, zone: tzinfo) -> Notice:
    text = "Это проба: если вы её видите, уведомления доходят. Делать ничего не нужно."
    return Notice("test", "Проба уведомлений", f"{text}\n\n{_signature(now, zone)}")


def _signature(now: datetime, zone: tzinfo) -> str:
    return f"{PRODUCT}, компьютер {socket.gethostname()}, {now.astimezone(zone):%d.%m.%Y %H:%M}"
