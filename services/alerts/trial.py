"""Проба уведомлений: по одному в каждый канал и стук в службу присмотра; одна для консоли и страницы."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING

from services.ports import AlertChannel, ChannelError

if TYPE_CHECKING:
    from config.models import AlertSettings


def try_channels(
    channels: Sequence[AlertChannel], settings: "AlertSettings", now: datetime, zone: tzinfo
) -> Iterator[tuple[str, str]]:
    """Возвращает имя каждого канала и почему он не взял уведомление; взял — пусто."""
    from services.alerts.heartbeat import Heartbeat
    from services.alerts.message import trial_notice

    notice = trial_notice(now, zone)
    for channel in channels:
        yield channel.name, _refusal(partial(channel.send, notice))
    if settings.heartbeat is not None:
        heartbeat = Heartbeat(settings.heartbeat.get_secret_value())
        yield heartbeat.name, _refusal(partial(heartbeat.beat, ()))


def _refusal(send: Callable[[], None]) -> str:
    try:
        send()
    except ChannelError as error:
        return str(error)
    return ""
