"""``demo``: клиника живёт, интеграция переносит её жизнь на портал, всё видно в браузере."""

import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from demo.app_hosting import AppHosting
from demo.broker import broker, free_port
from demo.counts import Counts, counts_since
from demo.plan_tab import PlanTab
from demo.portal.options import PortalOptions
from demo.processes import Processes
from demo.site import Site
from monitoring.flower import LOGIN, password
from plan_frontend.packaging import application_zip
from services.container import Services
from services.domain.outbox import EntryState

INTERVAL_SECONDS = 15
EVENT_SECONDS = (3.0, 9.0)
SHOW_SECONDS = 1.0
MONITOR_PORT = 8025
WIDTH = 79


def run_alive(folder: Path, fresh: bool, port: int, minutes: float | None) -> int:
    """Держит демонстрацию до Ctrl+C (или ``minutes``); код 0 — остановлена человеком или по времени."""
    site = Site(folder)
    built = site.prepare(fresh)
    with ExitStack() as stack:
        redis = stack.enter_context(broker(site.folder / "redis"))
        plans = PlanTab(stack.enter_context(AppHosting()))
        portal = stack.enter_context(site.portal(_options(site, plans), _port(port)))
        monitor, flower = _port(MONITOR_PORT) or free_port(), free_port()
        ports = {"monitor": {"port": monitor}, "flower": {"port": flower}}
        extra = {**plans.sections(portal.base_url), **ports}
        path = site.write_settings(portal.url, redis.url, INTERVAL_SECONDS, extra)
        plans.hosting.upload(application_zip(site.settings(path)))
        processes = stack.enter_context(Processes(path, site.logs))
        processes.start_roles()
        services = Services(site.settings(path))
        stack.callback(services.close)
        _introduce(portal.base_url, monitor, flower, site, built)
        return _watch(site, services, processes, minutes)


def _options(site: Site, plans: PlanTab) -> PortalOptions:
    return PortalOptions(
        latency_ms=120,
        write_ms=80,
        read_ms=15,
        persist=site.folder / "portal.json",
        tokens=(plans.token,),
        plan_app_url=plans.hosting.url,
    )


def _port(wanted: int) -> int:
    """Возвращает порт страницы: названный, если он свободен, иначе любой."""
    import socket

    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def _introduce(portal: str, monitor: int, flower: int, site: Site, built: bool) -> None:
    origin = "новая клиника, люди выдуманы" if built else "клиника прошлого запуска (--fresh — новая)"
    print(f"Демонстрация: {origin}; выборка каждые {INTERVAL_SECONDS} с, к порталу до 2 запросов в секунду")
    print(f"  Портал:     {portal}   воронка; в карточке сделки — вкладка «План лечения»")
    print(f"  Наблюдение: http://127.0.0.1:{monitor}/   всё ли хорошо, что не отправлено и почему")
    print("              сначала красная: часть приёмов испорчена нарочно, страница скажет, что исправить")
    print(f"  Flower:     http://127.0.0.1:{flower}/   имя {LOGIN}, пароль {password(site.folder)}")
    print(f"  Журналы:    {site.logs}")
    print("Остановить — Ctrl+C.\n", flush=True)


def _watch(site: Site, services: Services, processes: Processes, minutes: float | None) -> int:
    """Проживает жизнь клиники и показывает её строкой; узнаёт об упавших процессах."""
    rng, before = random.Random(), counts_since(services, {})
    finish = time.monotonic() + minutes * 60 if minutes else float("inf")
    next_event = time.monotonic() + EVENT_SECONDS[1]
    try:
        while time.monotonic() < finish:
            if dead := processes.dead():
                print(f"\nПроцесс {dead[0]} остановился сам:\n{processes.tail(dead[0])}", file=sys.stderr)
                return 1
            if time.monotonic() >= next_event:
                _tell(site.live(1, rng))
                next_event = time.monotonic() + rng.uniform(*EVENT_SECONDS)
            _show(services, before)
            time.sleep(SHOW_SECONDS)
    except KeyboardInterrupt:
        print("\nОстанавливаю: доделываю начатое …", flush=True)
    return 0


def _tell(events: Sequence[str]) -> None:
    for event in events:
        _erase()
        print(f"{time.strftime('%H:%M:%S')}  {event}", flush=True)


def _show(services: Services, before: dict[str, Counts]) -> None:
    """Показывает живую строку: сколько сделано и сколько ждёт."""
    if not sys.stdout.isatty():
        return
    total = sum(counts_since(services, before).values(), Counts())
    waiting = sum(_waiting(services, branch) for branch in before)
    line = (
        f"создано {total.created} · обновлено {total.updated} · отклонено {total.rejected} · ждёт {waiting}"
    )
    _erase()
    print(line, end="", flush=True)


def _waiting(services: Services, branch_id: str) -> int:
    depth = services.store.outbox.depth(branch_id)
    return sum(count for state, count in depth.items() if state is not EntryState.FAILED)


def _erase() -> None:
    if sys.stdout.isatty():
        print("\r" + " " * WIDTH + "\r", end="")  # не кодами: старая консоль Windows их не понимает
