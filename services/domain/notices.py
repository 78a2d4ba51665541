"""Что из тревог рассылать: не чаще раза в час на повод и один отбой."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.domain.alarms import Alarm

REPEAT = timedelta(hours=1)
#: Повод, утихший на минуту, ещё не ушёл: отбой — после стольких спокойных минут.
CALM = timedelta(minutes=3)
#: Столько помнится ушедший повод: вернувшись, он не разбудит никого чаще раза в час.
KEEP = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Memory:
    """Что помнится о поводе: когда о нём слали, когда видели и стоит ли он (``raised``)."""

    title: str
    sent_at: datetime
    seen_at: datetime
    raised: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Что разослать, по каким поводам дать отбой и что запомнить."""

    send: tuple[Alarm, ...]
    clear: Mapping[str, Memory]
    memory: Mapping[str, Memory]


def decide(alarms: Iterable[Alarm], memory: Mapping[str, Memory], now: datetime) -> Decision:
    """Решает о рассылке; повтор того же повода — не раньше чем через час после прошлого письма."""
    standing = {alarm.key: alarm for alarm in alarms}
    send = tuple(alarm for key, alarm in standing.items() if _is_due(memory.get(key), now))
    clear = {
        key: known
        for key, known in memory.items()
        if known.raised and key not in standing and now - known.seen_at >= CALM
    }
    kept = {
        key: replace(known, raised=known.raised and key not in clear)
        for key, known in memory.items()
        if key not in standing and (known.raised or now - known.sent_at < KEEP)
    }
    return Decision(send, clear, {**kept, **_remembered(standing, memory, send, now)})


def _is_due(known: Memory | None, now: datetime) -> bool:
    return known is None or now - known.sent_at >= REPEAT


def _remembered(
    standing: Mapping[str, Alarm], memory: Mapping[str, Memory], send: tuple[Alarm, ...], now: datetime
) -> dict[str, Memory]:
    sent = {alarm.key for alarm in send}
    return {
        key: Memory(
            title=alarm.title,
            sent_at=now if key in sent else memory[key].sent_at,
            seen_at=now,
            raised=key in sent or memory[key].raised,
        )
        for key, alarm in standing.items()
    }
