"""Осмотр Redis и службы: версия, сохранность, жив ли исполнитель, стоит ли отправка, есть ли кого звать."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.doctor.findings import Finding, fail, ok, warn
from services.domain.alarms import moment_of, spell
from services.domain.errors import StoreError
from services.store.durability import durability_warnings
from services.sync.health import WHOLE

if TYPE_CHECKING:
    from services.container import Services

OLDEST_REDIS = (6, 2)
SILENT = timedelta(minutes=3)
START = "{start}"


def redis(client: Any, address: str) -> Iterator[Finding]:
    """Проверяет, что Redis отвечает, не стар и переживёт отключение питания."""
    from redis.exceptions import RedisError

    try:
        info: Mapping[str, Any] = client.info()
    except RedisError as error:
        advice = "Запустите службу Redis и проверьте её адрес (url) {in_redis}"
        yield fail("redis", f"Redis {address} не отвечает ({type(error).__name__})", advice)
        return
    yield version(str(info.get("redis_version", "0")))
    yield from durability(client, info)


def version(text: str) -> Finding:
    numbers = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
    if numbers < OLDEST_REDIS:
        return fail(
            "redis.version", f"Redis {text}", "Поставьте Redis 6.2 или новее: Celery с этим не работает"
        )
    return ok("redis.version", f"Redis {text}")


def durability(client: Any, info: Mapping[str, Any]) -> Iterator[Finding]:
    from redis.exceptions import RedisError

    try:
        config = client.config_get("*")
    except RedisError:
        yield warn(
            "redis.durability",
            "настройки Redis закрыты командой CONFIG",
            "Проверьте сами, что в redis.conf стоят appendonly yes и maxmemory-policy noeviction",
        )
        return
    found = list(durability_warnings({str(k): str(v) for k, v in config.items()}))
    if info.get("aof_last_write_status", "ok") != "ok":
        found.append("последняя запись журнала Redis не удалась: проверьте место на его диске")
    for text in found:
        what, _, cure = text.partition(": ")
        yield warn("redis.durability", what, cure[:1].upper() + cure[1:])
    if not found:
        yield ok("redis.durability", "очередь переживёт отключение питания")


def service(services: "Services") -> Iterator[Finding]:
    """Проверяет, что исполнитель и расписание живы: присмотр отмечается раз в минуту."""
    now = services.clock.now()
    watched = moment_of(services.store.stats.notes(WHOLE).get("watched_at", ""))
    yield heartbeat(watched, now)
    halt, paused = services.store.gate.halted(), services.store.gate.paused()
    if halt is not None:
        text = f"отправка остановлена {spell(now - halt.at)} назад: {halt.message}"
        yield fail("sending", text, "Устраните причину и {resume}")
    elif paused is not None:
        text = f"пауза стоит {spell(now - paused)}"
        yield warn("sending", text, "{unpause}, если она больше не нужна")
    else:
        yield ok("sending", "отправка не остановлена")


def heartbeat(watched: datetime | None, now: datetime) -> Finding:
    if watched is None:
        return warn("service", "служба ещё не запускалась: до первого запуска так и должно быть", START)
    silent = now - watched
    if silent > SILENT:
        return fail("service", f"служба молчит {spell(silent)}", START)
    return ok("service", f"служба жива, отметилась {spell(silent)} назад")


def alerts(services: "Services") -> Iterator[Finding]:
    names = [channel.name for channel in services.channels()]
    if names:
        yield ok("alerts", f"уведомления: {', '.join(names)}")
    else:
        advice = "Назовите сотрудников портала (bitrix_users) или почту {in_alerts}"
        yield warn("alerts", "уведомлять о бедах некого", advice)


__all__ = ["StoreError", "alerts", "heartbeat", "redis", "service", "version"]
