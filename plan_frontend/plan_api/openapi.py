"""Описание API: OpenAPI 3.1, по нему проверяет schemathesis и составлен docs/api.md."""

from collections.abc import Mapping
from typing import Any

from plan_frontend.plan_api.parameters import LARGEST_NUMBER, LONGEST_NAME
from services.domain.plan import LineStatus

Schema = dict[str, Any]

UID_PATTERN = "^F[1-9][0-9]{0,3}_[1-9][0-9]{0,18}$"
PATIENT_PATTERN = "^F[1-9][0-9]{0,3}_[1-9][0-9]{0,8}$"
NAME_PATTERN = r"^[^\u0000-\u001f\u007f]+$"


def _text(about: str, **rest: object) -> Schema:
    return {"type": "string", "description": about, **rest}


def _maybe(kind: str, about: str, **rest: object) -> Schema:
    return {"type": [kind, "null"], "description": about, **rest}


def _money(about: str) -> Schema:
    return {"type": "number", "description": f"{about}, рублей"}


def _count(about: str, least: int = 0) -> Schema:
    return {"type": "integer", "minimum": least, "description": about}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(of: str) -> Schema:
    return {"type": "array", "items": _ref(of)}


def _object(about: str, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _parameter(name: str, about: str, schema: Schema, place: str = "query", **rest: object) -> Schema:
    return {"name": name, "in": place, **rest, "description": about, "schema": schema}


SUMMARY: Mapping[str, Schema] = {
    "plan_id": {"type": "integer", "description": "Номер плана в базе Ident"},
    "plan_name": _text("Название плана"),
    "doctor_name": _text("ФИО врача; пусто, если врач не назван"),
    "created_at": _maybe("string", "Когда план создан", format="date-time"),
    "price_fixed_at": _maybe("string", "На какой день зафиксированы цены", format="date-time"),
    "total": _money("Стоимость плана"),
    "progress": _ref("Progress"),
}

PATIENT: Mapping[str, Schema] = {
    "patient": _text("Ключ пациента для параметра patient"),
    "branch": _text("Код филиала"),
    "patient_name": _text("ФИО пациента"),
    "card_number": _text("Номер карты"),
}

SCHEMAS: Mapping[str, Schema] = {
    "Service": _object(
        "Услуга этапа (МАП 3.3)",
        element=_maybe("string", "Элемент плана"),
        service=_text("Услуга"),
        status=_text("Статус выполнения", enum=[str(status) for status in LineStatus]),
        price=_money("Цена на день фиксации"),
        teeth=_count("Число зубов", least=1),
        discount=_money("Скидка"),
        total=_money("Итого: цена × число зубов − скидка (МАП 3.5.1)"),
    ),
    "Stage": _object(
        "Этап плана",
        stage=_maybe("string", "Этап; null — услуги вне этапов"),
        stage_order=_maybe("integer", "Порядок этапа"),
        total=_money("Итого этапа (МАП 3.5.2)"),
        services=_list("Service"),
    ),
    "Progress": _object(
        "Исполнение плана",
        lines=_count("Строк всего"),
        done_lines=_count("Выполнено строк"),
        paid_lines=_count("Выполнено и оплачено строк"),
        done=_money("Выполнено на сумму"),
        paid=_money("Выполнено и оплачено на сумму"),
        left=_money("Осталось выполнить на сумму"),
    ),
    "PlanSummary": _object("План строкой списка (МАП 5.3)", **SUMMARY),
    "Plan": _object("План целиком", **SUMMARY, stages=_list("Stage")),
    "Patient": _object("Пациент", **PATIENT),
    "Candidate": _object("Один из полных тёзок", **PATIENT, plans=_count("Действующих планов")),
    "PlansFound": _object(
        "Планы пациента: список, новые первыми, и показанный план",
        found={"const": "plans"},
        patient=_ref("Patient"),
        plans=_list("PlanSummary"),
        plan=_ref("Plan"),
        took_ms=_count("Сколько миллисекунд отвечал филиал"),
    ),
    "Choice": _object(
        "Полных тёзок несколько: выберите одного параметром patient",
        found={"const": "choice"},
        patients=_list("Candidate"),
        took_ms=_count("Миллисекунд"),
    ),
    "Nothing": _object(
        "Планов нет (МАП 5.4)",
        found={"const": "nothing"},
        message=_text("Сообщение для показа"),
        patient={"anyOf": [_ref("Patient"), {"type": "null"}]},
        took_ms=_count("Миллисекунд"),
    ),
    "Answer": {"oneOf": [_ref("PlansFound"), _ref("Choice"), _ref("Nothing")]},
    "Error": _object(
        "Отказ или сбой",
        error=_text("Постоянный код причины"),
        message=_text("Что случилось и что делать"),
    ),
    "Health": _object("Служба жива", status={"const": "ok"}),
}

NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "pattern": NAME_PATTERN}
PARAMETERS: tuple[Schema, ...] = (
    _parameter("deal", "Номер сделки: её должен видеть сам сотрудник", NUMBER, required=True),
    _parameter(
        "reception",
        "Ключ записи сделки (UF_CRM_RECEPTION_ID); сверяется со сделкой",
        {"type": "string", "pattern": UID_PATTERN},
    ),
    _parameter("fio", "ФИО пациента из контакта или названия сделки; сверяется со сделкой", NAME),
    _parameter(
        "patient", "Ключ пациента, выбранного из тёзок", {"type": "string", "pattern": PATIENT_PATTERN}
    ),
)
PLAN_ID = _parameter("plan_id", "Номер плана пациента сделки", NUMBER, place="path", required=True)

FAILURES: Mapping[int, str] = {
    400: "Негодный параметр или слишком длинный запрос",
    401: "Нет токена сотрудника, он чужой или истёк",
    403: "Чужое приложение, закрытая сделка, чужая запись или ФИО",
    409: "Этот узел не ведёт филиал сделки",
    429: "Слишком часто; заголовок Retry-After — сколько секунд ждать",
    503: "Портал, Redis или база Ident не отвечают",
    504: "Филиал не ответил за отведённое время",
}


def _reply(about: str, schema: str) -> Schema:
    return {"description": about, "content": {"application/json": {"schema": _ref(schema)}}}


def _operation(name: str, about: str, parameters: tuple[Schema, ...], **extra: Schema) -> Schema:
    failures = {str(code): _reply(text, "Error") for code, text in FAILURES.items()}
    return {
        "operationId": name,
        "summary": about,
        "parameters": list(parameters),
        "security": [{"sotrudnik": []}],
        "responses": {"200": _reply("Ответ", "Answer"), **failures, **extra},
    }


def description() -> Schema:
    one = "Показывает названный план пациента сделки"
    missing = _reply("У пациента сделки нет такого действующего плана", "Error")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Планы лечения Ident",
            "version": "1.0.0",
            "description": "Ответы вкладке «План лечения» карточки сделки Битрикс24.",
        },
        "paths": {
            "/api/v1/plans": {
                "get": _operation("plans", "Показывает планы лечения пациента сделки", PARAMETERS)
            },
            "/api/v1/plans/{plan_id}": {
                "get": _operation("plan", one, (PLAN_ID, *PARAMETERS), **{"404": missing})
            },
            "/healthz": {
                "get": {
                    "operationId": "health",
                    "summary": "Отвечает, что служба жива",
                    "responses": {"200": _reply("Служба жива", "Health")},
                }
            },
        },
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {
                "sotrudnik": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Токен сотрудника из BX24.getAuth()",
                }
            },
        },
    }
