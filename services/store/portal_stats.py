"""Счётчики обращений к порталу в Redis: минуты, всё время, время методов, последние отказы."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from services.ports import PortalTraffic, PortalTrouble
from services.store.connection import RedisClient, StorePart, store_errors
from services.store.stats import added

KEEP_MINUTES, KEEP_OPERATING = timedelta(hours=2), timedelta(minutes=10)
MINUTE = "%Y%m%d%H%M"
MOST_TROUBLES = 20


class RedisPortalStats(StorePart):
    """Счётчики портала, общие для всех процессов этого Redis."""

    def record(
        self,
        traffic: PortalTraffic,
        operating: Mapping[str, float],
        troubles: Sequence[PortalTrouble],
        now: datetime,
    ) -> None:
        """Записывает всё одним обращением к Redis."""
        minute = self._keys.portal(now.astimezone(UTC).strftime(MINUTE))
        with store_errors():
            pipeline = self._redis.pipeline(transaction=False)
            for name, amount in asdict(traffic).items():
                for key in (minute, self._keys.portal("grand")):
                    pipeline.hincrbyfloat(key, name, amount)
            pipeline.expire(minute, KEEP_MINUTES)
            self._put_operating(pipeline, operating)
            self._put_troubles(pipeline, troubles)
            pipeline.execute()

    def lately(self, now: datetime, minutes: int) -> PortalTraffic:
        """Возвращает суммы за последние минуты, считая нынешнюю."""
        times = [now.astimezone(UTC) - timedelta(minutes=back) for back in range(minutes)]
        return self._sum([time.strftime(MINUTE) for time in times])

    def grand(self) -> PortalTraffic:
        return self._sum(["grand"])

    def operating(self) -> Mapping[str, float]:
        """Возвращает секунды методов: чего не звали десять минут, то портал уже простил."""
        with store_errors():
            found = self._redis.hgetall(self._keys.portal("operating"))
        return {method: float(seconds) for method, seconds in found.items()}

    def troubles(self) -> Sequence[PortalTrouble]:
        with store_errors():
            rows = self._redis.lrange(self._keys.portal("troubles"), 0, MOST_TROUBLES - 1)
        return [_trouble(row) for row in rows]

    def _sum(self, parts: Sequence[str]) -> PortalTraffic:
        with store_errors():
            pipeline = self._redis.pipeline(transaction=False)
            for part in parts:
                pipeline.hgetall(self._keys.portal(part))
            found = pipeline.execute()
        total = added({name: float(value) for name, value in fields.items()} for fields in found)
        return PortalTraffic(**total)

    def _put_operating(self, pipeline: RedisClient, operating: Mapping[str, float]) -> None:
        key = self._keys.portal("operating")
        if operating:
            pipeline.hset(key, mapping=dict(operating))
            pipeline.expire(key, KEEP_OPERATING)

    def _put_troubles(self, pipeline: RedisClient, troubles: Sequence[PortalTrouble]) -> None:
        key = self._keys.portal("troubles")
        for trouble in troubles:
            row = [trouble.at.isoformat(), trouble.method, trouble.kind, trouble.message]
            pipeline.lpush(key, json.dumps(row, ensure_ascii=False))
        if troubles:
            pipeline.ltrim(key, 0, MOST_TROUBLES - 1)


def _trouble(row: str) -> PortalTrouble:
    at, method, kind, message = json.loads(row)
    return PortalTrouble(datetime.fromisoformat(at), method, kind, message)
