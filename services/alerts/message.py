"""Текст уведомления: что случилось и что делать; людей и секретов в нём нет."""

import socket
from datetime import datetime, timedelta, tzinfo

from services.advice import Front, worded
from services.domain.alarms import Alarm
from services.domain.notices import Memory
from services.ports import Notice

PRODUCT = "Ident → Битрикс24"


def alarm_notice(alarm: Alarm, now: datetime, zone: tzinfo) -> Notice:
    """Возвращает уведомление о тревоге."""
    lines = [f"{alarm.text}.", f"Что делать: {worded(alarm.advice, Front.LETTER)}.", _signature(now, zone)]
    return Notice(alarm.key, alarm.title, "\n\n".join(line.replace("..", ".") for line in lines))


def clear_notice(key: str, known: Memory, now: datetime, zone: tzinfo) -> Notice:
    """Возвращает отбой: повод ушёл."""
    minutes = max(1, (known.seen_at - known.sent_at) // timedelta(minutes=1))
    text = f"Повод ушёл; с первого уведомления прошло {minutes} мин. Делать ничего не нужно."
    return Notice(key, f"Отбой: {known.title}", f"{text}\n\n{_signature(now, zone)}")


def trial_notice(now: datetime, zone: tzinfo) -> Notice:
    """Возвращает пробное уведомление."""
    text = "Это проба: если вы её видите, уведомления доходят. Делать ничего не нужно."
    return Notice("test", "Проба уведомлений", f"{text}\n\n{_signature(now, zone)}")


def _signature(now: datetime, zone: tzinfo) -> str:
    return f"{PRODUCT}, компьютер {socket.gethostname()}, {now.astimezone(zone):%d.%m.%Y %H:%M}"
