"""Присмотр: раз в минуту признаки → тревоги → рассылка; не чаще раза в час на повод (СПЕЦ 2.6.4)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.alarms import Alarm, Limits, alarms
from services.domain.notices import Decision, Memory, decide
from services.ports import AlertChannel, ChannelError, Notice
from services.sync.feed import Work
from services.sync.health import WHOLE, Health

LOCK_TTL = timedelta(seconds=50)


@dataclass(frozen=True, slots=True)
class Letters:
    """Тексты уведомлений: о тревоге и об отбое."""

    alarm: Callable[[Alarm, datetime], Notice]
    clear: Callable[[str, Memory, datetime], Notice]


class Watch:
    """Присмотр за установкой; на общем Redis рассылает один узел."""

    def __init__(
        self, health: Health, limits: Limits, channels: Sequence[AlertChannel], work: Work, letters: Letters
    ) -> None:
        self._health, self._limits, self._channels, self._letters = health, limits, channels, letters
        self._memory, self._locks, self._stats = work.store.alert_memory, work.store.locks, work.store.stats
        self._journal, self._clock = work.journal, work.clock

    def run(self) -> None:
        """Проверяет и рассылает; другой узел уже занят этим — уступает ему."""
        with self._locks.hold("watch", LOCK_TTL) as lease:
            if lease is not None:
                self._look()
        self._stats.note(WHOLE, "watched_at", self._clock.now().isoformat())

    def _look(self) -> None:
        now, memory = self._clock.now(), self._memory.load()
        decision = decide(alarms(self._health.signs(), self._limits), memory, now)
        for alarm in decision.send:
            self._journal.warning("alert_raised", cause=alarm.key, message=alarm.title)
        for key, known in decision.clear.items():
            self._journal.info("alert_cleared", cause=key, message=known.title)
        unsent = self._deliver(self._notices(decision, now))
        self._memory.save(_without(decision.memory, unsent, memory))

    def _notices(self, decision: Decision, now: datetime) -> list[Notice]:
        raised = [self._letters.alarm(alarm, now) for alarm in decision.send]
        return raised + [self._letters.clear(key, known, now) for key, known in decision.clear.items()]

    def _deliver(self, notices: Iterable[Notice]) -> set[str]:
        """Рассылает по всем каналам; возвращает поводы, которые не взял ни один (их пошлют через минуту).

        Канал, отказавший раз, до следующей минуты не трогается: зависший сервер не задержит остальных.
        """
        broken: set[str] = set()
        return {notice.key for notice in notices if self._channels and not self._sent(notice, broken)}

    def _sent(self, notice: Notice, broken: set[str]) -> bool:
        taken = [self._taken(channel, notice, broken) for channel in self._channels]
        return any(taken)

    def _taken(self, channel: AlertChannel, notice: Notice, broken: set[str]) -> bool:
        if channel.name in broken:
            return False
        try:
            channel.send(notice)
        except ChannelError as error:
            broken.add(channel.name)
            self._journal.error("alert_failed", channel=channel.name, cause=notice.key, error=str(error))
            return False
        self._journal.info("alert_sent", channel=channel.name, cause=notice.key)
        return True


def _without(
    fresh: Mapping[str, Memory], unsent: set[str], before: Mapping[str, Memory]
) -> Mapping[str, Memory]:
    """Возвращает память, где о неразосланном помнится то же, что и до рассылки."""
    kept = {key: known for key, known in fresh.items() if key not in unsent}
    return {**kept, **{key: before[key] for key in unsent if key in before}}
