"""Данные страницы эмулятора: доска, карточка, рука человека; хранение портала между запусками."""

from pathlib import Path
from typing import Any

import pytest
import requests

from demo.portal.options import OAuthToken, PortalOptions
from demo.portal.server import PortalServer
from tests.support.rest import Rest

DENTAL = {"CATEGORY_ID": 1, "STAGE_ID": "C1:CONSULT_SCHED"}


def fetched(rest: Rest, path: str, **params: object) -> Any:
    """Возвращает ответ управления."""
    return requests.get(rest.portal.base_url + "emulator/" + path, params=params, timeout=30).json()  # type: ignore[arg-type]


def posted(rest: Rest, path: str, body: object) -> requests.Response:
    """Посылает приказ управления."""
    return requests.post(rest.portal.base_url + "emulator/" + path, json=body, timeout=30)


def column(board: dict[str, Any], stage: str) -> dict[str, Any]:
    """Возвращает столбец доски."""
    return next(item for item in board["columns"] if item["id"] == stage)


# --- Доска ---------------------------------------------------------------------------------------


def test_board_shows_the_pipeline_of_the_clinic_by_stages(rest: Rest) -> None:
    contact_id = rest.contact("+79031112233", LAST_NAME="Лунёва")
    doctor = {
        "UF_CRM_DOCTOR_SURNAME": "Зорин",
        "UF_CRM_DOCTOR_NAME": "Пётр",
        "UF_CRM_DOCTOR_PATRONYMIC": "Ильич",
    }
    rest.deal(CONTACT_IDS=[contact_id], OPPORTUNITY=1500, UF_CRM_FILIAL="Филиал Фучика", **doctor, **DENTAL)
    rest.deal(TITLE="в общей воронке")
    board = fetched(rest, "board")
    assert [item["id"] for item in board["columns"]][:2] == ["C1:CONSULT_SCHED", "C1:CONSULT_DONE"]
    shown = column(board, "C1:CONSULT_SCHED")
    assert (shown["count"], shown["sum"], board["deals"], board["contacts"]) == (1, 1500.0, 1, 1)
    (tile,) = shown["tiles"]
    assert (tile["patient"], tile["phone"], tile["doctor"]) == ("Лунёва Алсу", "+79031112233", "Зорин П.И.")
    assert board["filials"] == ["Филиал Фучика"]


def test_board_of_another_pipeline_may_be_asked_for(rest: Rest) -> None:
    rest.deal(TITLE="в общей воронке")
    board = fetched(rest, "board", category=0)
    assert (board["category"], column(board, "NEW")["count"]) == (0, 1)
    assert fetched(rest, "board", category=77)["category"] == 1


def test_unchanged_board_is_not_sent_again(rest: Rest) -> None:
    first = fetched(rest, "board")
    again = fetched(rest, "board", since=first["revision"])
    assert set(again) == {"revision", "traffic"}
    rest.deal(**DENTAL)
    assert "columns" in fetched(rest, "board", since=first["revision"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"filial": "Филиал Фучика"}, 1),
        ({"filial": "Нигде"}, 0),
        ({"q": "лунёва"}, 1),
        ({"q": "F1_77"}, 1),
        ({"q": "лунёва зорин"}, 0),
        ({"q": "лунёва", "filial": "Филиал Амирхана"}, 0),
        ({}, 2),
    ],
    ids=str,
)
def test_deals_are_searched_by_branch_and_words(rest: Rest, query: dict[str, str], found: int) -> None:
    rest.deal(TITLE="Лунёва Алсу", UF_CRM_FILIAL="Филиал Фучика", UF_CRM_RECEPTION_ID="F1_77", **DENTAL)
    rest.deal(TITLE="Зорин Пётр", UF_CRM_FILIAL="Филиал Амирхана", **DENTAL)
    assert fetched(rest, "board", **query)["deals"] == found


def test_long_column_shows_the_latest_and_counts_all(rest: Rest) -> None:
    rest.batch(**{f"c{n}": "crm.deal.add?fields[CATEGORY_ID]=1&fields[TITLE]=x" for n in range(45)})
    shown = column(fetched(rest, "board"), "C1:CONSULT_SCHED")
    assert (shown["count"], len(shown["tiles"])) == (45, 40)


def test_traffic_is_counted(rest: Rest) -> None:
    rest.batch(a="profile", b="profile")
    traffic = fetched(rest, "board")["traffic"]
    assert (traffic["requests"], traffic["commands_per_second"]) == (1, 0.2)
    assert traffic["recent"][0]["method"] == "batch"


# --- Карточка ------------------------------------------------------------------------------------


def test_card_shows_everything_about_the_deal(rest: Rest) -> None:
    contact_id, lead_id = rest.contact("+79031112233"), rest.lead("+79031112233", STATUS_ID="CONVERTED")
    deal_id = rest.deal(CONTACT_IDS=[contact_id], SOURCE_ID="WEB", **DENTAL)
    rest.result("crm.item.update", entityTypeId=2, id=deal_id, fields={"leadId": lead_id})
    rest.result("crm.deal.update", id=deal_id, fields={"STAGE_ID": "C1:TREATMENT"})
    card = fetched(rest, f"deals/{deal_id}")
    values = {field["name"]: field["value"] for field in card["fields"]}
    assert (values["CATEGORY_ID"], values["SOURCE_ID"]) == ("Стоматология", "Веб-сайт")
    assert values["ASSIGNED_BY_ID"] == "Анна Администратор"
    assert {"UF_CRM_RECEPTION_ID", "OPPORTUNITY", "STAGE_ID"} <= set(values)
    assert (card["contacts"][0]["phones"], card["lead"]["status"]) == (["+79031112233"], "Качественный лид")
    assert [(move["from"], move["to"]) for move in card["history"]] == [
        ("Запись на консультацию", "Лечение"),
        (None, "Запись на консультацию"),
    ]
    assert card["timeline"][0]["by"] == "Анна Администратор (вебхук)"
    assert card["plan_app"] is None


def test_card_survives_people_deleted_by_hand(rest: Rest) -> None:
    contact_id = rest.contact()
    deal_id = rest.deal(CONTACT_IDS=[contact_id], **DENTAL)
    rest.result("crm.contact.delete", id=contact_id)
    assert fetched(rest, f"deals/{deal_id}")["contacts"][0]["name"] == "удалён"


def test_card_hands_the_plan_tab_what_a_portal_hands_an_application() -> None:
    options = PortalOptions(plan_app_url="http://127.0.0.1:9/app/", tokens=(OAuthToken("ключ"),))
    with PortalServer(options) as portal:
        rest = Rest(portal)
        application = fetched(rest, f"deals/{rest.deal(**DENTAL)}")["plan_app"]
    assert application["url"] == "http://127.0.0.1:9/app/index.html"
    assert (application["token"], application["member_id"], application["is_admin"]) == (
        "ключ",
        "demo-member",
        True,
    )


def test_unknown_deal_has_no_card(rest: Rest) -> None:
    assert requests.get(rest.portal.base_url + "emulator/deals/77", timeout=30).status_code == 404
    assert posted(rest, "deals/77/stage", {"stage": "C1:WON"}).status_code == 404


# --- Рука человека -------------------------------------------------------------------------------


def test_manager_moves_a_deal(rest: Rest) -> None:
    deal_id = rest.deal(**DENTAL)
    posted(rest, f"deals/{deal_id}/stage", {"stage": "C1:WAITING_LIST"})
    card = fetched(rest, f"deals/{deal_id}")
    assert (card["tile"]["stage"], card["history"][0]["by"]) == ("C1:WAITING_LIST", "Мария Менеджер")


def test_manager_deletes_a_deal(rest: Rest) -> None:
    url = rest.portal.base_url + f"emulator/deals/{rest.deal(**DENTAL)}"
    assert requests.delete(url, timeout=30).json() is True
    assert requests.delete(url, timeout=30).json() is False


def test_manager_brings_leads_and_contacts(rest: Rest) -> None:
    posted(rest, "leads", {"TITLE": "Заявка", "phone": "+79031112233"})
    posted(rest, "contacts", {"NAME": "Алсу"})
    assert rest.result("crm.lead.list", select=["PHONE"])[0]["PHONE"][0]["VALUE"] == "+79031112233"
    assert rest.result("crm.contact.list")[0]["NAME"] == "Алсу"


def test_manager_closes_a_contact_and_opens_it(rest: Rest) -> None:
    contact_id = rest.contact()
    rule = {"user_id": 1, "type_id": 3, "id": contact_id}
    posted(rest, "denied", rule)
    assert rest.result("crm.contact.list") == []
    posted(rest, "denied", {**rule, "denied": False})
    assert len(rest.result("crm.contact.list")) == 1


def test_whole_state_is_taken_away_and_brought_back(rest: Rest) -> None:
    rest.deal(TITLE="первая", **DENTAL)
    saved = fetched(rest, "state")
    rest.deal(TITLE="вторая", **DENTAL)
    restored = requests.put(rest.portal.base_url + "emulator/state", json=saved, timeout=30).json()
    assert [row["TITLE"] for row in restored["entities"]["2"]] == ["первая"]
    assert [row["TITLE"] for row in rest.result("crm.deal.list")] == ["первая"]


# --- Между запусками -----------------------------------------------------------------------------


def test_portal_survives_a_restart(tmp_path: Path) -> None:
    options = PortalOptions(persist=tmp_path / "deep" / "portal.json")
    with PortalServer(options) as portal:
        first = Rest(portal).contact("+79031112233")
        Rest(portal).deal(UF_CRM_RECEPTION_ID="F1_1", CONTACT_IDS=[first], **DENTAL)
    with PortalServer(options) as portal:
        rest = Rest(portal)
        found = rest.result("crm.duplicate.findbycomm", type="PHONE", values=["+79031112233"])
        assert found == {"CONTACT": [first]}
        assert len(rest.result("crm.deal.list", filter={"=UF_CRM_RECEPTION_ID": "F1_1"})) == 1
        assert rest.deal() == 2


def test_fresh_portal_may_have_no_pipeline_of_the_clinic() -> None:
    with PortalServer(PortalOptions(empty=True)) as portal:
        rest = Rest(portal)
        assert [row["name"] for row in rest.result("crm.category.list", entityTypeId=2)["categories"]] == [
            "Общая"
        ]
        assert rest.result("crm.deal.userfield.list") == []
        assert fetched(rest, "board")["category"] == 0


@pytest.mark.parametrize("path", ["", "deal/1", "page/app.js", "page/style.css"])
def test_page_and_its_parts_are_served(rest: Rest, path: str) -> None:
    assert requests.get(rest.portal.base_url + path, timeout=30).status_code == 200
