"""Файлы T-SQL: разбираются как T-SQL, знают только SQL Server 2008 R2 и держат договор столбцов.

Настоящий SQL Server и FreeTDS здесь не запустить: диалект проверяется разбором sqlglot и разрешённым
списком функций, смысл запросов — исполнением в SQLite (test_rows_of_reception.py и соседи).
"""

import dataclasses
import re
from collections.abc import Mapping

import pytest
from sqlglot import exp, parse
from sqlglot.optimizer.qualify import qualify

from services.domain.reception import Reception
from services.ident.statements import SQL_DIR, parse_statement, read_sql

COMPUTED = {"lines", "plan_lines", "cancel_reason", "flaw"}
RECEPTION_COLUMNS = {field.name for field in dataclasses.fields(Reception)} - COMPUTED
PATIENT_COLUMNS = {"patient_id", "card_number", "surname", "name", "patronymic", "phone"}
CONTRACT: Mapping[str, set[str]] = {
    "changed_receptions": {"reception_id", "changed_at", "database_now"},
    "server_time": {"database_now"},
    "receptions": RECEPTION_COLUMNS | {"cancel_reason_name", "cancel_reason_comment"},
    "order_lines": {"reception_id", "order_id", "line_id", "service", "quantity", "price", "discount"},
    "plan_lines": {"reception_id", "plan_id", "line_id", "done", "paid"},
    "planned_receptions": {"reception_id"},
    "existing": {"reception_id"},
    "receptions_by_card": {"reception_id"},
    "planned_total": {"total"},
    "patient_of_reception": PATIENT_COLUMNS,
    "patients_by_name": PATIENT_COLUMNS,
    "patients": PATIENT_COLUMNS,
    "changed_plans": {"patient_id", "changed_at", "database_now"},
    "planned_patients": {"patient_id"},
    "patient_plans": {"patient_id", "plan_id", "plan_name", "created_at", "price_fixed_at"}
    | {f"doctor_{part}" for part in ("surname", "name", "patronymic")},
    "plan_details": {"plan_id", "line_id", "stage", "stage_order", "element", "service", "price"}
    | {"teeth_bits", "discount", "done", "paid"},
}
VARIABLES: Mapping[str, set[str]] = {
    "changed_receptions": {"floor", "stamp", "since_id", "visits_since"},
    "server_time": set(),
    "receptions": {"ids"},
    "existing": {"ids"},
    "receptions_by_card": {"card_number"},
    "order_lines": {"ids"},
    "plan_lines": {"ids"},
    "planned_receptions": {"since", "until", "after_id"},
    "planned_total": {"since", "until"},
    "patient_of_reception": {"reception_id"},
    "patients_by_name": {"titled", "upper", "lower"},
    "patients": {"ids"},
    "changed_plans": {"floor", "stamp", "since_id"},
    "planned_patients": {"since", "until", "after_id"},
    "patient_plans": {"ids"},
    "plan_details": {"ids"},
}
#: Всё, что мы себе позволяем: эти функции есть в SQL Server 2008 R2 (и раньше).
ALLOWED = {
    "And",
    "Or",
    "Case",
    "If",
    "Cast",
    "Convert",
    "Coalesce",
    "Nullif",
    "Max",
    "CurrentTimestamp",
    "Exists",
    "Count",
}
#: Появилось позже 2008 R2.
TOO_NEW = re.compile(
    r"\b(STRING_AGG|STRING_SPLIT|TRIM|CONCAT|CONCAT_WS|OPENJSON|JSON_VALUE|IIF|FORMAT|CHOOSE|TRY_CONVERT|"
    r"TRY_CAST|TRY_PARSE|PARSE|OFFSET|FETCH|THROW|EOMONTH|LAG|LEAD|FIRST_VALUE|LAST_VALUE|TRANSLATE|GREATEST|LEAST|"
    r"DATEFROMPARTS|DATETIMEFROMPARTS|DATE_BUCKET|GENERATE_SERIES|SEQUENCE)\b",
    re.IGNORECASE,
)
#: Настоящие таблицы и столбцы Ident (снимок схемы 2025 года): опечатка или выдуманное имя сюда не пройдёт.
IDENT: Mapping[str, str] = {
    "Receptions": "ID ID_Patients ReceptionAdded Comment PatientAppeared ReceptionStarted ReceptionEnded "
    "CheckIssued PlanStart PlanEnd ID_Staffs ID_Armchairs ID_ReceptionCancelReasons CancelReasonComment "
    "ReceptionCanceled ID_ReceptionsTransferFrom ID_AppointmentSources RowVersion DateTimeAdded "
    "DateTimeChanged",
    "Patients": "ID_Persons CardNumber Comment Status PatientNumber DateTimeChanged",
    "Persons": "ID Surname Name Patronymic MobilePhone Phone Email Birthday Sex",
    "Staffs": "ID_Persons Archive",
    "Items": "ID_Staffs ID_ProfessionNames",
    "ProfessionNames": "ID NameProfession ID_Roles Archive",
    "Armchairs": "ID NameArmchair ID_OwnCompanies Archive",
    "OwnCompanies": "ID Name BranchName",
    "Orders": "ID DateTimeOrder ID_OwnCompanies ID_Receptions ID_Patients ID_Staffs DateTimeBillFormed "
    "DateTimeBill IsBillFormed DateTimeAdded DateTimeChanged",
    "OrderServiceRelation": "ID ID_Orders ID_TreatmentPlans ID_TreatmentPlanElementRelations "
    "ID_ServicePrices CountService TeethLong DiscountSum ID_Returns DateTimeAdded DateTimeChanged",
    "TreatmentPlans": "ID ID_StaffsCreated DateTimeCreated ID_Patients Name ID_Staffs ActualFrom "
    "DateTimePriceFix IsActive ActualTo DateTimeAdded DateTimeChanged",
    "TreatmentPlanElementRelations": "ID ID_TreatmentPlans ID_TreatmentPlanStages ID_TreatmentPlanElements "
    "ID_ServicePrices TeethLong DiscountSum DateTimeAdded DateTimeChanged",
    "TreatmentPlanStages": "ID Name Order",
    "TreatmentPlanElements": "ID Name",
    "ServiceItemPrices": "ID ID_ServiceItems ID_ServicePriceGroups Price DateTimeFrom DateTimeTo",
    "ServiceItems": "ID Name NotAService",
    "ReceptionCancelReasons": "ID Name",
    "AppointmentSources": "ID Name",
}

#: Отвечают не больше чем одной строкой: порядок не нужен.
ALONE = {"patient_of_reception", "planned_total", "server_time"}

every_file = pytest.mark.parametrize("name", CONTRACT)


def parsed(name: str) -> exp.Expression:
    """Разбирает файл как T-SQL."""
    (statement,) = parse(read_sql(name), dialect="tsql")
    assert statement is not None
    return statement


def columns_by_type() -> dict[str, dict[str, str]]:
    return {table: dict.fromkeys(columns.split(), "VARCHAR") for table, columns in IDENT.items()}


def test_every_file_has_a_contract_here() -> None:
    assert {path.stem for path in SQL_DIR.glob("*.sql")} == set(CONTRACT)


@every_file
def test_a_file_is_one_select(name: str) -> None:
    assert isinstance(parsed(name), exp.Select)


@every_file
def test_a_file_changes_nothing(name: str) -> None:
    writing = (exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Command, exp.Into)
    assert list(parsed(name).find_all(*writing)) == []


@every_file
def test_a_file_uses_only_functions_of_2008_r2(name: str) -> None:
    used = {type(node).__name__ for node in parsed(name).find_all(exp.Func)}
    assert used <= ALLOWED


@every_file
def test_a_file_spells_nothing_newer_than_2008_r2(name: str) -> None:
    assert TOO_NEW.findall(parse_statement(read_sql(name)).text) == []


@every_file
def test_a_file_gives_exactly_the_columns_of_its_contract(name: str) -> None:
    named = parsed(name).named_selects
    assert (len(named), set(named)) == (len(CONTRACT[name]), CONTRACT[name])


@every_file
def test_a_file_asks_for_exactly_its_variables(name: str) -> None:
    assert set(parse_statement(read_sql(name)).names) == VARIABLES[name]


@every_file
def test_a_file_names_only_real_tables_letter_for_letter(name: str) -> None:
    assert {table.name for table in parsed(name).find_all(exp.Table)} <= set(IDENT)


@every_file
def test_every_column_belongs_to_its_table(name: str) -> None:
    qualified = qualify(parsed(name), schema=columns_by_type(), dialect="tsql", validate_qualify_columns=True)
    assert isinstance(qualified, exp.Select)


@every_file
def test_columns_are_spelled_letter_for_letter(name: str) -> None:
    real = {column for columns in IDENT.values() for column in columns.split()}
    own = {"reception_id", "patient_id", "changed_at"}
    assert {column.name for column in parsed(name).find_all(exp.Column)} <= real | own


@every_file
def test_a_file_opens_with_the_question_it_answers(name: str) -> None:
    head = read_sql(name).splitlines()[:2]
    assert head[0].startswith("-- Отвечает: ")
    assert "Столбцы" in "".join(line for line in read_sql(name).splitlines() if line.startswith("--"))


@every_file
def test_rows_come_in_a_stated_order_or_alone(name: str) -> None:
    tree = parsed(name)
    assert name in ALONE or tree.args.get("order") is not None


@pytest.mark.parametrize("name", ["changed_receptions", "planned_receptions"])
def test_a_page_is_limited_to_fifty(name: str) -> None:
    assert parsed(name).args["limit"].expression.name == "50"
