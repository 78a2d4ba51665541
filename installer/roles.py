"""Службы установки: Redis, узел, Flower — и что каждой можно."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from config.loader import CONFIG_VARIABLE
from installer.layout import Layout
from installer.ports import Service

REDIS, NODE, FLOWER = "redis", "node", "flower"
#: В каком порядке запускать; останавливать — в обратном.
ORDER = (REDIS, NODE, FLOWER)


def node(layout: Layout, own_redis: bool = True) -> Service:
    """Возвращает службу узла: исполнитель, расписание и страницы."""
    return Service(
        key=NODE,
        title="Интеграция Ident - Битрикс24: обмен",
        command=(str(layout.program), "run"),
        folder=layout.state,
        environment=_environment(layout),
        after=(REDIS,) if own_redis else (),
        reads=(layout.programs,),
        # Настройки пишет страница «Настройки»: за паролем и с прежними рядом.
        writes=(layout.config, layout.state, layout.logs),
        stop_seconds=90,
    )


def flower(layout: Layout, own_redis: bool = True) -> Service:
    """Возвращает службу страницы задач: настройки она только читает."""
    return replace(
        node(layout, own_redis),
        key=FLOWER,
        title="Интеграция Ident - Битрикс24: страница задач (Flower)",
        command=(str(layout.program), "flower"),
        reads=(layout.config, layout.programs),
        writes=(layout.state, layout.logs),
        stop_seconds=30,
    )


def redis(layout: Layout, server: Path) -> Service:
    """Возвращает службу Redis: слышна только этому компьютеру, видит только свою папку."""
    return Service(
        key=REDIS,
        title="Интеграция Ident - Битрикс24: Redis",
        # Имя без пути: сборка Redis для Windows понимает только относительные пути.
        command=(str(server), "redis.conf"),
        folder=layout.redis,
        writes=(layout.redis,),
        stop_seconds=60,
        loopback_only=True,
    )


def services_of(layout: Layout, keys: Sequence[str], redis_server: str) -> list[Service]:
    """Возвращает описания названных служб в порядке запуска."""
    own = REDIS in keys
    made: dict[str, Callable[[], Service]] = {
        REDIS: lambda: redis(layout, Path(redis_server)),
        NODE: lambda: node(layout, own),
        FLOWER: lambda: flower(layout, own),
    }
    return [made[key]() for key in ORDER if key in keys]


def stopping(keys: Sequence[str]) -> list[str]:
    return [key for key in reversed(ORDER) if key in keys]


def _environment(layout: Layout) -> dict[str, str]:
    return {CONFIG_VARIABLE: str(layout.settings), "PYTHONUTF8": "1"}
