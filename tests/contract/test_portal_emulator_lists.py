"""Списки портала: отбор, порядок, страницы — в обоих семействах."""

from typing import Any

import pytest

from tests.support.rest import Rest

UID = "UF_CRM_RECEPTION_ID"


@pytest.fixture
def shelf(rest: Rest) -> Rest:
    """Портал с четырьмя сделками."""
    rows: list[dict[str, Any]] = [
        {
            "TITLE": "Зорин Пётр",
            "OPPORTUNITY": 100,
            UID: "F1_1",
            "UF_CRM_START_TIME": "2024-12-01T10:00:00+03:00",
        },
        {"TITLE": "Лунёва Алсу", "OPPORTUNITY": 200.5, UID: "F1_2"},
        {"TITLE": "лунёва Нина", "OPPORTUNITY": 300, UID: "f1_3", "CATEGORY_ID": 1, "STAGE_ID": "C1:WON"},
        {"TITLE": "100 % скидка"},
    ]
    for row in rows:
        rest.deal(**row)
    return rest


OLD_FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [1, 2, 3, 4]),
    ({"TITLE": "Зорин Пётр"}, [1]),
    ({"=TITLE": "зорин пётр"}, [1]),
    ({"TITLE": ["Зорин Пётр", "Лунёва Алсу"]}, [1, 2]),
    ({"@TITLE": ["Зорин Пётр", "нет"]}, [1]),
    ({"!TITLE": "Зорин Пётр"}, [2, 3, 4]),
    ({"!=TITLE": ["Зорин Пётр", "Лунёва Алсу"]}, [3, 4]),
    ({"!@ID": [1, 2, 3]}, [4]),
    ({"%TITLE": "лунёва"}, [2, 3]),
    ({"!%TITLE": "лунёва"}, [1, 4]),
    ({"=%TITLE": "%алсу"}, [2]),
    ({"%=TITLE": "зорин%"}, [1]),
    ({">OPPORTUNITY": 100}, [2, 3]),
    ({">=OPPORTUNITY": "200.5", "<OPPORTUNITY": 300}, [2]),
    ({"<=ID": 2}, [1, 2]),
    ({">ID": "2"}, [3, 4]),
    ({"@ID": [1, 4, 99]}, [1, 4]),
    ({f"@{UID}": ["F1_1", "F1_3"]}, [1, 3]),
    ({UID: ""}, [4]),
    ({f"!{UID}": ""}, [1, 2, 3]),
    ({f"={UID}": "F1_99"}, []),
    ({"CATEGORY_ID": 1}, [3]),
    ({"STAGE_SEMANTIC_ID": "S"}, [3]),
    ({">UF_CRM_START_TIME": "2024-12-01T06:59:00+00:00"}, [1]),
    ({">UF_CRM_START_TIME": "2024-12-01T07:00:00+00:00"}, []),
    ({">TITLE": None}, []),
    ({"NO_SUCH": 1, "ID": 2}, [2]),
]


@pytest.mark.parametrize(("wanted", "expected"), OLD_FILTERS, ids=str)
def test_old_list_filters(shelf: Rest, wanted: dict[str, Any], expected: list[int]) -> None:
    rows = shelf.result("crm.deal.list", filter=wanted, select=["ID"])
    assert [int(row["ID"]) for row in rows] == expected


NEW_FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({"title": "Зорин Пётр"}, [1]),
    ({"@ufCrmReceptionId": ["F1_1", "F1_2"]}, [1, 2]),
    ({">id": 1, "<opportunity": 250}, [2, 4]),
    ({"0": {"logic": "OR", "0": {"id": 1}, "1": {"title": "Лунёва Алсу"}}}, [1, 2]),
    ({"logic": "OR", "0": {"id": 1}, "1": {"id": 3}}, [1, 3]),
    ({"0": {"id": 1}, "categoryId": 0}, [1]),
]


@pytest.mark.parametrize(("wanted", "expected"), NEW_FILTERS, ids=str)
def test_new_list_filters(shelf: Rest, wanted: dict[str, Any], expected: list[int]) -> None:
    items = shelf.result("crm.item.list", entityTypeId=2, filter=wanted, select=["id"])["items"]
    assert items == [{"id": number} for number in expected]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"ID": "DESC"}, [4, 3, 2, 1]),
        ({"OPPORTUNITY": "DESC"}, [3, 2, 1, 4]),
        ({"CATEGORY_ID": "DESC", "ID": "DESC"}, [3, 4, 2, 1]),
        ({"NO_SUCH": "DESC"}, [1, 2, 3, 4]),
    ],
)
def test_old_list_order(shelf: Rest, order: dict[str, str], expected: list[int]) -> None:
    rows = shelf.result("crm.deal.list", order=order, select=["ID"])
    assert [int(row["ID"]) for row in rows] == expected


def test_old_list_shows_user_fields_only_when_asked(shelf: Rest) -> None:
    plain, asked, starred = (
        shelf.result("crm.deal.list", filter={"ID": 1}, select=select)[0]
        for select in ([], ["ID", UID], ["*", "UF_*"])
    )
    assert UID not in plain
    assert asked == {"ID": "1", UID: "F1_1"}
    assert {UID, "TITLE"} <= set(starred)


@pytest.mark.parametrize(
    ("flag", "select", "names"),
    [
        ("N", ["id", "ufCrmReceptionId"], {"id", "ufCrmReceptionId"}),
        ("Y", ["id", UID], {"id", UID}),
        ("N", ["id", "contactIds"], {"id", "contactIds"}),
    ],
)
def test_new_list_shows_what_was_selected(shelf: Rest, flag: str, select: list[str], names: set[str]) -> None:
    (item,) = shelf.result(
        "crm.item.list", entityTypeId=2, useOriginalUfNames=flag, filter={"id": 1}, select=select
    )["items"]
    assert set(item) == names


def test_new_list_shows_every_user_field_for_a_star(shelf: Rest) -> None:
    (item,) = shelf.result("crm.item.list", entityTypeId=2, filter={"id": 1}, select=["id", "uf_*"])["items"]
    assert {"ufCrmReceptionId", "ufCrmServices", "id"} <= set(item)
    assert "title" not in item


@pytest.mark.parametrize("method", ["crm.deal.list", "crm.item.list"])
def test_pages_hold_fifty_rows(rest: Rest, method: str) -> None:
    for number in range(3):
        rest.batch(**{f"c{index}": f"crm.deal.add?fields[TITLE]={number}" for index in range(40)})
    pages = [rest.reply(method, entityTypeId=2, start=start)[1] for start in (0, 50, 100, 150)]
    rows = [page["result"] if method == "crm.deal.list" else page["result"]["items"] for page in pages]
    assert [len(page) for page in rows] == [50, 50, 20, 0]
    assert [page.get("next") for page in pages] == [50, 100, None, None]
    assert [page["total"] for page in pages] == [120] * 4


def test_counting_may_be_switched_off(rest: Rest) -> None:
    rest.batch(**{f"c{index}": "crm.deal.add?fields[TITLE]=x" for index in range(50)})
    rest.deal()
    status, body = rest.reply("crm.deal.list", start=-1, filter={">ID": 0}, order={"ID": "ASC"})
    assert (status, len(body["result"]), body["total"]) == (200, 50, 0)
    assert "next" not in body


@pytest.mark.parametrize(("wanted", "count"), [({"PHONE": "+79031112233"}, 1), ({"%PHONE": "903"}, 2)])
def test_contacts_are_filtered_by_the_phone_as_it_is_written(
    rest: Rest, wanted: dict[str, str], count: int
) -> None:
    rest.contact("+79031112233")
    rest.contact("8 (903) 111-22-33", "+79034445566")
    assert len(rest.result("crm.contact.list", filter=wanted)) == count
