"""Создание и правка лидов, сделок и контактов: общая часть обоих семейств методов.

Ловушки портала собраны здесь: незнакомые и закрытые поля отбрасываются молча, нечитаемая дата — тоже,
воронку в crm.deal.update не сменить, чужая стадия там не применяется, а в crm.item.* это ошибка.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demo.portal import bindings, chronicle, multifields, stages
from demo.portal.errors import RestError, core, legacy
from demo.portal.limits import Clock
from demo.portal.php import php_int, php_str
from demo.portal.schema import CONTACT, DEAL, LEAD, SEMANTIC_FIELD, STAGE_FIELD, TYPE_TITLES, Field
from demo.portal.state import PortalState, Row
from demo.portal.values import DROP, ValueCodec

CURRENCIES = {"RUB", "USD", "EUR", "BYN", "KZT"}
_SPECIAL = {"CONTACT_ID", "CATEGORY_ID", "STAGE_ID", "STATUS_ID"}


@dataclass(frozen=True)
class Edit:
    """Правка: поля под старыми именами, автор, семейство методов."""

    fields: dict[str, Any]
    author: int
    is_legacy: bool = True


class Crm:
    """Правила CRM поверх состояния портала."""

    def __init__(self, state: PortalState, codec: ValueCodec, clock: Clock, simple: bool = False) -> None:
        self.state, self.codec, self.clock, self.simple = state, codec, clock, simple

    def add(self, type_id: int, edit: Edit) -> Row:
        """Создаёт сущность."""
        self._check_required(type_id, edit)
        now = self.now()
        row = self._defaults(type_id, edit.author, now)
        row |= self._accepted(type_id, edit, creating=True)
        self._place(type_id, row, edit, creating=True)
        self._connect(type_id, row, edit)
        row["ID"] = self.state.next_id(f"entity{type_id}")
        row["TITLE"] = row.get("TITLE") or f"{TYPE_TITLES[type_id]} #{row['ID']}"
        self.state.put(type_id, row)
        chronicle.created(self.state, type_id, row, now, edit.author)
        if self.simple and type_id == LEAD:
            self._convert_at_once(row, edit.author)
        return row

    def update(self, type_id: int, old: Row, edit: Edit) -> Row:
        """Меняет сущность."""
        now = self.now()
        row = old | self._accepted(type_id, edit, creating=False)
        self._place(type_id, row, edit, creating=False)
        self._connect(type_id, row, edit)
        row |= {"DATE_MODIFY": now, "MODIFY_BY_ID": edit.author}
        self._mark_move(type_id, old, row, now)
        self.state.put(type_id, row)
        chronicle.updated(self.state, type_id, old, row, now, edit.author)
        return row

    def set_contacts(self, deal: Row, rows: list[Row], author: int) -> Row:
        """Заменяет связи сделки с контактами."""
        changed = deal | {"CONTACTS": rows, "CONTACT_ID": bindings.primary(rows), "DATE_MODIFY": self.now()}
        self.state.put(DEAL, changed)
        chronicle.updated(self.state, DEAL, deal, changed, self.now(), author)
        return changed

    def now(self) -> str:
        """Возвращает нынешний момент текстом хранилища."""
        return self.codec.moment(self.clock.time())

    def _check_required(self, type_id: int, edit: Edit) -> None:
        named = any(php_str(edit.fields.get(name)).strip() for name in ("NAME", "LAST_NAME"))
        if type_id == CONTACT and not named:
            text = "Не заполнено имя или фамилия контакта"
            raise core(text) if edit.is_legacy else RestError(400, "CRM_FIELD_ERROR_REQUIRED", text)

    def _defaults(self, type_id: int, author: int, now: str) -> Row:
        row: Row = {"ASSIGNED_BY_ID": author, "CREATED_BY_ID": author, "MODIFY_BY_ID": author}
        row |= {"DATE_CREATE": now, "DATE_MODIFY": now, "OPENED": "Y", "FM": [], "CONTACTS": []}
        row["COMPANY_ID"] = 0
        if type_id == CONTACT:
            return row
        row |= {"OPPORTUNITY": 0.0, "IS_MANUAL_OPPORTUNITY": "N", "CURRENCY_ID": "RUB"}
        row |= {"IS_RETURN_CUSTOMER": "N", "MOVED_TIME": now, "MOVED_BY_ID": author}
        return row | ({"CLOSED": "N", "CATEGORY_ID": 0} if type_id == DEAL else {})

    def _accepted(self, type_id: int, edit: Edit, creating: bool) -> Row:
        """Возвращает принятые поля; остальные пропадают без ошибки."""
        known = self.state.fields(type_id)
        accepted: Row = {}
        for name, raw in edit.fields.items():
            field = known.get(name)
            if field is None or name in _SPECIAL or _closed(field, edit.is_legacy, creating):
                continue
            value = self._value(field, raw)
            if value is not DROP:
                accepted[name] = value
        if (currency := accepted.get("CURRENCY_ID", "RUB")) not in CURRENCIES:
            raise legacy(f"Валюта {currency} не найдена")
        return accepted

    def _value(self, field: Field, raw: Any) -> Any:
        if field.multiple:
            return self.codec.stored_many(field.kind, raw)
        value = self.codec.stored(field.kind, raw)
        return 0.0 if field.name == "OPPORTUNITY" and value is None else value

    def _place(self, type_id: int, row: Row, edit: Edit, creating: bool) -> None:
        """Ставит сущность в воронку и на стадию."""
        if type_id == CONTACT:
            return
        if type_id == DEAL and (creating or not edit.is_legacy):
            self._choose_category(row, edit)
        self._choose_stage(type_id, row, edit)
        name, category = STAGE_FIELD[type_id], row.get("CATEGORY_ID", 0)
        row[SEMANTIC_FIELD[type_id]] = stages.semantics_of(self.state, type_id, category, row[name])
        if type_id == DEAL:
            row["CLOSED"] = "N" if row["STAGE_SEMANTIC_ID"] == "P" else "Y"

    def _choose_category(self, row: Row, edit: Edit) -> None:
        if "CATEGORY_ID" not in edit.fields:
            return
        wanted = php_int(edit.fields["CATEGORY_ID"])
        exists = any(item["id"] == wanted for item in self.state.categories)
        if not exists and not edit.is_legacy:
            raise _not_valid("categoryId")
        wanted = wanted if exists else 0
        if wanted != row["CATEGORY_ID"]:
            row["CATEGORY_ID"] = wanted
            row.pop("STAGE_ID", None)

    def _choose_stage(self, type_id: int, row: Row, edit: Edit) -> None:
        name, category = STAGE_FIELD[type_id], row.get("CATEGORY_ID", 0)
        wanted = php_str(edit.fields.get(name))
        if wanted and stages.find_stage(self.state, type_id, category, wanted):
            row[name] = wanted
        elif wanted and not edit.is_legacy:
            raise _not_valid("stageId")
        elif not row.get(name):
            row[name] = stages.stages_of(self.state, type_id, category)[0]["STATUS_ID"]

    def _connect(self, type_id: int, row: Row, edit: Edit) -> None:
        """Связывает с контактами и записывает телефоны; у сделки телефонов нет — PHONE пропадает."""
        if type_id != DEAL:
            row["FM"] = multifields.applied(self.state, row["FM"], multifields.requested(edit.fields))
            for kind in ("PHONE", "EMAIL"):
                row[f"HAS_{kind}"] = "Y" if any(item["TYPE_ID"] == kind for item in row["FM"]) else "N"
        if type_id == CONTACT:
            return
        wanted = edit.fields.get("CONTACT_IDS", edit.fields.get("CONTACT_ID", DROP))
        if wanted is not DROP:
            row["CONTACTS"] = bindings.replaced(self.state, wanted or None)
            row["CONTACT_ID"] = bindings.primary(row["CONTACTS"])

    def _mark_move(self, type_id: int, old: Row, row: Row, now: str) -> None:
        name = STAGE_FIELD.get(type_id)
        if name and old[name] != row[name]:
            row |= {"MOVED_TIME": now, "MOVED_BY_ID": row["MODIFY_BY_ID"]}
            if type_id == LEAD:
                row["DATE_CLOSED"] = None if row["STATUS_SEMANTIC_ID"] == "P" else now

    def _convert_at_once(self, lead: Row, author: int) -> None:
        """Превращает лид в контакт и сделку: так ведёт себя простая CRM."""
        person = {name: lead.get(name) for name in ("NAME", "LAST_NAME", "SECOND_NAME")}
        person["NAME"] = person["NAME"] or lead["TITLE"]
        phones = [{"VALUE": item["VALUE"]} for item in lead["FM"] if item["TYPE_ID"] == "PHONE"]
        contact = self.add(CONTACT, Edit({**person, "PHONE": phones}, author))
        fields = {"TITLE": lead["TITLE"], "LEAD_ID": lead["ID"], "CONTACT_IDS": [contact["ID"]]}
        self.add(DEAL, Edit(fields, author, is_legacy=False))
        self.update(LEAD, lead, Edit({"STATUS_ID": "CONVERTED"}, author))


def _closed(field: Field, is_legacy: bool, creating: bool) -> bool:
    return (
        field.read_only
        or (is_legacy and field.legacy_read_only)
        or (field.immutable and not creating and is_legacy)
    )


def _not_valid(name: str) -> RestError:
    return RestError(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", f"Недопустимое значение поля «{name}»")
