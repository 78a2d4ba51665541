"""Просмотр плана через службу: покой и синхронизация 200 приёмов, рядом — голые запросы к базе.

Настоящие узел (исполнитель, расписание, страницы в одном процессе) и Redis; портал-эмулятор держит обычный
предел и обычные задержки. Каждый вопрос — о новой сделке: её проверяют на портале, память не помогает.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil
import requests

from bench.tables import Table
from cli.arguments import Arguments, count
from config.loader import CONFIG_VARIABLE
from demo.broker import broker, free_port
from demo.portal.options import OAuthToken, PortalOptions
from demo.portal.server import PortalServer
from services.container import Services
from tests.support.plans import CURATOR, PlanWorld, bearer

ROOT = Path(__file__).resolve().parent.parent
LATENCY_MS, WRITE_MS, READ_MS = 120, 80, 15
#: Запас вкладки у портала пополняется вопросом в секунду: чаще служба отказала бы.
LINES, PAUSE = 30, 1.1
#: Новых сделок одного сотрудника служба открывает двадцать в минуту: спрашивают четверо по очереди.
CURATORS = [replace(CURATOR, token=f"curator-token-{number:04}", user_id=number) for number in range(11, 15)]
QUIET_SECONDS, WAIT_SECONDS = 61.0, 180.0
NOTES = (
    f"портал: задержка {LATENCY_MS} мс, чтение {READ_MS} мс, запись {WRITE_MS} мс, 2 запроса в секунду",
    f"план из {LINES} строк; в каждом вопросе, кроме повторных, одна проверка сделки на портале",
)
GOALS = {"покой": 300.0, "синхронизация": 1000.0}


@dataclass
class Stand:
    """Стенд замера: клиника, узел и адрес службы."""

    world: PlanWorld
    port: int
    process: psutil.Process
    curators: Iterator[OAuthToken] = field(default_factory=lambda: cycle(CURATORS))

    def ask(self, deal: int) -> float:
        """Спрашивает план сделки; возвращает миллисекунды, неудача — ошибка замера."""
        address, headers = f"http://127.0.0.1:{self.port}/api/v1/plans", bearer(next(self.curators))
        started = time.perf_counter()
        answer = requests.get(address, {"deal": deal}, headers=headers, timeout=30)
        if answer.status_code != 200 or answer.json()["found"] != "plans":
            raise SystemExit(f"служба ответила {answer.status_code}: {answer.text[:200]}")
        return (time.perf_counter() - started) * 1000

    def memory(self) -> float:
        """Возвращает PSS узла с детьми, МБ."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(float(one.memory_full_info().pss) for one in family) / 1e6


def main(arguments: list[str]) -> int:
    """Печатает таблицу и пишет JSON; код 0 — цели достигнуты."""
    options = parser().parse_args(arguments)
    receptions, questions, quiet = options.receptions, options.questions, QUIET_SECONDS
    if options.smoke:
        receptions, questions, quiet = 5, 3, 0.0
    table = Table("plan-lookup", "Просмотр плана лечения, мс")
    rows = measured(receptions, questions, quiet)
    for one in rows:
        table.add(**one)
    table.notes += NOTES
    table.finish(options.out)
    if options.smoke:
        return 0
    return int(any(one.get("цель") and one["p95"] > one["цель"] for one in rows))


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    found = Arguments(prog="manage.py bench plan-lookup", description=__doc__)
    found.add_argument("--receptions", type=count, default=200, help="приёмов в синхронизации (200)")
    found.add_argument("--questions", type=count, default=40, help="вопросов в покое (40)")
    found.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    found.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return found


def measured(receptions: int, questions: int, quiet: float) -> list[dict[str, Any]]:
    """Поднимает стенд и возвращает строки таблицы."""
    with stand() as place:
        world = place.world
        deals = iter([world.remembered_visit() for _ in range(questions + 200)])
        for _ in CURATORS:
            paused(place, next(deals), PAUSE)
        before = place.memory()
        bare_sql(world)
        bare = row("голый SQL (те же запросы)", [bare_sql(world) for _ in range(questions)])
        idle = row("служба в покое", [paused(place, next(deals), PAUSE) for _ in range(questions)])
        # Служба считает вопросы одного сотрудника: не больше 60 в минуту.
        time.sleep(quiet)
        again = next(deals)
        for _ in CURATORS:
            place.ask(again)
        cached = row("та же сделка ещё раз", [place.ask(again) for _ in range(20)])
        busy = row(f"служба во время {receptions} приёмов", during_sync(place, receptions, deals, quiet))
        idle["цель"], busy["цель"] = GOALS["покой"], GOALS["синхронизация"]
        idle["PSS узла, МБ"], busy["PSS узла, МБ"] = round(before, 1), round(place.memory(), 1)
        return [bare, idle, cached, busy]


@contextmanager
def stand() -> Iterator[Stand]:
    """Поднимает Redis, портал и узел; останавливает их в обратном порядке."""
    options = PortalOptions(latency_ms=LATENCY_MS, write_ms=WRITE_MS, read_ms=READ_MS, tokens=tuple(CURATORS))
    with (
        tempfile.TemporaryDirectory(prefix="plan-lookup-", ignore_cleanup_errors=True) as name,
        broker(Path(name) / "redis") as redis,
        PortalServer(options) as portal,
    ):
        world, port = world_on(Path(name), redis.url, portal)
        with node(world.path) as process:
            place = Stand(world, port, psutil.Process(process.pid))
            wait_for(lambda: requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok)
            yield place
        world.close()


def world_on(folder: Path, redis_url: str, portal: PortalServer) -> tuple[PlanWorld, int]:
    """Возвращает клинику с планом из 30 строк; темп портала — как в работе, выборка — по команде."""
    port = free_port()
    world = PlanWorld(
        folder / "world",
        redis_url,
        portal,
        web={"port": port},
        sync={"interval": 86_400, "first_run_pause": 0},
    )
    text = world.path.read_text(encoding="utf-8")
    for old, new in {
        "requests_per_second = 50.0": "requests_per_second = 2.0",
        "burst = 20": "burst = 2",
    }.items():
        text = text.replace(old, new)
    world.path.write_text(text, encoding="utf-8")
    world.plan(LINES)
    return world, port


@contextmanager
def node(settings: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Запускает узел и останавливает его."""
    environment = {**os.environ, CONFIG_VARIABLE: str(settings), "PYTHONUTF8": "1"}
    with (settings.parent / "node.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "run"], env=environment, stdout=output, stderr=output, cwd=ROOT
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=60)


def paused(place: Stand, deal: int, pause: float) -> float:
    """Спрашивает и ждёт: у человека между вопросами проходит время."""
    spent = place.ask(deal)
    time.sleep(pause)
    return spent


def during_sync(place: Stand, receptions: int, deals: Iterator[int], quiet: float) -> list[float]:
    """Спрашивает, пока переносятся приёмы."""
    world = place.world
    time.sleep(quiet)
    for number in range(receptions):
        world.book(world.patient(phone=f"+7903{number:07}"))
    before = len(world.deals())
    send_extract(world)
    wait_for(lambda: len(world.deals()) > before)
    spent: list[float] = []
    while not spent or len(world.deals()) < before + receptions:
        spent.append(paused(place, next(deals), PAUSE))
    return spent


def send_extract(world: PlanWorld) -> None:
    """Ставит выборку в очередь так же, как расписание."""
    from celery import Celery

    from celeryconfig import deployment
    from tasks.names import EXTRACT, queue_of

    with Celery(set_as_current=False) as app:
        app.config_from_object("celeryconfig")
        app.conf.update(deployment(world.settings))
        app.send_task(EXTRACT, ("F1",), queue=queue_of("F1"))


def bare_sql(world: PlanWorld) -> float:
    """Меряет запросы плана к базе без службы и очереди, миллисекунды."""
    from services.ident.plan_source import IdentPlanSource

    services: Services = world.services
    source = IdentPlanSource(services.source("D1"))
    started = time.perf_counter()
    patient = source.patient_of(1)
    own = patient.patient_id if patient else 0
    source.plan_rows([head.plan_id for head in source.active_plans([own]).get(own, ())])
    return (time.perf_counter() - started) * 1000


def row(name: str, spent: Sequence[float]) -> dict[str, Any]:
    """Возвращает строку таблицы: сколько замеров, середина, 95-й и худший."""
    ordered = sorted(spent)
    p50, p95 = (round(ordered[int(len(ordered) * share)], 1) for share in (0.5, 0.95))
    return {"что": name, "замеров": len(ordered), "p50": p50, "p95": p95, "худший": round(ordered[-1], 1)}


def wait_for(what: Callable[[], object]) -> None:
    """Ждёт, пока условие не станет верным."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            if what():
                return
        except requests.ConnectionError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("не дождались: см. журнал узла")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
