"""Приём → сделка: МАП 2.2–2.6, СПЕЦ 2.2.1; постановления 4, 13, 27, 28."""

import json
from decimal import Decimal

import pytest

from services.domain.mapping import (
    DEFAULT_FIELDS,
    DEFAULT_IMMUTABLE,
    FieldTable,
    creation_fields,
    deal_title,
    update_fields,
)
from services.domain.names import PersonName
from services.domain.phones import Phone
from services.domain.stages import KeepStage, SetStage, Stage, StageTable
from tests.factories import MARK, START, make_draft, make_line

FIELDS = FieldTable.build({})
STAGES = StageTable.build(1, {})
KEEP = KeepStage("стадия уже стоит")
MAP_2_2 = {
    "UF_CRM_RECEPTION_ID": "F1_12345",
    "UF_CRM_START_TIME": "2024-12-30T10:00:00+03:00",
    "UF_CRM_END_TIME": "2024-12-30T10:45:00+03:00",
    "TITLE": "Иванов Иван Иванович - 30.12.2024 10:00",
    "UF_CRM_DOCTOR_SURNAME": "Петрова",
    "UF_CRM_DOCTOR_NAME": "Мария",
    "UF_CRM_DOCTOR_PATRONYMIC": "Сергеевна",
    "UF_CRM_DOCTOR_PROFESSION": "Терапевт",
    "UF_CRM_FILIAL": "Филиал Фучика",
    "UF_CRM_SERVICES": "Лечение кариеса",
    "STAGE_ID": "C1:CONSULTATION_SCHEDULED",
    "OPPORTUNITY": 1000.0,
}
RULING_13 = {
    "UF_CRM_CARD_NUMBER": "1024",
    "UF_CRM_ARMCHAIR": "Кабинет 3",
    "UF_CRM_STATUS": "Запланирован",
    "UF_CRM_CREATED_TIME": "2024-12-20T09:15:30+03:00",
    "UF_CRM_SOURCE": "Сайт",
    "UF_CRM_IDENT_PATIENT": "main_777",
}
MONEY = {"CURRENCY_ID": "RUB", "IS_MANUAL_OPPORTUNITY": "Y"}


def created(**changes: object) -> dict[str, object]:
    """Возвращает поля новой сделки по приёму с изменениями."""
    return creation_fields(make_draft(**changes), FIELDS, STAGES, 1)


def updated(**changes: object) -> dict[str, object]:
    """Возвращает поля обновления по приёму с изменениями."""
    return update_fields(make_draft(**changes), FIELDS, DEFAULT_IMMUTABLE, KEEP)


@pytest.mark.parametrize(
    ("surname", "name", "patronymic", "hour", "minute", "title"),
    [
        ("Иванов", "Иван", "Иванович", 10, 0, "Иванов Иван Иванович - 30.12.2024 10:00"),
        ("Петрова", "Мария", None, 14, 30, "Петрова Мария - 30.12.2024 14:30"),
        ("СИДОРОВ ", " петр", "александрович", 9, 0, "Сидоров Петр Александрович - 30.12.2024 09:00"),
    ],
)
def test_title_is_name_and_start(
    surname: str, name: str, patronymic: str | None, hour: int, minute: int, title: str
) -> None:
    """МАП 2.4, примеры."""
    start = START.replace(hour=hour, minute=minute)
    assert deal_title(PersonName.of(surname, name, patronymic), start) == title


def test_title_without_start_is_the_name() -> None:
    assert deal_title(PersonName("Иванов", "Иван"), None) == "Иванов Иван"


def test_new_deal_has_every_known_field() -> None:
    """МАП 2.2, постановление 13: пустые поля не пишутся."""
    assert created() == MAP_2_2 | RULING_13 | MONEY | {"CATEGORY_ID": 1}


def test_canceled_reception_brings_its_reason_and_time() -> None:
    """МАП 2.5.2 приоритет 1."""
    fields = created(canceled_at=MARK, cancel_reason=" Заболел ")
    assert fields["UF_CRM_CANCEL_REASON"] == "Заболел"
    assert fields["UF_CRM_CANCELED_TIME"] == "2024-12-30T10:30:00+03:00"
    assert fields["UF_CRM_STATUS"] == "Отменен"
    assert fields["STAGE_ID"] == "C1:LOSE"


def test_marks_of_the_visit_are_sent() -> None:
    """СПЕЦ 2.2.1 поля 19–21."""
    fields = created(appeared_at=MARK, started_at=MARK, ended_at=MARK)
    for name in ("UF_CRM_APPEARED_TIME", "UF_CRM_STARTED_TIME", "UF_CRM_ENDED_TIME"):
        assert fields[name] == "2024-12-30T10:30:00+03:00"


def test_reception_without_services_sends_empty_list_and_zero() -> None:
    """МАП 5.2."""
    fields = created(lines=())
    assert fields["UF_CRM_SERVICES"] == ""
    assert fields["OPPORTUNITY"] == 0.0


@pytest.mark.parametrize(
    ("price", "amount"), [("10500", 10500.0), ("0.015", 0.02), ("-3", 0.0), ("1234.5678901234", 1234.57)]
)
def test_amount_is_a_float_with_kopecks(price: str, amount: float) -> None:
    """МАП 2.6.6."""
    assert created(lines=(make_line(price=Decimal(price)),))["OPPORTUNITY"] == amount


def test_free_text_keeps_its_lines_and_signs() -> None:
    comment = "  Боится уколов <b>&</b> «шума»\r\nЗвонить   после 18:00 \x00$result[0]\n"
    assert (
        created(comment=comment)["COMMENTS"]
        == "Боится уколов <b>&</b> «шума»\nЗвонить   после 18:00 $result[0]"
    )


def test_spaces_of_short_texts_are_collapsed() -> None:
    """СПЕЦ 2.4.1.4."""
    fields = created(
        card_number=" 10 \t 24 ", profession="Терапевт\n", lines=(make_line(" Лечение  кариеса "),)
    )
    assert fields["UF_CRM_CARD_NUMBER"] == "10 24"
    assert fields["UF_CRM_DOCTOR_PROFESSION"] == "Терапевт"
    assert fields["UF_CRM_SERVICES"] == "Лечение кариеса"


def test_doctors_name_is_normalised() -> None:
    fields = created(doctor_surname="ПЕТРОВА-ВОДКИНА", doctor_patronymic=None)
    assert fields["UF_CRM_DOCTOR_SURNAME"] == "Петрова-Водкина"
    assert "UF_CRM_DOCTOR_PATRONYMIC" not in fields


def test_update_leaves_the_first_data_alone() -> None:
    """МАП 2.3.4, постановление 28."""
    fields = updated(surname="Сидоров", doctor_surname="Кузнецов", comment="Перезвонить")
    untouched = {DEFAULT_FIELDS[name] for name in DEFAULT_IMMUTABLE}
    assert not untouched & set(fields)
    assert fields["COMMENTS"] == "Перезвонить"


def test_update_always_writes_status_marks_sum_services_comment() -> None:
    """МАП 2.3.4: «всегда обновляются»; снятая отметка стирается."""
    assert updated() == {
        "UF_CRM_SERVICES": "Лечение кариеса",
        "OPPORTUNITY": 1000.0,
        "COMMENTS": "",
        "UF_CRM_ARMCHAIR": "Кабинет 3",
        "UF_CRM_STATUS": "Запланирован",
        "UF_CRM_CREATED_TIME": "2024-12-20T09:15:30+03:00",
        "UF_CRM_APPEARED_TIME": "",
        "UF_CRM_STARTED_TIME": "",
        "UF_CRM_ENDED_TIME": "",
        "UF_CRM_CANCELED_TIME": "",
        "UF_CRM_SOURCE": "Сайт",
        "UF_CRM_CARD_NUMBER": "1024",
        "UF_CRM_IDENT_PATIENT": "main_777",
        **MONEY,
    }


def test_merged_cards_are_followed_by_the_deal() -> None:
    """Постановление 33: приём перешёл к другой карте пациента."""
    changed = updated(patient_id=778, card_number="2048")
    assert (changed["UF_CRM_IDENT_PATIENT"], changed["UF_CRM_CARD_NUMBER"]) == ("main_778", "2048")


@pytest.mark.parametrize("reason", ["Заболел", "  Заболел\n"])
def test_update_writes_a_filled_cancel_reason(reason: str) -> None:
    assert updated(canceled_at=MARK, cancel_reason=reason)["UF_CRM_CANCEL_REASON"] == "Заболел"


@pytest.mark.parametrize(
    "changes", [{"canceled_at": MARK}, {"canceled_at": None, "cancel_reason": "Заболел"}]
)
def test_update_does_not_erase_the_cancel_reason(changes: dict[str, object]) -> None:
    """МАП 2.3.4: «обновляются только при заполнении»."""
    assert "UF_CRM_CANCEL_REASON" not in updated(**changes)


@pytest.mark.parametrize(
    ("move", "stage"), [(SetStage(Stage.WON, "C1:WON"), {"STAGE_ID": "C1:WON"}), (KEEP, {})]
)
def test_update_moves_the_stage_only_when_decided(move: SetStage | KeepStage, stage: dict[str, str]) -> None:
    fields = update_fields(make_draft(), FIELDS, DEFAULT_IMMUTABLE, move)
    assert {name: value for name, value in fields.items() if name == "STAGE_ID"} == stage


def test_installer_may_let_time_and_doctor_be_updated() -> None:
    """Постановление 4; ключ записи не обновляется ни при каких настройках."""
    fields = update_fields(make_draft(), FIELDS, (), KEEP)
    assert fields["UF_CRM_START_TIME"] == "2024-12-30T10:00:00+03:00"
    assert fields["UF_CRM_DOCTOR_SURNAME"] == "Петрова"
    assert "UF_CRM_RECEPTION_ID" not in fields


def test_sum_that_is_not_updated_leaves_the_currency_alone() -> None:
    assert not MONEY.keys() & update_fields(make_draft(), FIELDS, ("amount",), KEEP).keys()


def test_plans_of_treatment_are_not_part_of_the_draft() -> None:
    """Постановление 15: снимок планов пишет своя задача."""
    assert "UF_CRM_TREATMENT_PLANS" not in {**created(), **update_fields(make_draft(), FIELDS, (), KEEP)}


def test_fields_are_ready_for_json() -> None:
    both = [created(canceled_at=MARK, comment="Да"), updated(ended_at=MARK)]
    assert json.loads(json.dumps(both, allow_nan=False)) == both


def test_draft_knows_the_patient_and_hides_him() -> None:
    draft = make_draft()
    assert (draft.patient.full, draft.phone) == ("Иванов Иван Иванович", Phone("+79161234567"))
    assert repr(draft) == "DealDraft(F1_12345)"


def test_field_names_are_configurable() -> None:
    fields = FieldTable.build({"filial": "UF_CRM_1700000001"})
    deal = creation_fields(make_draft(), fields, STAGES, 1)
    assert deal["UF_CRM_1700000001"] == "Филиал Фучика"
    assert "UF_CRM_FILIAL" not in deal


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        pytest.param({"branch": "UF_CRM_X"}, "нет полей branch", id="незнакомое поле"),
        pytest.param({"filial": "UF_CRM_SERVICES"}, "одно имя", id="имя занято другим полем"),
        pytest.param({"filial": ""}, "не годятся", id="пустое имя"),
        pytest.param({"filial": "ufCrmFilial"}, "не годятся", id="имя другого API"),
        pytest.param({"filial": "STAGE_ID"}, "не годятся", id="поле, которым распоряжается программа"),
    ],
)
def test_bad_field_table_is_refused(overrides: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        FieldTable.build(overrides)
