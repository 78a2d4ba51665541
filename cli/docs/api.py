"""Таблицы об API планов: пути, параметры, ответы — из описания OpenAPI."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.docs.tables import table
from plan_frontend.plan_api.openapi import FAILURES, PARAMETERS, SCHEMAS, description
from plan_frontend.plan_api.replies import REFUSALS

Schema = Mapping[str, Any]


def paths() -> str:
    rows = [
        (f"`{method.upper()} {path}`", operation["summary"], "токен" if operation.get("security") else "всем")
        for path, item in description()["paths"].items()
        for method, operation in item.items()
    ]
    return table(("запрос", "что делает", "кому"), rows)


def parameters() -> str:
    rows = [
        (
            f"`{one['name']}`",
            "да" if one.get("required") else "нет",
            one["description"],
            _shape(one["schema"]),
        )
        for one in PARAMETERS
    ]
    return table(("параметр", "обязателен", "что это", "какой"), rows)


def answers() -> str:
    parts = [
        f"### {name}\n\n{schema['description']}.\n\n{table(('поле', 'тип', 'что это'), _fields(schema))}"
        for name, schema in SCHEMAS.items()
        if "properties" in schema
    ]
    return "\n\n".join(["", *parts, ""])


def failures() -> str:
    return table(("код", "когда"), [(str(code), text) for code, text in FAILURES.items()])


def refusals() -> str:
    rows = [(f"`{reason}`", str(status), text) for reason, (status, text) in REFUSALS.items()]
    return table(("error", "код", "message"), rows)


def _fields(schema: Schema) -> Iterator[Sequence[str]]:
    for name, one in schema["properties"].items():
        yield f"`{name}`", _type(one), one.get("description", "")


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return _named(schema)
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " или ".join(map(_type, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"список {_named(schema['items'])}"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " или ".join(kinds) + (f", {', '.join(schema['enum'])}" if "enum" in schema else "")


def _named(schema: Schema) -> str:
    name = schema["$ref"].rsplit("/", 1)[-1]
    return f"[{name}](#{name.lower()})"


def _shape(schema: Schema) -> str:
    if "minimum" in schema:
        return f"целое от {schema['minimum']} до {schema['maximum']}"
    if "maxLength" in schema:
        return f"до {schema['maxLength']} знаков без управляющих"
    return f"`{schema['pattern']}`"
