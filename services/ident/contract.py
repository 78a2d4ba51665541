"""Договор файлов запросов: какие столбцы обязан дать каждый и на чём его проверить, ничего не читая."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime

from services.domain.reception import Reception

_COMPUTED = {"lines", "plan_lines", "cancel_reason"}
_PATIENT = frozenset({"patient_id", "card_number", "surname", "name", "patronymic"})
_DOCTOR = frozenset({"doctor_surname", "doctor_name", "doctor_patronymic"})
_RECEPTION = frozenset(field.name for field in dataclasses.fields(Reception)) - _COMPUTED

#: Файл запроса → столбцы, на которые рассчитывает программа.
COLUMNS: Mapping[str, frozenset[str]] = {
    "changed_receptions": frozenset({"reception_id", "changed_at", "database_now"}),
    "server_time": frozenset({"database_now"}),
    "receptions": _RECEPTION | {"cancel_reason_name", "cancel_reason_comment"},
    "order_lines": frozenset(
        {"reception_id", "order_id", "line_id", "service", "quantity", "price", "discount"}
    ),
    "plan_lines": frozenset({"reception_id", "plan_id", "line_id", "done", "paid"}),
    "planned_receptions": frozenset({"reception_id"}),
    "patient_of_reception": _PATIENT,
    "patients_by_name": _PATIENT,
    "patient_plans": frozenset({"plan_id", "plan_name", "created_at", "price_fixed_at"}) | _DOCTOR,
    "plan_details": frozenset(
        {"plan_id", "line_id", "stage", "stage_order", "element", "service", "price"}
        | {"teeth_bits", "discount", "done", "paid"}
    ),
}

_FAR = datetime(2100, 1, 1)
#: Значения переменных, на которые запрос не найдёт ни строки.
NOTHING: Mapping[str, object] = {
    "since": _FAR,
    "since_id": 0,
    "visits_since": _FAR,
    "until": _FAR,
    "after_id": 0,
    "ids": [0],
    "reception_id": 0,
    "patient_id": 0,
    "titled": "",
    "upper": "",
    "lower": "",
}

#: Столбцы, по которым выборка ищет изменения: без индексов она читает таблицу целиком.
SEARCHED = (
    ("Receptions", "DateTimeChanged"),
    ("Receptions", "DateTimeAdded"),
    ("Receptions", "PlanStart"),
    ("Orders", "ID_Receptions"),
    ("OrderServiceRelation", "ID_Orders"),
)
