"""Откуда берётся каждое поле сделки: меняем приём по одному полю и смотрим, что изменилось в сделке."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from cli.docs.samples import BARE, NOW, WHOLE
from services.domain.branches import BranchRule
from services.domain.judgement import Ready, Rules
from services.domain.plan import PlanLine
from services.domain.reception import OrderLine, Reception
from services.domain.validation import REQUIRED
from services.ident.statements import read_sql

CONTACT_NAME, CONTACT_PHONE, STAGE = "контакт", "телефон", "стадия"
Changed = TypeVar("Changed", Reception, OrderLine)
RULES = Rules(1, "D1", (BranchRule(1, "Филиал", home=True),), UTC, ())
#: Поле приёма → столбцы его запроса, когда имена разные или столбцов несколько.
ALIASES: Mapping[str, Sequence[str]] = {
    "cancel_reason": ("cancel_reason_name", "cancel_reason_comment"),
    "count": ("quantity",),
}
MANDATORY = frozenset({*REQUIRED, "phone"})
#: Одна таблица под двумя именами в receptions.sql: кто это.
ROLES: Mapping[tuple[str, str], str] = {("Persons", "d"): " (врач)"}


@cache
def origins() -> Mapping[str, Sequence[str]]:
    """Возвращает для каждого поля сделки столбцы Ident; обязательные помечены звёздочкой."""
    found: dict[str, dict[str, None]] = {}
    for attribute, query, before, after in _experiments():
        old, new = _seen(before), _seen(after)
        for field in (name for name in old if new and old[name] != new[name]):
            found.setdefault(field, {}).update(dict.fromkeys(_columns(query, attribute)))
    return {field: list(columns) for field, columns in found.items()}


def _experiments() -> Iterator[tuple[str, str, Reception, Reception]]:
    """Выдаёт опыты: поле, его запрос, приём до и после перемены."""
    kept = replace(WHOLE, canceled_at=None, cancel_reason=None)
    bases = (WHOLE, kept, replace(kept, plan_lines=()), BARE)
    for base in bases:
        for field in fields(Reception):
            if field.name not in ("lines", "plan_lines"):
                for value in _others(field.name, getattr(base, field.name)):
                    yield field.name, "receptions", base, _changed(base, field.name, value)
        for item in fields(OrderLine):
            for value in _others(item.name, getattr(WHOLE.lines[0], item.name)):
                line = _changed(WHOLE.lines[0], item.name, value)
                yield item.name, "order_lines", replace(base, lines=WHOLE.lines), replace(base, lines=[line])
    one = PlanLine(1, 1, True, False)
    yield "done", "plan_lines", replace(BARE, plan_lines=[replace(one, paid=True)]), _planned(False, True)
    yield "paid", "plan_lines", _planned(True, False), _planned(True, True)


def _planned(done: bool, paid: bool) -> Reception:
    return replace(BARE, plan_lines=[PlanLine(1, 1, done, paid)])


def _changed(base: Changed, name: str, value: Any) -> Changed:
    return replace(base, **{name: value})


def _others(name: str, value: object) -> Sequence[object]:
    if name == "phone":
        return ("+79039998877",)
    if name.endswith("_branch"):
        return ("Филиал", None)
    if name == "service":
        return ("Чистка", "Консультация")
    if name.startswith("plan_") or isinstance(value, datetime):
        assert isinstance(value, datetime)
        return (value + timedelta(minutes=1),)
    if name.endswith("_at"):
        return (NOW,)
    return (value + 1,) if isinstance(value, (int, Decimal)) else ("Другое",)


def _seen(reception: Reception) -> dict[str, object]:
    """Возвращает всё, что уйдёт на портал; отклонённый приём ни о чём не говорит."""
    verdict = RULES.judge(reception, NOW.replace(tzinfo=UTC))
    if not isinstance(verdict, Ready):
        return {}
    draft = verdict.draft
    people = {CONTACT_NAME: draft.patient.full, CONTACT_PHONE: draft.phone.value, STAGE: draft.target}
    return {**draft.values, **people}


def _columns(query: str, attribute: str) -> Sequence[str]:
    known = _provenance(query)
    found = [column for alias in ALIASES.get(attribute, (attribute,)) for column in known[alias]]
    return [f"{column} \\*" for column in found] if attribute in MANDATORY else found


@cache
def _provenance(query: str) -> Mapping[str, Sequence[str]]:
    """Возвращает столбцы таблиц Ident за каждым столбцом ответа, готовые для документа."""
    from sqlglot import exp, parse_one

    tree = parse_one(read_sql(query), read="tsql")
    tables = {table.alias: table.name for table in tree.find_all(exp.Table)}

    def columns(node: Any) -> Iterator[str]:
        for part in node.walk(bfs=False, prune=lambda item: isinstance(item, exp.Select)):
            if isinstance(part, exp.Select):
                chosen = part.expressions if not _is_test(part) else [part.args["where"]]
                yield from (name for item in chosen for name in columns(item))
            elif isinstance(part, exp.Column):
                table = tables[part.table]
                yield f"`{table}.{part.name}`{ROLES.get((table, part.table), '')}"

    return {item.alias_or_name: list(dict.fromkeys(columns(item))) for item in tree.expressions}


def _is_test(select: Any) -> bool:
    """Отвечает, стоит ли запрос внутри EXISTS: важны его условия, а не столбцы."""
    from sqlglot import exp

    return isinstance(select.parent, exp.Exists)
