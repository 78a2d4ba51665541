"""История записи и поиск: ветви, до которых сцены tests/integration/test_story.py не доходят."""

import pytest

from services.sync.story import Search, Teller
from tests.fakes import COLLEAGUE
from tests.support.scenarios import Office


@pytest.mark.parametrize(
    ("choice", "fate"), [("report", "сделка останется как есть"), ("cancel", "сделка отменится")]
)
def test_story_of_a_deleted_reception_foretells_the_deal(choice: str, fate: str) -> None:
    office = Office(rules={"deleted_receptions": choice})
    office.delivered()
    office.source.remove(1)
    (step,) = Teller(office.feed, office.work, office.crm).tell("F1_1").next
    assert "Пропажу заметит сверка" in step.told
    assert fate in step.told


@pytest.mark.parametrize("text", ["К-17", "K-17", "²", "1" * 19])
def test_what_is_no_number_is_sought_as_a_card(text: str) -> None:
    office = Office()
    office.delivered()
    assert Search([office.feed], office.crm).find(text) == ([], [])
    assert "numbered" not in office.crm.calls


def test_new_deal_is_promised_what_is_not_empty() -> None:
    office = Office()
    office.book(comment="")
    rows = Teller(office.feed, office.work, office.crm).tell("F1_1").rows
    assert [row.field for row in rows if row.note == ""] == [row.field for row in rows if row.ident == "—"]
    assert {row.note for row in rows} == {"", "запишется"}


def test_every_rule_says_its_word_and_its_paragraph() -> None:
    office = Office()
    office.crm.add_deal("F1_1", office.crm.add_contact("Иная", "Анна", "+79990000000"), COLLEAGUE)
    office.book()
    said = Teller(office.feed, office.work, office.crm).tell("F1_1").facts
    assert [(fact.rule, fact.paragraph) for fact in said] == [
        ("Филиал", "СПЕЦ 2.4.3, МАП 2.6.3"),
        ("Проверка", "МАП 4.1–4.3"),
        ("Услуги", "МАП 2.6.5, 2.5.2"),
        ("Сумма", "МАП 2.6.6"),
        ("План лечения", "МАП 2.5.2, приоритет 3"),
        ("Стадия", "МАП 2.5.2, приоритет 5"),
        ("Чья сделка", "постановление 36"),
        ("Движение", "МАП 2.3.1"),
    ]
