"""Строки Procfile и команды celery из README: ``env -i``, чужая папка, код из окружения."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from demo.broker import broker, free_port
from demo.once import LATENCY_MS, READ_MS, WRITE_MS
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from demo.site import Site
from demo.verdict import Judge
from services.container import Services
from services.domain.outbox import EntryState
from tests.support.doors import ROOT, SCRIPTS, bare, family, running, text_of
from tests.support.node import eventually
from tests.support.world import World

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("procfile")]

PROCFILE: Mapping[str, str] = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
)
README: Mapping[str, str] = {
    f"README {role}": f"celery -A tasks {role}"
    for role in re.findall(r"`celery -A tasks (\w+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
}


@dataclass(frozen=True, slots=True)
class Place:
    """Папка человека: в ней только config/settings.toml, как на компьютере клиники."""

    folder: Path
    world: World
    monitor: str
    flower: str

    def signs(self) -> Mapping[str, Callable[[], object]]:
        """Возвращает признаки жизни ролей: что от каждой видно снаружи."""
        store = self.world.services.store
        return {
            "worker": store.pulse.ages,
            "beat": lambda: store.redis.keys("ident:celery:branch.F1*"),
            "flower": lambda: _answer(self.flower) == 401,
            "web": lambda: _answer(self.monitor) == 200,
        }


def _answer(url: str) -> int:
    try:
        return requests.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return 0


@pytest.fixture
def place(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[Place]:
    """Папка с настройками там, где их ищут без ключей."""
    monitor, flower = free_port(), free_port()
    sections = {"monitor": {"port": monitor}, "flower": {"port": flower}}
    world = World(tmp_path / "config", redis_url, portal, **sections)
    yield Place(tmp_path, world, f"http://127.0.0.1:{monitor}/", f"http://127.0.0.1:{flower}/")
    world.close()


def test_readme_names_the_roles_of_celery() -> None:
    assert set(README) == {"README worker", "README beat", "README flower"}
    assert set(PROCFILE) == {"worker", "beat", "flower", "web"}


@pytest.mark.parametrize(("name", "command"), [*PROCFILE.items(), *README.items()])
def test_role_runs_as_written_from_any_folder(place: Place, name: str, command: str) -> None:
    output, sign = place.folder / "output.txt", place.signs()[name.split()[-1]]
    with running(command, place.folder, bare(place.folder, SCRIPTS), output) as process:
        eventually(lambda: sign() or process.poll() is not None)
        assert process.poll() is None, text_of(output)
    assert "Traceback" not in text_of(output)


def test_prefork_starts_no_more_processes_than_cores(place: Place) -> None:
    output = place.folder / "output.txt"
    command = f"{SCRIPTS}/celery -A tasks worker -l info --pool prefork"
    with running(command, place.folder, bare(place.folder), output) as process:
        eventually(lambda: place.signs()["worker"]() or process.poll() is not None)
        assert len(family(process.pid)) - 1 == (os.cpu_count() or 1)
        assert f"concurrency: {os.cpu_count()} (prefork)" in text_of(output)


def test_number_of_processes_named_by_a_person_is_kept(place: Place) -> None:
    output = place.folder / "output.txt"
    command = "celery -A tasks worker --pool prefork -c 3"
    with running(command, place.folder, bare(place.folder, SCRIPTS), output) as process:
        eventually(lambda: place.signs()["worker"]() or process.poll() is not None)
        assert len(family(process.pid)) - 1 == 3


def test_procfile_under_honcho_moves_the_demo_clinic(tmp_path: Path) -> None:
    options = PortalOptions(latency_ms=LATENCY_MS, write_ms=WRITE_MS, read_ms=READ_MS)
    site = Site(tmp_path / "config")
    site.prepare(fresh=True)
    (tmp_path / "Procfile").write_bytes((ROOT / "Procfile").read_bytes())
    with ExitStack() as stack:
        redis = stack.enter_context(broker(tmp_path / "redis"))
        portal = stack.enter_context(site.portal(options))
        ports = {"monitor": {"port": free_port()}, "flower": {"port": free_port()}}
        settings = site.settings(site.write_settings(portal.url, redis.url, 15, ports))
        services = Services(settings)
        stack.callback(services.close)
        output = tmp_path / "honcho.txt"
        stack.enter_context(running("honcho start", tmp_path, bare(tmp_path, SCRIPTS), output))
        _settled(services)
        verdict = Judge(settings, portal.state, site.memory.manual).judge(site.memory.built_at)
    assert verdict.matches, verdict.differences[:5]
    assert verdict.expected > 200
    assert "Traceback" not in text_of(output)


def _settled(services: Services) -> None:
    """Ждёт, пока каждый филиал прочитан, а очереди пусты несколько взглядов подряд."""
    branches = [branch.branch_id for branch in services.settings.served]
    store = services.store

    def quiet() -> bool:
        read = all(store.stats.notes(branch).get("last_success") for branch in branches)
        depths = [store.outbox.depth(branch) for branch in branches]
        return read and not any(
            count for depth in depths for state, count in depth.items() if state is not EntryState.FAILED
        )

    looks, deadline = 0, time.monotonic() + 300
    while looks < 10:
        assert time.monotonic() < deadline, "очереди не опустели"
        looks = looks + 1 if quiet() else 0
        time.sleep(0.5)
