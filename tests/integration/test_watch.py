"""Присмотр на настоящих Redis, базе и почтовом сервере: письмо, молчание, отбой, отказ канала."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from demo.portal.faults import Fault, FaultKind
from demo.portal.server import PortalServer
from services.domain.outbox import Halt
from tests.support.mailbox import Mailbox
from tests.support.world import World


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    """Работающий почтовый сервер."""
    with Mailbox(tmp_path / "mail") as box:
        yield box


@pytest.fixture
def clinic(tmp_path: Path, redis_url: str, portal: PortalServer, mailbox: Mailbox) -> Iterator[World]:
    """Мир, у которого есть почта и уведомления портала."""
    alerts = {"email": mailbox.settings(), "bitrix_users": [1]}
    world = World(tmp_path / "world", redis_url, portal, alerts=alerts)
    world.services.watch.run()
    yield world
    world.close()


def later(world: World, minutes: float) -> None:
    """Переводит часы вперёд и присматривает."""
    world.clock.shift += timedelta(minutes=minutes)
    world.services.watch.run()


def lose_base(world: World) -> None:
    """Прячет файл базы и пробует выборку."""
    world.ident.path.rename(world.ident.path.with_suffix(".gone"))
    world.services.close()
    with pytest.raises(Exception, match="База Ident"):
        world.extract()


def return_base(world: World) -> None:
    """Возвращает файл базы."""
    world.ident.path.with_suffix(".gone").rename(world.ident.path)
    world.services.close()  # новое соединение: прежнее отдыхает после неудачи


def test_lost_base_raises_a_letter_and_a_notice_and_then_an_all_clear(
    clinic: World, mailbox: Mailbox
) -> None:
    clinic.extract()
    lose_base(clinic)
    later(clinic, 4)
    assert mailbox.subjects() == ["[Ident → Битрикс24] Нет связи с базой Ident D1"]
    assert "Фучика" in mailbox.letters[0].get_content()
    (note,) = clinic.portal.state.notifications
    assert note["tag"] == "ident|ident_lost:D1"
    return_base(clinic)
    clinic.extract()
    later(clinic, 1)
    later(clinic, 3)
    assert mailbox.subjects()[1:] == ["[Ident → Битрикс24] Отбой: Нет связи с базой Ident D1"]
    (replaced,) = clinic.portal.state.notifications
    assert "Отбой" in replaced["text"]


def count(event: str, number: int) -> Callable[[World], None]:
    """Возвращает беду: столько событий за час среди множества удачных."""

    def happen(world: World) -> None:
        stats, now = world.services.store.stats, world.clock.now()
        stats.count("F1", event, now, number)
        stats.count("F1", "unchanged", now, 20 if event == "retried" else 500)

    return happen


def halt(world: World) -> None:
    """Портал выключил REST."""
    world.services.store.gate.halt(Halt("overload_limit", "REST портала остановлен", world.clock.now()))


def fill_outbox(world: World) -> None:
    """Копит записи больше четырёх пятых очереди."""
    uids = [f"F1_{number}" for number in range(801)]
    world.services.store.outbox.put(uids, world.clock.now(), timedelta(hours=1))


def fall_silent(world: World) -> None:
    """Филиал без ошибки молчит больше получаса."""
    moment = (world.clock.now() - timedelta(minutes=31)).isoformat()
    world.services.store.stats.note("F1", "last_success", moment)


CAUSES = {
    "halt": (halt, "Отправка на портал остановлена"),
    "failed": (count("failed", 11), "Не отправлено записей за час: 11"),
    "rejected": (count("rejected", 11), "Отклонено записей за час: 11"),
    "error_share": (count("retried", 5), "Ошибок 20% за час"),
    "no_branch": (count("branch_missing", 6), "Приёмов без филиала за час: 6"),
    "outbox": (fill_outbox, "Очередь филиала Филиал Фучика почти полна"),
    "no_success": (fall_silent, "Филиал Фучика не обновляется"),
}


@pytest.mark.parametrize(("happen", "title"), CAUSES.values(), ids=CAUSES)
def test_every_cause_is_told_by_mail_and_on_the_portal_once(
    clinic: World, mailbox: Mailbox, happen: Callable[[World], None], title: str
) -> None:
    happen(clinic)
    later(clinic, 1)
    later(clinic, 1)
    assert mailbox.subjects() == [f"[Ident → Битрикс24] {title}"]
    assert [title in note["text"] for note in clinic.portal.state.notifications] == [True]


def test_revoked_webhook_is_told_by_mail_when_the_portal_cannot(clinic: World, mailbox: Mailbox) -> None:
    clinic.portal.portal.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    clinic.book()
    clinic.sync()
    later(clinic, 1)
    assert mailbox.subjects() == ["[Ident → Битрикс24] Портал не принимает вебхук"]


def test_letter_refused_by_the_server_is_sent_a_minute_later(
    tmp_path: Path, redis_url: str, portal: PortalServer, mailbox: Mailbox
) -> None:
    world = World(tmp_path / "w", redis_url, portal, alerts={"email": mailbox.settings()})
    world.services.watch.run()
    mailbox.broken = True
    world.services.store.gate.pause(world.clock.now())
    later(world, 40)
    mailbox.broken = False
    later(world, 1)
    later(world, 1)
    assert mailbox.subjects() == ["[Ident → Битрикс24] Синхронизация стоит на паузе"]
    world.close()


def test_two_nodes_on_one_redis_send_one_letter(clinic: World, mailbox: Mailbox) -> None:
    clinic.services.store.gate.pause(clinic.clock.now())
    later(clinic, 40)
    clinic.services.watch.run()
    assert len(mailbox.letters) == 1


def test_installation_without_channels_writes_alarms_to_the_journal(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.services.watch.run()
    world.services.store.gate.pause(world.clock.now())
    later(world, 40)
    assert "alert_raised" in caplog.text


def test_watch_leaves_its_heartbeat(world: World) -> None:
    world.services.watch.run()
    assert world.services.store.stats.notes("node")["watched_at"]


def test_one_watch_on_a_shared_redis_looks_at_the_branches_of_all_nodes(
    tmp_path: Path, redis_url: str, portal: PortalServer, mailbox: Mailbox
) -> None:
    """Талон присмотра на всех один: победитель смотрит и за чужими филиалами, и отбоя о них не шлёт."""
    alerts = {"email": mailbox.settings()}
    first, second = (
        World(tmp_path / branch, redis_url, portal, alerts=alerts, node={"branches": [branch]})
        for branch in ("F1", "F2")
    )
    for world in (first, second):
        world.services.watch.run()
        world.services.beat(f"node-{world.settings.served[0].branch_id}")
    long_ago = (first.clock.now() - timedelta(minutes=31)).isoformat()
    now = first.clock.now().isoformat()
    first.services.store.stats.note("F1", "last_success", now)
    first.services.store.stats.note("F2", "last_success", long_ago)
    later(first, 1)
    assert mailbox.subjects() == ["[Ident → Битрикс24] Филиал Амирхана не обновляется"]
    for minute in range(1, 6):
        later(second if minute % 2 else first, 1)
    assert len(mailbox.subjects()) == 1
    first.close()
    second.close()


def test_branch_that_no_node_of_this_redis_serves_is_not_watched(
    tmp_path: Path, redis_url: str, portal: PortalServer, mailbox: Mailbox
) -> None:
    alerts = {"email": mailbox.settings()}
    world = World(tmp_path / "one", redis_url, portal, alerts=alerts, node={"branches": ["F1"]})
    world.services.beat("one")
    signs = world.services.health.signs()
    assert [branch.branch_id for branch in signs.branches] == ["F1"]
    world.close()


def test_settings_that_a_node_did_not_take_are_told(clinic: World, mailbox: Mailbox) -> None:
    clinic.services.settings_refused = "[sync] lease: ожидается не меньше 65 с"
    clinic.services.beat("one")
    later(clinic, 1)
    assert mailbox.subjects() == ["[Ident → Битрикс24] Новые настройки не взяты"]
    assert "lease" in mailbox.letters[0].get_content()
    clinic.services.settings_refused = ""
    clinic.services.beat("one")
    later(clinic, 1)
    later(clinic, 4)
    assert mailbox.subjects()[1:] == ["[Ident → Битрикс24] Отбой: Новые настройки не взяты"]
