"""Убийства узла: ``python manage.py bench kills`` — 200 отправок, 30 раз kill −9 в случайный миг."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from bench.tables import Table
from cli.arguments import Arguments, count
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from tests.support.node import NODE, Process
from tests.support.redis_process import RedisProcess
from tests.support.world import World

PACE = {"interval": 2, "lease": 6}
#: Портал нарочно медлен: отправка должна длиться дольше всех убийств.
PORTAL = {"requests_per_second": 3.0, "burst": 2, "batch_size": 4, "uncertainty": 4.0, "read_timeout": 3.5}
LONGEST = 600.0


def main(arguments: list[str]) -> int:
    """Убивает узел и считает сделки; код 0 — ни одна не потеряна и не удвоена."""
    options = parser().parse_args(arguments)
    if options.smoke:
        options.receptions, options.kills = 5, 1
    with tempfile.TemporaryDirectory(prefix="kills-", ignore_cleanup_errors=True) as folder:
        return _played(Path(folder), options)


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench kills", description=__doc__)
    parser.add_argument("--receptions", type=count, default=200, help="сколько новых приёмов (200)")
    parser.add_argument("--kills", type=count, default=30, help="сколько убийств (30)")
    parser.add_argument("--seed", type=int, default=1, help="зерно случая (1)")
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _played(folder: Path, options: argparse.Namespace) -> int:
    rng, started = random.Random(options.seed), time.monotonic()
    portal_options = PortalOptions(rate=1000, threshold=1000, write_ms=20, read_ms=5, cut_after_s=3.0)
    with RedisProcess(folder / "redis", aof=True) as redis, PortalServer(portal_options) as portal:
        world = World(folder / "world", redis.url, portal, portal=PORTAL, sync=PACE)
        uids = {f"F1_{world.book(world.patient(phone=f'+79037{n:06}'))}" for n in range(options.receptions)}
        node, middle = Process(world.path, NODE), 0
        for _ in range(options.kills):
            node.start()
            time.sleep(rng.uniform(1.5, 5.0))
            middle += len(world.deals()) < len(uids)
            node.kill()
        with Process(world.path, NODE):
            _wait(world, uids)
        found = [str(deal["UF_CRM_RECEPTION_ID"]) for deal in world.deals()]
        lost, doubled = len(uids - set(found)), len(found) - len(set(found))
        contacts = len(world.contacts()) - len(uids)
        orphans = sum(not deal["CONTACT_ID"] for deal in world.deals())
        world.close()
    table = Table("kills", "Убийства узла: kill −9 в случайный миг отправки")
    table.add(
        приёмов=len(uids),
        убийств=options.kills,
        потеряно=lost,
        дважды=doubled,
        секунд=time.monotonic() - started,
        **{"посреди отправки": middle, "лишних контактов": contacts, "без контакта": orphans},
    )
    table.finish(options.out)
    return int(any((lost, doubled, contacts, orphans)))


def _wait(world: World, uids: set[str]) -> None:
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        found = {deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()}
        if found == uids and not world.services.store.outbox.size("F1"):
            return
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
