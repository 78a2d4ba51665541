"""Мир с короткими сроками: те же правила, секунды вместо минут."""

from pathlib import Path
from typing import Any

from demo.portal.server import PortalServer
from tests.support.world import World

QUICK: dict[str, Any] = {
    "sync": {
        "interval": 1,
        "reconcile_interval": 5,
        "lease": 4,
        "first_run_pause": 0.05,
    },
    "retries": {"network": [1, 1, 1], "api": [1, 1, 1], "database": [1, 1, 1], "breaker": [1, 1]},
}


def quick(folder: Path, redis_url: str, portal: PortalServer, /, **sections: Any) -> World:
    """Строит мир с короткими сроками; ``sections`` заменяют разделы настроек."""
    portal_section = {"uncertainty": 0.5, **sections.pop("portal", {})}
    return World(folder, redis_url, portal, portal=portal_section, **{**QUICK, **sections})


def book(world: World, number: int) -> str:
    """Записывает нового пациента; возвращает ключ записи."""
    return f"F1_{world.book(world.patient(phone=f'+79036{number:06}'))}"


def delivered(world: World) -> set[str]:
    """Возвращает ключи записей, чьи сделки есть на портале; двойников быть не должно."""
    uids = [str(deal["UF_CRM_RECEPTION_ID"]) for deal in world.deals()]
    assert len(uids) == len(set(uids))
    return set(uids)
