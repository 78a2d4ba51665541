"""Критерии надёжности ТЗ 5.3 № 1–3 на настоящем узле; № 4 и 5 — в test_tz_5_3_watching.py."""

from itertools import pairwise
from pathlib import Path

import pytest

from bench.campaign.wire import Proxy, Wire
from demo.portal.faults import Fault, FaultKind
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from tests.support.node import NODE, Process, Service, eventually
from tests.support.quick import book, delivered, quick

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("acceptance-faults")]

FIVE_MINUTES = 300.0


def test_5_3_1_killed_process_works_again_within_five_minutes(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", redis_url, portal)
    with Service(world.path, NODE) as service:
        before = book(world, 1)
        eventually(lambda: before in delivered(world))
        service.kill()
        after = book(world, 2)
        eventually(lambda: after in delivered(world), FIVE_MINUTES)
        assert service.restarts == 1
    world.close()


def test_5_3_2_data_of_an_offline_hour_is_kept_and_sent_in_order_within_the_limit(
    tmp_path: Path, redis_url: str
) -> None:
    """Обрыв в десять минут взаправду — bench/outage.py; здесь те же события за секунды."""
    limits = {"requests_per_second": 5.0, "burst": 2}
    with PortalServer(PortalOptions(rate=5, threshold=50)) as portal, Proxy(portal.port) as wire:
        webhook = portal.url.replace(str(portal.port), str(wire.port))
        world = quick(tmp_path / "world", redis_url, portal, portal={"webhook": webhook, **limits})
        with Process(world.path, NODE):
            first = book(world, 1)
            eventually(lambda: first in delivered(world))
            wire.set(Wire.CUT)
            reception_id = int(first.partition("_")[2])
            world.mark(reception_id, PatientAppeared=world.ident.clock)
            uids = {first, *(book(world, number) for number in range(2, 40))}
            eventually(lambda: world.services.store.outbox.size("F1") >= len(uids) - 1)
            world.mark(reception_id, CheckIssued=world.ident.clock)
            wire.set(Wire.WHOLE)
            eventually(lambda: delivered(world) == uids)
            eventually(lambda: world.deal(first)["STAGE_ID"] == "C1:WON")
        assert portal.stats.refused == 0
        # Окно замера на приходе запросов: запас в два запроса и дрожание связи.
        assert portal.stats.max_per_second() <= 5 + 2 + 1
        world.close()


@pytest.mark.parametrize(
    ("kind", "family"),
    [(FaultKind.OPERATION_LIMIT, "api"), (FaultKind.INTERNAL_ERROR, "api")],
    ids=["429", "500"],
)
def test_5_3_3_portal_errors_are_retried_with_a_delay(
    tmp_path: Path, redis_url: str, portal: PortalServer, kind: FaultKind, family: str
) -> None:
    retries = {"api": [2, 3, 4], "network": [2, 3, 4], "breaker": [1], "database": [1], "store": [1]}
    world = quick(tmp_path / "world", redis_url, portal, retries=retries)
    portal.portal.faults.add(Fault(kind, ("crm.deal.add",), times=2))
    with Process(world.path, NODE):
        uid = book(world, 1)
        eventually(lambda: uid in delivered(world))
    moments = [record.at for record in portal.stats.records if record.error]
    assert len(moments) == 2
    pauses = [later - earlier for earlier, later in pairwise([*moments, _created(portal)])]
    # Отсчёт идёт от отказа: повтор не раньше своей ступени.
    assert pauses[0] >= 1.9
    assert pauses[1] >= 2.9
    world.close()


def _created(portal: PortalServer) -> float:
    found = (r.at for r in portal.stats.records if not r.error and "crm.deal.add" in r.commands)
    return min(found)
