"""Филиалы: СПЕЦ 2.4.2, 2.4.3, МАП 2.6.3, 5.1; постановления 2 и 3."""

import pytest

from services.domain.branches import BranchRule, home_of, possible_uids, resolve_branch
from tests.factories import BRANCHES, FUCHIKA, MINNULLINA, make_reception

UNKNOWN = "Не указан"


@pytest.mark.parametrize(
    ("order", "armchair", "rule", "text"),
    [
        pytest.param("Филиал Миннуллина", "Филиал Фучика", MINNULLINA, "Филиал Миннуллина", id="из заказа"),
        pytest.param(None, "Филиал Миннуллина", MINNULLINA, "Филиал Миннуллина", id="из кабинета"),
        pytest.param("  ", "Филиал Миннуллина", MINNULLINA, "Филиал Миннуллина", id="пустой заказ"),
        pytest.param(None, None, FUCHIKA, UNKNOWN, id="не указан: домашний филиал"),
        pytest.param("", " ", FUCHIKA, UNKNOWN, id="пустые строки: домашний филиал"),
        pytest.param("филиал  МИННУЛЛИНА ", None, MINNULLINA, "Филиал Миннуллина", id="регистр и пробелы"),
        pytest.param("фучика", None, FUCHIKA, "Филиал Фучика", id="псевдоним: пишется имя из настроек"),
        pytest.param("\u200bФили\u00adал Миннуллина", None, MINNULLINA, MINNULLINA.name, id="невидимое"),
        pytest.param("\u200b", MINNULLINA.name, MINNULLINA, MINNULLINA.name, id="одно невидимое: пусто"),
    ],
)
def test_branch_comes_from_order_then_armchair(
    order: str | None, armchair: str | None, rule: BranchRule, text: str
) -> None:
    owner = resolve_branch(make_reception(order_branch=order, armchair_branch=armchair), BRANCHES)
    assert (owner.rule, owner.text) == (rule, text)


@pytest.mark.parametrize("armchair", [None, "Филиал Миннуллина"])
def test_unknown_name_goes_as_it_stands_from_the_home_branch(armchair: str | None) -> None:
    """Постановление 30; МАП 2.6.3: COALESCE берёт первое заполненное."""
    reception = make_reception(order_branch=" ООО  Ромашка ", armchair_branch=armchair)
    owner = resolve_branch(reception, BRANCHES)
    assert (owner.rule, owner.text, owner.known) == (FUCHIKA, "ООО Ромашка", False)


def test_missing_name_is_not_an_unknown_one() -> None:
    assert resolve_branch(make_reception(order_branch=None, armchair_branch=None), BRANCHES).known


@pytest.mark.parametrize(
    ("branches", "home"),
    [
        (BRANCHES, FUCHIKA),
        ((MINNULLINA, FUCHIKA), FUCHIKA),
        ((MINNULLINA,), MINNULLINA),
    ],
)
def test_database_has_one_home_branch(branches: tuple[BranchRule, ...], home: BranchRule) -> None:
    """Постановление 2: единственный филиал базы — домашний."""
    assert home_of(branches) is home


def test_reception_is_searched_under_every_key_of_its_database() -> None:
    """Постановление 3."""
    assert possible_uids(12345, BRANCHES) == ("F1_12345", "F2_12345")
