"""История записи: двадцать случаев на странице и в консоли — через собранные службы (issue 16, п. 1)."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import requests

from cli.explain import explain, main, parser
from demo.portal.entities import Edit
from demo.portal.options import PortalOptions
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from monitoring.app import monitor_app
from services.domain.fingerprint import failed_mark
from services.domain.outbox import Doubt, Halt, Link, Unclear
from services.ident.sqlite import clinic_now
from services.journal.configure import configure_journal, stop_journal
from tests.support.pages import PageServer
from tests.support.world import World

Prepare = Callable[[World], str]
HOUR = timedelta(hours=1)


@pytest.fixture
def journals(world: World) -> Iterator[World]:
    """Мир, чьи события идут в настоящие файлы журналов."""
    configure_journal(world.settings.journal, console=False)
    yield world
    stop_journal()


# --- случаи ------------------------------------------------------------------------------------------


def booked(world: World, **values: object) -> str:
    """Приём записан, выборки ещё не было."""
    return f"F1_{world.book(**values)}"  # type: ignore[arg-type]


def number(uid: str) -> int:
    """Возвращает номер приёма."""
    return int(uid.partition("_")[2])


def delivered(world: World, *prices: int) -> str:
    """Приём доставлен на портал."""
    uid = booked(world)
    if prices:
        world.order(number(uid), *prices)
    world.sync()
    return uid


def moved(world: World) -> str:
    """Пациент пришёл: сделка перешла на лечение."""
    uid = about_to_move(world)
    world.sync()
    return uid


def about_to_move(world: World) -> str:
    """Пациент пришёл, выборки ещё не было."""
    uid = delivered(world)
    world.mark(number(uid), PatientAppeared=clinic_now())
    return uid


def backwards(world: World) -> str:
    """Отметку прихода сняли: назад сделка не пойдёт."""
    uid = moved(world)
    world.mark(number(uid), PatientAppeared=None)
    world.sync()
    return uid


def manual_cancel(world: World) -> str:
    """Отменённый приём, чью сделку ведёт куратор."""
    uid = delivered(world)
    world.move(uid, world.settings.portal.stages["waiting_list"])  # type: ignore[index]
    world.mark(number(uid), ReceptionCanceled=clinic_now())
    world.sync()
    return uid


def cancelled(world: World) -> str:
    """Отменённый приём."""
    uid = delivered(world)
    world.mark(number(uid), ReceptionCanceled=clinic_now())
    world.sync()
    return uid


def own_stage(world: World) -> str:
    """Сделку увели на стадию не из нашей таблицы."""
    uid = delivered(world)
    with world.portal.state.changing():
        world.deal(uid)["STAGE_ID"] = "C1:STRANGE"
    world.mark(number(uid), PatientAppeared=clinic_now())
    return uid


def rejected(world: World) -> str:
    """Телефон негоден."""
    uid = f"F1_{world.book(world.patient(phone='12'))}"
    world.sync()
    return uid


def rejected_later(world: World) -> str:
    """Сделка есть, но приём стал негодным."""
    uid = delivered(world)
    start = clinic_now() + HOUR
    world.mark(number(uid), PlanStart=start, PlanEnd=start)
    world.sync()
    return uid


def neighbour(world: World) -> str:
    """Приём ведёт сосед по базе."""
    uid = booked(world)
    world.order(number(uid), company_id=2)
    return uid


def vanished(world: World) -> str:
    """Доставленный приём удалён из Ident, сверка это заметила."""
    uid = delivered(world)
    with closing(sqlite3.connect(world.ident.path)) as base, base:
        base.execute("DELETE FROM Receptions WHERE ID = ?", (number(uid),))
    world.reconcile()
    return uid


def waiting(world: World) -> str:
    """Портал отвечал ошибкой: ждёт повтора."""
    uid = queued(world)
    claim = world.services.store.outbox.claim(uid, world.clock.now(), HOUR)
    assert claim is not None
    world.services.store.outbox.postpone(claim, world.clock.now() + HOUR, "api", "сбой на портале")
    return uid


def doubted(world: World) -> str:
    """Исход создания неясен."""
    uid, now = queued(world), world.clock.now()
    claim = world.services.store.outbox.claim(uid, now, HOUR)
    assert claim is not None
    claim = world.services.store.outbox.doubt(claim, Doubt(Unclear.DEAL, now + HOUR))
    world.services.store.outbox.release(claim, now + HOUR)
    return uid


def flying(world: World) -> str:
    """Отправляется сейчас."""
    uid = queued(world)
    world.services.store.outbox.claim(uid, world.clock.now(), HOUR)
    return uid


def failed(world: World) -> str:
    """Не отправлена: решать человеку."""
    uid = queued(world)
    claim = world.services.store.outbox.claim(uid, world.clock.now(), HOUR)
    assert claim is not None
    world.services.store.outbox.fail(claim, world.clock.now(), "access_denied", "crm.deal.add: нет прав")
    return uid


def refused_by_portal(world: World) -> str:
    """Отказ портала забыли, а приём не менялся."""
    uid = delivered(world)
    link = world.services.store.links.get([uid])[uid]
    mark = Link(failed_mark(link.fingerprint), link.deal_id)
    world.services.store.links.save(uid, mark, world.clock.now())
    return uid


def queued(world: World) -> str:
    """Стоит в очереди."""
    uid = booked(world)
    assert world.extract() == [uid]
    return uid


def halted(world: World) -> str:
    """Вебхук не принят: отправка остановлена."""
    uid = queued(world)
    world.services.store.gate.halt(Halt("unauthorized", "вебхук не принят", world.clock.now()))
    return uid


def paused(world: World) -> str:
    """Стоит пауза."""
    uid = queued(world)
    world.services.store.gate.pause(world.clock.now())
    return uid


def planned(world: World) -> str:
    """Стадию решает план лечения: выполнен не весь."""
    uid = f"F1_{world.book(world.ident.PATIENT)}"
    world.ident.plan(2)
    world.sync()
    return uid


def foreign_key(world: World) -> str:
    """Под ключом записи лежит сделка, которую создал сотрудник."""
    uid = booked(world)
    fields = {"TITLE": "Своя", "CATEGORY_ID": 1, "UF_CRM_RECEPTION_ID": uid}
    with world.portal.state.changing():
        world.portal.portal.crm.add(DEAL, Edit(fields, 5))
    return uid


def keyed(world: World, uid: str) -> None:
    """Кладёт под ключ записи две сделки вебхука и одну сотрудника; память узла о них молчит."""
    fields = {"TITLE": "Прежняя", "CATEGORY_ID": 1, "UF_CRM_RECEPTION_ID": uid}
    with world.portal.state.changing():
        for author in (5, 1, 1):
            world.portal.portal.crm.add(DEAL, Edit(fields, author))


def unproven(world: World) -> str:
    """Телефон негоден и памяти нет: сделка есть лишь по ключу."""
    uid = f"F1_{world.book(world.patient(phone='12'))}"
    keyed(world, uid)
    return uid


def unproven_gone(world: World) -> str:
    """Приёма нет и памяти нет, а сделка под его ключом есть."""
    keyed(world, "F1_900001")
    return "F1_900001"


def deleted_deal(world: World) -> str:
    """Сделку удалили с портала руками."""
    uid = delivered(world)
    with world.portal.state.changing():
        world.portal.state.remove(DEAL, int(world.deal(uid)["ID"]))
    return uid


def edited(world: World) -> str:
    """Услуги сделки поправили на портале."""
    uid = delivered(world, 1)
    with world.portal.state.changing():
        world.portal.portal.crm.update(DEAL, world.deal(uid), Edit({"UF_CRM_SERVICES": "не то"}, 5))
    return uid


def unknown_company(world: World) -> str:
    """Организация не описана в настройках."""
    uid = booked(world)
    company = world.ident.insert("OwnCompanies", Name="Филиал Новый")
    world.order(number(uid), 1, company_id=company)
    return uid


CASES: Mapping[Prepare, tuple[str, ...]] = {
    booked: ("сделки нет: создастся на «Запись на консультацию»", "Ещё не в очереди", "запишется"),
    queued: ("В очереди с", "уйдёт, как только узел её возьмёт", "record_queued"),
    delivered: ("Ничего: портал соответствует Ident", "стадия уже стоит", "deal_created"),
    about_to_move: ("«Запись на консультацию» → «Лечение»: пациент пришёл", "МАП 2.5.2, приоритет 4.4"),
    moved: ("положена «Лечение»: пациент пришёл", "сделка остаётся на «Лечение»", "deal_updated"),
    backwards: ("сделка остаётся на «Лечение»: назад по воронке не двигаем", "МАП 2.5.4"),
    cancelled: ("положена «Не успешно»: запись отменена", "Запись отменена без причины", "МАП 4.3"),
    manual_cancel: ("сделка остаётся на «Лист ожидания»: стадию ведёт куратор", "МАП 2.5.3, 2.5.4"),
    own_stage: ("стадии C1:STRANGE: стадия не из нашей таблицы", "постановление 9"),
    rejected: ("сделки нет и не будет, пока запись отклонена", "МАП 4.2.1", "один российский номер"),
    rejected_later: (
        "сделка стоит, где стояла",
        "МАП 4.2.2",
        "reception_rejected",
        "Исправьте в Ident",
    ),
    neighbour: ("запись ведёт F2 «Филиал Амирхана»", "Её ведёт другой филиал: смотрите F2_"),
    vanished: (
        "такой записи нет: она удалена",
        "Не находится с",
        "его сделка на портале осталась",
    ),
    waiting: ("Повтор в", "попыток было 1. Портал отвечал ошибкой: сбой на портале"),
    doubted: ("Исход прошлой попытки неясен", "посмотрим, сделал ли её портал"),
    flying: ("Отправляется прямо сейчас",),
    failed: ("Не отправлена в", "Владельцу вебхука закрыта сделка", "Дайте ему права на портале"),
    refused_by_portal: ("Портал отказал этому состоянию: ждёт перемены в Ident",),
    halted: ("Отправка остановлена: вебхук не принят", "Устраните причину и"),
    paused: ("стоит пауза: ничего не читается и не отправляется", "Снимите паузу на"),
    planned: ("планов 1, строк 2, выполнено и оплачено 0", "приоритет 3.2", "положена «Лечение»"),
    foreign_key: ("с этим ключом чужая: её создал сотрудник 5", "постановление 36", "сделки нет: создастся"),
    unproven: (
        "сделка 2 (по ключу, не доказано)",
        "сделка 2 найдена по ключу, не доказано",
        "сделка 1 с этим ключом чужая: её создал сотрудник 5",
    ),
    unproven_gone: ("сделка 2 (по ключу, не доказано)", "записи в Ident нет, а сделки этой узел не помнит"),
    deleted_deal: ("Сделки на портале больше нет: её создаст заново сверка",),
    edited: ("поправлено на портале: запишется с переменой в Ident", "не то"),
    unknown_company: ("«Филиал Новый» (из заказа)", "не описан в настройках"),
}


def page(world: World, asked: str) -> str:
    """Возвращает текст раздела «Запись»."""
    with PageServer(monitor_app(world.services)) as server:
        answer = requests.get(f"{server.url}record", params={"q": asked}, timeout=30)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.mark.parametrize("prepare", CASES, ids=lambda prepare: prepare.__name__)
def test_story_is_told_on_the_page_and_in_the_console(
    journals: World, prepare: Prepare, capsys: pytest.CaptureFixture[str]
) -> None:
    world = journals
    uid = prepare(world)
    assert explain(world.services, parser().parse_args([uid])) == 0
    shown, printed = page(world, uid), " ".join(capsys.readouterr().out.split())
    for told in CASES[prepare]:
        assert told in shown
        assert told in printed
    for person in ("Лунёва", "Алсу", "9031112233", "903111"):
        assert person not in shown + printed


def test_plan_snapshots_have_a_story_too(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    uid = "F1_P1"
    world.services.store.outbox.put([uid], world.clock.now(), HOUR)
    assert explain(world.services, parser().parse_args([uid])) == 0
    assert "В очереди с" in capsys.readouterr().out


@pytest.mark.parametrize("by", ["приём", "сделка", "карта", "ключ"])
def test_record_is_found_by_any_of_its_numbers(world: World, by: str) -> None:
    patient = world.patient()
    uid = f"F1_{world.book(patient)}"
    world.sync()
    asked = {
        "приём": uid.partition("_")[2],
        "сделка": str(world.deal(uid)["ID"]),
        "карта": f"К-{patient}",
        "ключ": uid.lower(),
    }[by]
    hits, troubles = world.services.search(asked)
    assert uid in [hit.uid for hit in hits]
    assert not troubles


def test_several_found_are_listed_and_none_is_told(world: World) -> None:
    patient = world.patient()
    uids = [f"F1_{world.book(patient)}" for _ in range(2)]
    shown = page(world, f"К-{patient}")
    assert "Нашлось записей: 2" in shown
    assert all(uid in shown for uid in uids)
    assert "ничего не нашлось" in page(world, "К-нет")


def test_silent_base_and_portal_are_named_and_the_rest_is_told(tmp_path: Path, redis_url: str) -> None:
    with PortalServer(PortalOptions(rate=1000, threshold=1000)) as portal:
        world = World(tmp_path / "world", redis_url, portal)
        uid = queued(world)
    world.services.close()
    world.ident.path.rename(world.ident.path.with_suffix(".gone"))
    shown = page(world, uid)
    world.close()
    assert "База Ident не ответила" in shown
    assert "Портал не ответил" in shown
    assert "В очереди с" in shown


def test_story_needs_the_password_of_the_page(tmp_path: Path, redis_url: str, portal: PortalServer) -> None:
    world = World(tmp_path / "w", redis_url, portal, monitor={"port": 0, "password": "long enough password"})
    uid = delivered(world)
    with PageServer(monitor_app(world.services)) as server:
        answer = requests.get(f"{server.url}record", {"q": uid}, timeout=30, allow_redirects=False)
    world.close()
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert uid not in answer.text


def test_story_writes_nothing(world: World) -> None:
    uid = about_to_move(world)
    before = dump(world), dict(world.deal(uid))
    page(world, uid)
    assert (dump(world), dict(world.deal(uid))) == before


def dump(world: World) -> dict[str, bytes]:
    """Возвращает всё, что лежит в Redis о записях; пределы частоты портала не в счёт."""
    redis = world.services.store.redis
    names = [name for name in redis.scan_iter("*") if re.search("known|queue|absent", name)]
    return {name: redis.dump(name) for name in sorted(names)}


def test_command_says_what_was_not_found(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["К-нет", "--config", str(world.path)]) == 1
    assert "ничего не нашлось" in capsys.readouterr().out
