"""Приговор демонстрации: верный портал проходит, каждая порча называется (issue 2, «Demo»)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from demo.counts import Counts
from demo.portal.entities import Edit
from demo.portal.schema import CONTACT, DEAL, LEAD
from demo.report import Result, print_report
from demo.verdict import Judge, Verdict, goes_back, same_value
from services.ident.sqlite import clinic_now
from tests.support.world import World

Row = dict[str, Any]


def judged(world: World, manual: dict[str, str] | None = None) -> Verdict:
    """Возвращает приговор миру."""
    judge = Judge(world.settings, world.portal.state, manual or {})
    return judge.judge(clinic_now() + timedelta(days=6))


@pytest.fixture
def right(world: World) -> World:
    """Мир с одной верной сделкой."""
    reception_id = world.book()
    world.order(reception_id, 1)
    world.sync()
    return world


def change(world: World, **fields: object) -> None:
    """Правит единственную сделку."""
    (deal,) = world.deals()
    with world.portal.state.changing():
        world.portal.portal.crm.update(DEAL, deal, Edit(fields, 5))


def add(world: World, kind: int, **fields: object) -> None:
    """Кладёт на портал ещё одно."""
    with world.portal.state.changing():
        world.portal.portal.crm.add(kind, Edit(fields, 5))


def phones(phone: str = "+79031112233") -> list[Row]:
    """Возвращает телефон пациента."""
    return [{"VALUE": phone, "VALUE_TYPE": "MOBILE"}]


def remove(world: World, kind: int) -> None:
    """Удаляет единственный элемент такого вида."""
    (number,) = world.portal.state.entities[kind]
    with world.portal.state.changing():
        world.portal.state.remove(kind, number)


def twin(world: World) -> None:
    """Кладёт вторую сделку того же приёма."""
    (deal,) = world.deals()
    add(world, DEAL, UF_CRM_RECEPTION_ID=deal["UF_CRM_RECEPTION_ID"], CATEGORY_ID=1)


def back_and_forth(world: World) -> None:
    """Двигает сделку вперёд и назад."""
    change(world, STAGE_ID="C1:TREATMENT")
    change(world, STAGE_ID="C1:CONSULT_SCHED")


SPOILT: dict[str, tuple[Callable[[World], None], str]] = {
    "поле": (lambda world: change(world, UF_CRM_SERVICES="не то"), "поле UF_CRM_SERVICES"),
    "сумма": (lambda world: change(world, OPPORTUNITY=1), "поле OPPORTUNITY"),
    "нет сделки": (lambda world: remove(world, DEAL), "сделки нет"),
    "две сделки": (twin, "сделок 2"),
    "назад": (back_and_forth, "стадия шла назад"),
    "нет контакта": (lambda world: remove(world, CONTACT), "нет контакта"),
    "лид": (lambda world: add(world, LEAD, TITLE="Заявка", PHONE=phones()), "не переведён"),
    "два контакта": (lambda world: add(world, CONTACT, NAME="Другая", PHONE=phones()), "у двух контактов"),
}


def test_right_portal_is_right(right: World) -> None:
    verdict = judged(right)
    assert (verdict.matches, verdict.expected, verdict.differences) == (True, 1, [])


@pytest.mark.parametrize("name", SPOILT)
def test_every_spoiling_is_named(right: World, name: str) -> None:
    spoil, complaint = SPOILT[name]
    spoil(right)
    verdict = judged(right)
    assert not verdict.matches
    assert any(complaint in difference for difference in verdict.differences), verdict.differences


def test_names_of_people_are_not_in_the_verdict(right: World) -> None:
    change(right, TITLE="Другая Нина", COMMENTS="не то")
    assert "Нина" not in " ".join(judged(right).differences)


def test_deal_left_behind_by_its_reception_is_named(world: World) -> None:
    reception_id = world.book()
    world.sync()
    world.mark(reception_id, PatientAppeared=clinic_now())
    assert any("стадия" in difference for difference in judged(world).differences)


def test_touched_manual_stage_is_named(right: World) -> None:
    (deal,) = right.deals()
    verdict = judged(right, {deal["UF_CRM_RECEPTION_ID"]: "C1:WAITING_LIST"})
    assert any("тронута ручная стадия" in difference for difference in verdict.differences)


def test_spoiled_reception_must_not_reach_the_portal(world: World) -> None:
    reception_id = world.book(world.patient(phone="нет"))
    add(world, DEAL, UF_CRM_RECEPTION_ID=f"F1_{reception_id}", CATEGORY_ID=1)
    verdict = judged(world)
    assert dict(verdict.refused) == {"phone_invalid": 1}
    assert any("отклонённая" in difference for difference in verdict.differences)


@pytest.mark.parametrize(
    ("before", "after", "back"),
    [
        ("C1:CONSULT_SCHED", "C1:TREATMENT", False),
        ("C1:TREATMENT", "C1:CONSULT_SCHED", True),
        ("C1:WAITING_LIST", "C1:TREATMENT", True),
        ("C1:TREATMENT", "C1:WAITING_LIST", False),
        ("C1:TREATMENT", "C1:LOSE", False),
        ("C1:LOSE", "C1:TREATMENT", True),
        ("C1:STRANGE", "C1:TREATMENT", False),
    ],
)
def test_what_counts_as_going_back(world: World, before: str, after: str, back: bool) -> None:
    assert goes_back(before, after, world.settings.portal.stage_table) is back


@pytest.mark.parametrize(
    ("actual", "wanted", "same"),
    [
        (None, "", True),
        ("", "", True),
        ("2024-12-30T10:00:00+03:00", "2024-12-30T07:00:00+00:00", True),
        ("2024-12-30T10:00:00+03:00", "2024-12-30T10:00:00+00:00", False),
        (None, 0.0, True),
        ("6000.50", 6000.5, True),
        ("текст", "Текст", False),
        ("2024-12-30", "2024-12-30", True),
    ],
)
def test_what_counts_as_the_same_value(actual: object, wanted: object, same: bool) -> None:
    assert same_value(actual, wanted) is same


def shown(world: World, verdict: Verdict, waiting: int, capsys: pytest.CaptureFixture[str]) -> str:
    """Возвращает таблицу итога."""
    counts = {branch.branch_id: Counts() for branch in world.settings.served}
    print_report(world.settings, Result(counts, verdict, 55, 1304, 456, 0, 28.6, waiting))
    return " ".join(capsys.readouterr().out.split())


def test_report_of_a_right_portal(right: World, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(right, judged(right), 0, capsys)
    assert "Портал верен: сделок по правилам 1, расхождений нет" in text
    assert "запросов 55, в них команд 1304" in text


def test_report_of_a_wrong_portal(right: World, capsys: pytest.CaptureFixture[str]) -> None:
    remove(right, DEAL)
    right.book(right.patient(phone=""))
    text = shown(right, judged(right), 3, capsys)
    assert "Портал расходится с правилами: 1" in text
    assert "1 нет телефона" in text
    assert "в очереди осталось записей: 3" in text
