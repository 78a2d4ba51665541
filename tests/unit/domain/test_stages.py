"""Стадии: МАП 2.5; постановления 1, 9, 10, 21, 26."""

from collections.abc import Sequence
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.reception import Reception
from services.domain.stages import (
    MANUAL,
    RANK,
    KeepStage,
    SetStage,
    Stage,
    StageTable,
    is_consultation,
    move_stage,
    target_stage,
)
from tests.factories import MARK, make_line, make_plan_line, make_reception

TABLE = StageTable.build(1, {})
CONSULTATION = (make_line("Консультация"),)
TREATMENT = (make_line("Лечение кариеса"),)
MIXED = (make_line("Лечение кариеса"), make_line("консультация хирурга"))
ACTIVE_PLAN = (make_plan_line(line_id=1, done=True, paid=True), make_plan_line(line_id=2))
DONE_PLAN = (make_plan_line(line_id=1, done=True, paid=True), make_plan_line(line_id=2, done=True, paid=True))
UNPAID_PLAN = (make_plan_line(done=True, paid=False),)

automatic = st.sampled_from([*RANK, Stage.LOSE])
anywhere = st.sampled_from([*TABLE.ids.values(), "C1:OUR_OWN", "C5:WON", "NEW", ""])


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        pytest.param({"canceled_at": MARK, "lines": CONSULTATION}, Stage.LOSE, id="2.5.2-1 консультация"),
        pytest.param({"canceled_at": MARK, "check_issued_at": MARK}, Stage.LOSE, id="2.5.2-1 раньше счёта"),
        pytest.param({"canceled_at": MARK, "plan_lines": DONE_PLAN}, Stage.LOSE, id="2.5.2-1 раньше плана"),
        pytest.param(
            {"lines": CONSULTATION, "ended_at": MARK}, Stage.CONSULTATION_DONE, id="2.5.2-2.1 завершена"
        ),
        pytest.param(
            {"lines": CONSULTATION, "check_issued_at": MARK}, Stage.CONSULTATION_DONE, id="2.5.2-2.1 счёт"
        ),
        pytest.param({"lines": CONSULTATION}, Stage.CONSULTATION_SCHEDULED, id="2.5.2-2.2 запланирована"),
        pytest.param(
            {"lines": CONSULTATION, "started_at": MARK}, Stage.CONSULTATION_SCHEDULED, id="2.5.2-2.2 идёт"
        ),
        pytest.param(
            {"lines": CONSULTATION, "plan_lines": DONE_PLAN},
            Stage.CONSULTATION_SCHEDULED,
            id="2.5.2-2 раньше плана",
        ),
        pytest.param(
            {"lines": MIXED, "ended_at": MARK}, Stage.CONSULTATION_DONE, id="постановление 26: смесь"
        ),
        pytest.param({"plan_lines": DONE_PLAN}, Stage.WON, id="2.5.2-3.1 план выполнен и оплачен"),
        pytest.param({"plan_lines": ACTIVE_PLAN}, Stage.TREATMENT, id="2.5.2-3.2 план идёт"),
        pytest.param({"plan_lines": UNPAID_PLAN}, Stage.TREATMENT, id="постановление 21: не оплачено"),
        pytest.param(
            {"plan_lines": ACTIVE_PLAN, "check_issued_at": MARK}, Stage.TREATMENT, id="2.5.2-3 раньше 4"
        ),
        pytest.param(
            {"plan_lines": (*DONE_PLAN, make_plan_line(plan_id=2))},
            Stage.TREATMENT,
            id="постановление 21: два плана",
        ),
        pytest.param({"lines": TREATMENT, "check_issued_at": MARK}, Stage.WON, id="2.5.2-4.1 счёт"),
        pytest.param({"check_issued_at": MARK, "ended_at": MARK}, Stage.WON, id="2.5.2-4.1 завершён и счёт"),
        pytest.param({"ended_at": MARK}, Stage.TREATMENT, id="2.5.2-4.2 завершён без счёта"),
        pytest.param({"started_at": MARK}, Stage.TREATMENT, id="2.5.2-4.3 идёт"),
        pytest.param({"appeared_at": MARK}, Stage.TREATMENT, id="2.5.2-4.4 пришёл"),
        pytest.param({"lines": (), "appeared_at": MARK}, Stage.TREATMENT, id="2.5.2-4.4 без услуг"),
        pytest.param({"lines": TREATMENT}, Stage.CONSULTATION_SCHEDULED, id="2.5.2-5 по умолчанию"),
        pytest.param({"lines": ()}, Stage.CONSULTATION_SCHEDULED, id="2.5.2-5 без услуг"),
    ],
)
def test_target_follows_the_priorities(changes: dict[str, object], stage: Stage) -> None:
    assert target_stage(make_reception(**changes)) is stage


@pytest.mark.parametrize(
    ("service", "answer"),
    [
        ("Консультация", True),
        ("КОНСУЛЬТАЦИЯ ортодонта", True),
        ("Первичная консультация", True),
        ("Консультационный пакет", False),
        ("Лечение кариеса", False),
        ("", False),
    ],
)
def test_consultation_is_told_by_the_word(service: str, answer: bool) -> None:
    assert is_consultation(make_reception(lines=(make_line(service),))) is answer


@given(
    st.builds(
        make_reception,
        **{
            mark: st.sampled_from([None, MARK])
            for mark in ("canceled_at", "appeared_at", "started_at", "ended_at", "check_issued_at")
        },
        lines=st.sampled_from([(), CONSULTATION, TREATMENT, MIXED]),
        plan_lines=st.sampled_from([(), ACTIVE_PLAN, DONE_PLAN, UNPAID_PLAN]),
    )
)
def test_target_is_never_a_manual_stage(reception: Reception) -> None:
    """МАП 2.5.3."""
    assert target_stage(reception) not in MANUAL


def test_default_codes_are_those_of_the_specification() -> None:
    """МАП 2.5.1."""
    assert set(TABLE.ids.values()) == {
        "C1:CONSULTATION_SCHEDULED",
        "C1:CONSULTATION_DONE",
        "C1:PLAN_PRESENTATION",
        "C1:WAITING_LIST",
        "C1:PREPAYMENT_RECEIVED",
        "C1:TREATMENT",
        "C1:WON",
        "C1:LOSE",
    }


@pytest.mark.parametrize(("category_id", "code"), [(0, "WON"), (7, "C7:WON")])
def test_codes_carry_the_funnel(category_id: int, code: str) -> None:
    table = StageTable.build(category_id, {})
    assert table.id_of(Stage.WON) == code
    assert table.stage_of(code) is Stage.WON


def test_codes_are_configurable() -> None:
    """Постановление 11."""
    table = StageTable.build(1, {Stage.CONSULTATION_SCHEDULED: "C1:PREPARATION"})
    assert table.id_of(Stage.CONSULTATION_SCHEDULED) == "C1:PREPARATION"
    assert table.stage_of("C1:CONSULTATION_SCHEDULED") is None


def test_one_code_for_two_stages_is_refused() -> None:
    with pytest.raises(ValueError, match="один код"):
        StageTable.build(1, {Stage.TREATMENT: "C1:WON"})


def after(current: str, target: Stage, cancel_moves_manual: bool = False) -> str:
    """Возвращает код стадии после решения."""
    move = move_stage(current, target, TABLE, cancel_moves_manual)
    return move.stage_id if isinstance(move, SetStage) else current


@pytest.mark.parametrize(
    ("current", "target"),
    [
        (Stage.CONSULTATION_SCHEDULED, Stage.CONSULTATION_DONE),
        (Stage.CONSULTATION_SCHEDULED, Stage.TREATMENT),
        (Stage.CONSULTATION_SCHEDULED, Stage.WON),
        (Stage.CONSULTATION_DONE, Stage.TREATMENT),
        (Stage.CONSULTATION_DONE, Stage.WON),
        (Stage.TREATMENT, Stage.WON),
        (Stage.CONSULTATION_SCHEDULED, Stage.LOSE),
        (Stage.CONSULTATION_DONE, Stage.LOSE),
        (Stage.TREATMENT, Stage.LOSE),
        (Stage.WON, Stage.LOSE),
    ],
)
def test_stage_moves_forward_and_to_lose(current: Stage, target: Stage) -> None:
    """МАП 2.5.4."""
    assert move_stage(TABLE.id_of(current), target, TABLE) == SetStage(target, TABLE.id_of(target))


@pytest.mark.parametrize(
    ("current", "target"),
    [
        (Stage.CONSULTATION_DONE, Stage.CONSULTATION_SCHEDULED),
        (Stage.TREATMENT, Stage.CONSULTATION_DONE),
        (Stage.WON, Stage.TREATMENT),
        (Stage.WON, Stage.CONSULTATION_SCHEDULED),
        (Stage.WON, Stage.WON),
        (Stage.LOSE, Stage.LOSE),
        (Stage.LOSE, Stage.CONSULTATION_SCHEDULED),
        (Stage.LOSE, Stage.WON),
    ],
)
def test_stage_does_not_move_back_or_in_place(current: Stage, target: Stage) -> None:
    """МАП 2.5.4, постановление 10."""
    move = move_stage(TABLE.id_of(current), target, TABLE)
    assert isinstance(move, KeepStage)
    assert not move.manual_cancel
    assert move.reason


@pytest.mark.parametrize("current", [*sorted(TABLE.id_of(stage) for stage in MANUAL), "C1:OUR_OWN", "C5:NEW"])
@pytest.mark.parametrize("target", [*RANK, Stage.LOSE])
def test_curators_stage_is_kept_and_a_cancel_is_reported(current: str, target: Stage) -> None:
    """МАП 2.5.3, постановления 1 и 9."""
    move = move_stage(current, target, TABLE)
    assert isinstance(move, KeepStage)
    assert move.manual_cancel is (target is Stage.LOSE)


@pytest.mark.parametrize("current", sorted(MANUAL))
def test_setting_lets_a_cancel_move_a_manual_stage(current: Stage) -> None:
    """Постановление 1, ``cancel_moves_manual_stage``."""
    assert after(TABLE.id_of(current), Stage.LOSE, cancel_moves_manual=True) == "C1:LOSE"
    assert after(TABLE.id_of(current), Stage.WON, cancel_moves_manual=True) == TABLE.id_of(current)


def test_stage_outside_our_table_is_never_moved() -> None:
    """Постановление 9: в чужой воронке нашего кода нет."""
    assert after("C5:NEW", Stage.LOSE, cancel_moves_manual=True) == "C5:NEW"


def walk(start: str, targets: Sequence[Stage], cancel_moves_manual: bool = False) -> list[str]:
    """Возвращает путь сделки по стадиям при такой череде состояний приёма."""
    return reduce(
        lambda path, target: [*path, after(path[-1], target, cancel_moves_manual)], targets, [start]
    )


def rank(stage_id: str) -> int:
    """Возвращает место стадии на лестнице; LOSE — последнее, вне лестницы — нулевое."""
    ladder = {**{TABLE.id_of(stage): number for stage, number in RANK.items()}, "C1:LOSE": 100}
    return ladder.get(stage_id, 0)


@given(anywhere, st.lists(automatic), st.booleans())
def test_deal_never_goes_back_whatever_happens(start: str, targets: list[Stage], setting: bool) -> None:
    ranks = [rank(stage_id) for stage_id in walk(start, targets, setting)]
    assert ranks == sorted(ranks)


@given(st.sampled_from(sorted(RANK)), st.lists(automatic), st.lists(automatic))
def test_lose_absorbs(start: Stage, before: list[Stage], later: list[Stage]) -> None:
    path = walk(TABLE.id_of(start), [*before, Stage.LOSE, *later])
    assert set(path[len(before) + 1 :]) == {"C1:LOSE"}


@given(st.sampled_from(sorted(MANUAL)), st.lists(automatic))
def test_manual_stage_is_never_touched(start: Stage, targets: list[Stage]) -> None:
    assert set(walk(TABLE.id_of(start), targets)) == {TABLE.id_of(start)}


@given(anywhere, automatic, st.booleans())
def test_repeated_decision_changes_nothing(current: str, target: Stage, setting: bool) -> None:
    once = after(current, target, setting)
    assert after(once, target, setting) == once
