"""Настройка портала через REST: воронки, стадии, поля, вкладки, уведомления, сведения."""

from collections.abc import Iterator

import pytest
import requests

from demo.portal.options import ALL_SCOPES, OAuthToken, PortalOptions
from demo.portal.server import PortalServer
from tests.support.rest import Rest

# --- Воронки и стадии ----------------------------------------------------------------------------


def stage(**fields: object) -> dict[str, object]:
    """Возвращает поля новой стадии."""
    return {"ENTITY_ID": "DEAL_STAGE_1", "STATUS_ID": "NO_SHOW", "NAME": "Не пришёл", "SORT": 25, **fields}


def codes(rest: Rest, entity: str) -> list[str]:
    """Возвращает коды стадий по порядку."""
    return [row["STATUS_ID"] for row in rest.result("crm.status.list", filter={"ENTITY_ID": entity})]


def test_new_pipeline_has_the_usual_stages_and_a_number_of_its_own(rest: Rest) -> None:
    category = rest.result("crm.category.add", entityTypeId=2, fields={"name": "Хирургия", "sort": 300})[
        "category"
    ]
    assert (category["name"], category["isDefault"], category["id"]) == ("Хирургия", "N", 2)
    assert codes(rest, "DEAL_STAGE_2")[:2] == ["C2:NEW", "C2:PREPARATION"]
    assert {"C2:WON", "C2:LOSE", "C2:APOLOGY"} <= set(codes(rest, "DEAL_STAGE_2"))


def test_pipelines_may_have_the_same_name(rest: Rest) -> None:
    for _ in range(2):
        rest.result("crm.category.add", entityTypeId=2, fields={"name": "Стоматология"})
    rows = rest.result("crm.category.list", entityTypeId=2)["categories"]
    assert [row["name"] for row in rows].count("Стоматология") == 3


def test_pipeline_is_read_and_renamed(rest: Rest) -> None:
    rest.result("crm.category.update", entityTypeId=2, id=1, fields={"name": "Клиника", "sort": 5})
    category = rest.result("crm.category.get", entityTypeId=2, id=1)["category"]
    assert (category["name"], category["sort"]) == ("Клиника", 5)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("crm.category.add", {"entityTypeId": 2, "fields": {}}, "CRM_FIELD_ERROR_REQUIRED"),
        ("crm.category.list", {"entityTypeId": 1}, "NOT_FOUND"),
        ("crm.category.get", {"entityTypeId": 2, "id": 77}, "NOT_FOUND"),
    ],
)
def test_wrong_pipeline_is_refused(rest: Rest, method: str, params: dict[str, object], code: str) -> None:
    assert rest.error(method, **params)[:2] == (400, code)


def test_stage_gets_its_prefix_and_its_place(rest: Rest) -> None:
    rest.result("crm.status.add", fields=stage())
    assert codes(rest, "DEAL_STAGE_1")[:4] == [
        "C1:CONSULT_SCHED",
        "C1:CONSULT_DONE",
        "C1:NO_SHOW",
        "C1:PLAN_PRESENT",
    ]


@pytest.mark.parametrize(
    ("entity", "code", "fits"),
    [
        ("DEAL_STAGE_1", "A" * 19, True),
        ("DEAL_STAGE_1", "A" * 20, False),
        ("DEAL_STAGE_1", "C1:" + "A" * 19, True),
        ("DEAL_STAGE_1", "CONSULTATION_SCHEDULED", False),
        ("DEAL_STAGE", "CONSULTATION_SCHEDULED", True),
        ("DEAL_STAGE", "A" * 23, False),
        ("STATUS", "A" * 21, True),
        ("STATUS", "A" * 22, False),
    ],
)
def test_code_of_a_stage_with_its_prefix_has_at_most_22_characters(
    rest: Rest, entity: str, code: str, fits: bool
) -> None:
    status, body = rest.reply("crm.status.add", fields=stage(ENTITY_ID=entity, STATUS_ID=code, SORT=5))
    assert status == (200 if fits else 400), body


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"STATUS_ID": "no-lower"}, ""),
        ({"STATUS_ID": "ПРИВЕТ"}, ""),
        ({"STATUS_ID": ""}, ""),
        ({"NAME": ""}, ""),
        ({"ENTITY_ID": "NO_SUCH"}, ""),
        ({"SEMANTICS": "S"}, ""),
        ({"SORT": 1000}, ""),
        ({"STATUS_ID": "WON"}, "ERROR_CORE"),
    ],
    ids=str,
)
def test_wrong_stage_is_refused(rest: Rest, fields: dict[str, object], code: str) -> None:
    assert rest.error("crm.status.add", fields=stage(**fields))[:2] == (400, code)


def test_stage_changes_its_name_but_never_its_code_or_group(rest: Rest) -> None:
    number = rest.result("crm.status.add", fields=stage())
    fields = {"NAME": "Не явился", "COLOR": "#FF0000", "SORT": 15, "STATUS_ID": "X", "SEMANTICS": "F"}
    rest.result("crm.status.update", id=number, fields=fields)
    row = rest.result("crm.status.get", id=number)
    assert (row["NAME"], row["COLOR"], row["SORT"]) == ("Не явился", "#FF0000", "15")
    assert (row["STATUS_ID"], row["SEMANTICS"], row["EXTRA"]["SEMANTICS"]) == ("C1:NO_SHOW", None, "process")


def test_stage_with_deals_on_it_cannot_be_deleted(rest: Rest) -> None:
    number = rest.result("crm.status.add", fields=stage())
    deal_id = rest.deal(CATEGORY_ID=1, STAGE_ID="C1:NO_SHOW")
    assert rest.error("crm.status.delete", id=number)[1] == ""
    rest.result("crm.deal.delete", id=deal_id)
    assert rest.result("crm.status.delete", id=number) is True
    assert "C1:NO_SHOW" not in codes(rest, "DEAL_STAGE_1")


def test_system_stage_is_deleted_only_by_force(rest: Rest) -> None:
    (won,) = rest.result("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE_1", "STATUS_ID": "C1:WON"})
    assert rest.error("crm.status.delete", id=won["ID"])[1] == ""
    assert rest.result("crm.status.delete", id=won["ID"], params={"FORCED": "Y"}) is True


def test_dictionary_is_filtered_and_sorted(rest: Rest) -> None:
    rows = rest.result("crm.status.list", filter={"ENTITY_ID": ["SOURCE"]}, order={"SORT": "DESC"})
    assert (rows[0]["STATUS_ID"], rows[-1]["STATUS_ID"]) == ("OTHER", "CALL")
    others = rest.result("crm.status.list", filter={"!ENTITY_ID": "SOURCE", "NO_SUCH": 1})
    assert "SOURCE" not in {row["ENTITY_ID"] for row in others}


def test_unknown_row_of_a_dictionary_is_refused(rest: Rest) -> None:
    assert rest.error("crm.status.get", id=9999)[:2] == (400, "")
    assert rest.error("crm.status.add")[:2] == (400, "")


# --- Пользовательские поля -----------------------------------------------------------------------


def field(**fields: object) -> dict[str, object]:
    """Возвращает описание нового поля."""
    return {"FIELD_NAME": "UF_CRM_NOTE", "USER_TYPE_ID": "string", "LABEL": "Заметка", **fields}


def test_user_field_gets_its_prefix_and_works_at_once(rest: Rest) -> None:
    rest.result("crm.deal.userfield.add", fields=field(FIELD_NAME="NOTE"))
    deal_id = rest.deal(UF_CRM_NOTE="важно")
    assert rest.result("crm.deal.get", id=deal_id)["UF_CRM_NOTE"] == "важно"
    assert rest.result("crm.deal.fields")["UF_CRM_NOTE"]["formLabel"] == "Заметка"
    described = rest.result("crm.item.fields", entityTypeId=2)["fields"]["ufCrmNote"]
    assert (described["isDynamic"], described["upperName"]) == (True, "UF_CRM_NOTE")


def test_multiple_field_keeps_a_list(rest: Rest) -> None:
    rest.result("crm.deal.userfield.add", fields=field(MULTIPLE="Y", USER_TYPE_ID="integer"))
    deal_id = rest.deal(UF_CRM_NOTE=["1", "2", ""])
    assert rest.result("crm.deal.get", id=deal_id)["UF_CRM_NOTE"] == ["1", "2"]
    item = rest.result("crm.item.get", entityTypeId=2, id=deal_id)["item"]
    assert item["ufCrmNote"] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "written", "old", "new"),
    [
        ("integer", "12 кг", "12", 12),
        ("double", "10,5", "10.50", 10.5),
        ("boolean", "Y", "1", 1),
        ("boolean", "нет", "0", 0),
        ("boolean", "", None, None),
        ("date", "30.12.2024", "2024-12-30T00:00:00+03:00", "2024-12-30T00:00:00+03:00"),
        ("string", {"a": 1}, None, None),
        ("enumeration", "7", "7", 7),
        ("employee", "5", "5", 5),
    ],
)
def test_values_are_kept_by_the_kind_of_the_field(
    rest: Rest, kind: str, written: object, old: object, new: object
) -> None:
    rest.result("crm.deal.userfield.add", fields=field(USER_TYPE_ID=kind))
    deal_id = rest.deal(UF_CRM_NOTE=written)
    assert rest.result("crm.deal.get", id=deal_id)["UF_CRM_NOTE"] == old
    assert rest.result("crm.item.get", entityTypeId=2, id=deal_id)["item"]["ufCrmNote"] == new


@pytest.mark.parametrize(
    "fields",
    [
        {"FIELD_NAME": "UF_CRM_FILIAL"},
        {"FIELD_NAME": "UF_CRM_" + "A" * 44},
        {"FIELD_NAME": "ПОЛЕ"},
        {"USER_TYPE_ID": "rocket"},
    ],
    ids=str,
)
def test_wrong_user_field_is_refused(rest: Rest, fields: dict[str, object]) -> None:
    assert rest.error("crm.deal.userfield.add", fields=field(**fields))[:2] == (400, "ERROR_CORE")


def test_user_fields_are_found_read_and_deleted(rest: Rest) -> None:
    number = rest.result("crm.deal.userfield.add", fields=field())
    (row,) = rest.result("crm.deal.userfield.list", filter={"FIELD_NAME": "UF_CRM_NOTE"})
    assert (row["ID"], row["ENTITY_ID"], row["SETTINGS"]) == (str(number), "CRM_DEAL", [])
    assert rest.result("crm.deal.userfield.get", id=number)["EDIT_FORM_LABEL"] == "Заметка"
    assert rest.result("crm.deal.userfield.delete", id=number) is True
    assert rest.error("crm.deal.userfield.get", id=number)[1] == "ERROR_CORE"


def test_label_may_be_given_by_languages(rest: Rest) -> None:
    labels = {"EDIT_FORM_LABEL": {"en": "Note", "ru": "Примечание"}, "LABEL": ""}
    number = rest.result("crm.contact.userfield.add", fields=field(**labels))
    assert rest.result("crm.contact.userfield.get", id=number)["EDIT_FORM_LABEL"] == "Примечание"


def test_only_an_administrator_makes_fields() -> None:
    token = OAuthToken("manager", user_id=5, scopes=ALL_SCOPES)
    with PortalServer(PortalOptions(tokens=(token,))) as portal:
        url = portal.base_url + "rest/crm.deal.userfield.add"
        answer = requests.post(url, json={"auth": "manager", "fields": field()}, timeout=30)
        assert answer.json()["error_description"] == "Access denied."
        assert Rest(portal).error("crm.deal.userfield.add")[1] == ""


def test_fields_of_people_name_their_phones(rest: Rest) -> None:
    for family in ("lead", "contact"):
        assert rest.result(f"crm.{family}.fields")["PHONE"]["type"] == "crm_multifield"


# --- Вкладки приложения --------------------------------------------------------------------------

TAB = {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "https://app.example/plan", "TITLE": "План лечения"}


class App:
    """Локальное приложение."""

    def __init__(self, portal: PortalServer) -> None:
        self.url = portal.base_url + "rest/"

    def call(self, method: str, token: str = "admin", **params: object) -> dict[str, object]:
        """Возвращает тело ответа."""
        body: dict[str, object] = requests.post(
            self.url + method, json={"auth": token, **params}, timeout=30
        ).json()
        return body


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    """Приложение администратора и менеджера."""
    tokens = (OAuthToken("admin", 1, scopes=ALL_SCOPES), OAuthToken("manager", 5, scopes=ALL_SCOPES))
    with PortalServer(PortalOptions(rate=1000, threshold=1000, tokens=tokens)) as portal:
        yield App(portal)


def test_tab_is_bound_shown_and_taken_away(app: App) -> None:
    assert app.call("placement.bind", **TAB)["result"] is True
    assert app.call("placement.bind", **TAB)["error"] == "ERROR_CORE"
    (shown,) = app.call("placement.get")["result"]  # type: ignore[misc]
    assert (shown["placement"], shown["handler"]) == (TAB["PLACEMENT"], TAB["HANDLER"])
    assert app.call("placement.unbind", PLACEMENT=TAB["PLACEMENT"])["result"] == {"count": 1}
    assert app.call("placement.get")["result"] == []


@pytest.mark.parametrize(
    ("wrong", "token", "code"),
    [
        ({"HANDLER": "http://app.example/"}, "admin", "ERROR_UNSUPPORTED_PROTOCOL"),
        ({"PLACEMENT": "NO_SUCH"}, "admin", "ERROR_PLACEMENT_NOT_FOUND"),
        ({}, "manager", "ACCESS_DENIED"),
    ],
)
def test_wrong_tab_is_refused(app: App, wrong: dict[str, str], token: str, code: str) -> None:
    assert app.call("placement.bind", token, **{**TAB, **wrong})["error"] == code


# --- Уведомления и сведения ----------------------------------------------------------------------


def notify(**params: object) -> dict[str, object]:
    """Возвращает уведомление администратору."""
    return {"USER_ID": 1, "MESSAGE": "очередь растёт", "TAG": "queue", "CLIENT_ID": "ident", **params}


def test_notification_with_the_same_tag_replaces_the_earlier_one(rest: Rest) -> None:
    first = rest.result("im.notify.system.add", **notify())
    second = rest.result("im.notify.system.add", **notify(MESSAGE="очередь пуста"))
    assert second > first
    assert [note["text"] for note in rest.portal.state.notifications] == ["очередь пуста"]
    shown = requests.get(rest.portal.base_url + "emulator/notifications", timeout=30).json()
    assert [note["text"] for note in shown] == ["очередь пуста"]


def test_notification_to_nobody_is_false(rest: Rest) -> None:
    assert rest.result("im.notify.personal.add", **notify(USER_ID=77)) is False


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"USER_ID": 0}, "USER_ID_EMPTY"),
        ({"MESSAGE": " "}, "MESSAGE_EMPTY"),
        ({"CLIENT_ID": ""}, "CLIENT_ID_EMPTY"),
    ],
)
def test_wrong_notification_is_refused(rest: Rest, wrong: dict[str, object], code: str) -> None:
    assert rest.error("im.notify", **notify(**wrong))[:2] == (400, code)


def test_portal_tells_about_itself(rest: Rest) -> None:
    assert rest.result("crm.settings.mode.get") == 1
    assert rest.result("scope") == ["crm", "im", "user_brief"]
    assert rest.result("server.time").endswith("+03:00")
    assert {row["CURRENCY"] for row in rest.result("crm.currency.list")} >= {"RUB"}
    assert rest.result("user.current")["ID"] == "1"


@pytest.mark.parametrize(
    ("name", "exists", "available"),
    [("crm.deal.add", True, True), ("placement.bind", True, False), ("no.such", False, False)],
)
def test_portal_tells_about_its_methods(rest: Rest, name: str, exists: bool, available: bool) -> None:
    assert rest.result("method.get", name=name) == {"isExisting": exists, "isAvailable": available}


def test_comment_is_written_into_the_timeline(rest: Rest) -> None:
    deal_id = rest.deal()
    fields = {"ENTITY_ID": deal_id, "ENTITY_TYPE": "deal", "COMMENT": "звонили"}
    assert rest.result("crm.timeline.comment.add", fields=fields)
    assert rest.portal.state.timeline[f"2:{deal_id}"][-1]["text"] == "звонили"
    assert rest.error("crm.timeline.comment.add", fields={**fields, "COMMENT": ""})[1] == ""
    assert rest.error("crm.timeline.comment.add", fields={**fields, "ENTITY_ID": 99})[2] == "Not found."
