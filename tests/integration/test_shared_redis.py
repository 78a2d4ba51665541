"""Общий Redis кластера: TLS и пользователь ACL, несколько узлов, очередь на филиал, одно расписание."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from config.loader import load_settings
from demo.broker import free_port
from demo.portal.server import PortalServer
from demo.portal.tls import write_certificate
from monitoring.metrics import exposition
from monitoring.snapshot import take
from plan_frontend.asking import LookupQueue, NoAnswer
from services.container import build_services
from services.domain.alarms import Cause
from services.sync.plans import PlanQuestion
from tests.support.absent import absent
from tests.support.node import NODE, Process, eventually
from tests.support.world import World

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("node")]

USER, PASSWORD = "ident", "cluster-password"
#: Те же права, что в docs/cluster.md: тест проверяет и документ.
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"


def rights() -> str:
    """Возвращает права пользователя из документа."""
    (line,) = re.findall(r"^user ident (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.M)
    return line.replace(">ПАРОЛЬ", f">{PASSWORD}")


class SharedRedis:
    """redis-server с TLS: открытого порта нет, пользователь default выключен."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.certificate, key = write_certificate(folder)
        (folder / "users.acl").write_text(f"user default off\nuser {USER} {rights()}\n", encoding="utf-8")
        program = shutil.which("redis-server") or absent("redis-server с TLS (сервер из колеса его не умеет)")
        options = {
            "--port": "0",
            "--tls-port": str(self.port),
            "--bind": "127.0.0.1",
            "--tls-cert-file": str(self.certificate),
            "--tls-key-file": str(key),
            "--tls-ca-cert-file": str(self.certificate),
            "--tls-auth-clients": "no",
            "--aclfile": str(folder / "users.acl"),
            "--dir": str(folder),
            "--appendonly": "yes",
            "--save": "",
        }
        command = [program, *(part for pair in options.items() for part in pair)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.answers, 20)

    @property
    def url(self) -> str:
        return f"rediss://{USER}:{PASSWORD}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, ssl_ca_certs=str(self.certificate), decode_responses=True)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedRedis]:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = SharedRedis(folder)
    yield server
    server.process.terminate()
    server.process.wait(20)


@pytest.fixture
def world(tmp_path: Path, shared: SharedRedis, portal: PortalServer) -> Iterator[World]:
    address = {"url": shared.url, "ca_file": str(shared.certificate)}
    world = World(tmp_path / "world", shared.url, portal, redis=address, sync={"interval": 2})
    yield world
    world.close()


def computer(world: World, name: str, branch_id: str) -> Path:
    """Пишет настройки компьютера, который ведёт один филиал."""
    text = world.path.read_text(encoding="utf-8")
    state = world.path.parent / name
    state.mkdir()
    text = re.sub(r"(?m)^state_dir = .*$", f'state_dir = "{state}"\nbranches = ["{branch_id}"]', text)
    path = world.path.with_name(f"{name}.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_two_computers_share_one_redis_by_tls_and_each_serves_its_branch(
    world: World, shared: SharedRedis
) -> None:
    """СПЕЦ 3.5.1: независимые экземпляры на общем Redis не мешают друг другу."""
    mine, other = world.book(), world.book(world.patient(phone="+79031112299"))
    world.order(other, 1, company_id=2)
    first, second = computer(world, "first", "F1"), computer(world, "second", "F2")
    one, two = Process(first, (*NODE, "--name", "first")), Process(second, (*NODE, "--name", "second"))
    with one, two:
        eventually(lambda: len(world.deals()) == 2)
    assert "NoPermission" not in "\n".join([one.text(), two.text(), *one.journal(), *two.journal()])
    assert {deal["UF_CRM_RECEPTION_ID"] for deal in world.deals()} == {f"F1_{mine}", f"F2_{other}"}


def test_page_metrics_and_alarms_of_one_computer_know_the_branches_of_the_other(world: World) -> None:
    one = load_settings(computer(world, "first", "F1"))
    services, stats, now = build_services(one), world.services.store.stats, world.clock.now()
    stats.note("F2", "last_success", (now - timedelta(hours=2)).isoformat())
    world.services.store.outbox.put(["F2_7"], now, timedelta())
    snapshot = take(services)
    assert [view.signs.branch_id for view in snapshot.branches] == ["F1", "F2"]
    assert [entry.uid for entry in snapshot.waiting] == ["F2_7"]
    assert [(alarm.cause, alarm.subject) for alarm in snapshot.alarms] == [(Cause.NO_SUCCESS, "F2")]
    assert b'ident_outbox_entries{branch="F2",state="waiting"} 1.0' in exposition(services)[0]
    services.close()


def test_branch_that_never_came_to_this_redis_is_not_shown(world: World) -> None:
    services = build_services(load_settings(computer(world, "first", "F1")))
    assert [view.signs.branch_id for view in take(services).branches] == ["F1"]
    services.close()


def test_answer_about_a_plan_is_awaited_over_the_tls_of_the_clinic(world: World) -> None:
    """Свой удостоверяющий центр Redis знает и тот, кто ждёт ответа: молчание филиала — не сбой связи."""

    async def ask() -> bool:
        with ThreadPoolExecutor(1) as executor:
            asker = LookupQueue(world.settings, executor)
            try:
                await asker.ask("F1", PlanQuestion(1, None, None, ""), 1.0)
            except NoAnswer as silence:
                return silence.late
            finally:
                await asker.close()
        raise AssertionError("ответить некому")

    assert asyncio.run(ask())


def test_user_of_the_cluster_sees_only_its_keys_and_commands(shared: SharedRedis) -> None:
    with shared.client() as client:
        client.set("ident:probe", "1")
        for forbidden in (
            lambda: client.set("stranger:probe", "1"),
            client.flushall,
            client.config_get,
            lambda: client.acl_list(),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                forbidden()


def test_nobody_enters_without_tls_or_password(shared: SharedRedis) -> None:
    with redis.Redis(port=shared.port, socket_timeout=2) as plain, pytest.raises(redis.RedisError):
        plain.ping()
    stranger = redis.Redis(port=shared.port, ssl=True, ssl_ca_certs=str(shared.certificate), socket_timeout=2)
    with stranger, pytest.raises(redis.RedisError):
        stranger.ping()
