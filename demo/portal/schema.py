"""Поля лида, сделки и контакта: имена обоих семейств методов, виды, русские подписи."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAD, DEAL, CONTACT = 1, 2, 3
TYPE_NAMES = {LEAD: "LEAD", DEAL: "DEAL", CONTACT: "CONTACT"}
TYPE_TITLES = {LEAD: "Лид", DEAL: "Сделка", CONTACT: "Контакт"}
MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM")


@dataclass(frozen=True)
class Field:
    """Поле сущности.

    ``read_only`` — не пишет никто; ``legacy_read_only`` — молча отбрасывают только crm.deal.* и подобные;
    ``immutable`` — задаётся лишь при создании; ``universal`` — имя в crm.item.*.
    """

    name: str
    kind: str
    title: str
    universal: str = ""
    read_only: bool = False
    legacy_read_only: bool = False
    immutable: bool = False
    multiple: bool = False

    @property
    def item_name(self) -> str:
        """Возвращает имя поля в crm.item.*."""
        return self.universal or camel(self.name)


def camel(name: str) -> str:
    """Переводит имя в вид crm.item.*: UF_CRM_START_TIME → ufCrmStartTime, UF_CRM_172 → ufCrm_172."""
    head, *words = name.lower().split("_")
    return head + "".join(f"_{word}" if re.match(r"\d", word) else word.capitalize() for word in words)


def _common(stage: str, stage_title: str, semantic: str) -> tuple[Field, ...]:
    return (
        Field("ID", "integer", "Номер", read_only=True),
        Field("TITLE", "string", "Название"),
        Field(stage, "string", stage_title, universal="stageId"),
        Field(semantic, "string", "Группа стадии", universal="stageSemanticId", read_only=True),
        Field("OPPORTUNITY", "double", "Сумма"),
        Field("IS_MANUAL_OPPORTUNITY", "char", "Ручной расчёт суммы"),
        Field("CURRENCY_ID", "string", "Валюта"),
        Field("COMPANY_ID", "integer", "Компания"),
        Field("CONTACT_ID", "integer", "Контакт"),
        Field("IS_RETURN_CUSTOMER", "char", "Повторный клиент", read_only=True),
        *_AUTHORSHIP,
    )


_AUTHORSHIP = (
    Field("ASSIGNED_BY_ID", "user", "Ответственный"),
    Field("CREATED_BY_ID", "user", "Кем создан", universal="createdBy", read_only=True),
    Field("MODIFY_BY_ID", "user", "Кем изменён", universal="updatedBy", read_only=True),
    Field("DATE_CREATE", "datetime", "Дата создания", universal="createdTime", read_only=True),
    Field("DATE_MODIFY", "datetime", "Дата изменения", universal="updatedTime", read_only=True),
    Field("OPENED", "char", "Доступна всем"),
    Field("COMMENTS", "string", "Комментарий"),
    Field("SOURCE_ID", "string", "Источник"),
    Field("SOURCE_DESCRIPTION", "string", "Об источнике"),
    Field("ORIGINATOR_ID", "string", "Внешняя система"),
    Field("ORIGIN_ID", "string", "Номер во внешней системе"),
    Field("UTM_SOURCE", "string", "UTM Source"),
    Field("UTM_MEDIUM", "string", "UTM Medium"),
    Field("UTM_CAMPAIGN", "string", "UTM Campaign"),
)

_MOVEMENT = (
    Field("MOVED_BY_ID", "user", "Кто сменил стадию", universal="movedBy", read_only=True),
    Field("MOVED_TIME", "datetime", "Время смены стадии", read_only=True),
)

_PERSON = (
    Field("NAME", "string", "Имя"),
    Field("SECOND_NAME", "string", "Отчество"),
    Field("LAST_NAME", "string", "Фамилия"),
    Field("BIRTHDATE", "date", "Дата рождения"),
    Field("POST", "string", "Должность"),
    Field("ADDRESS", "string", "Адрес"),
    Field("HAS_PHONE", "char", "Есть телефон", read_only=True),
    Field("HAS_EMAIL", "char", "Есть почта", read_only=True),
)

DEAL_FIELDS = (
    *_common("STAGE_ID", "Стадия", "STAGE_SEMANTIC_ID"),
    Field("CATEGORY_ID", "integer", "Воронка", immutable=True),
    Field("TYPE_ID", "string", "Тип"),
    Field("PROBABILITY", "integer", "Вероятность, %"),
    Field("LEAD_ID", "integer", "Лид", legacy_read_only=True),
    Field("BEGINDATE", "date", "Дата начала", universal="begindate"),
    Field("CLOSEDATE", "date", "Дата завершения", universal="closedate"),
    Field("CLOSED", "char", "Закрыта"),
    Field("ADDITIONAL_INFO", "string", "Дополнительно"),
    *_MOVEMENT,
)

LEAD_FIELDS = (
    *_common("STATUS_ID", "Стадия", "STATUS_SEMANTIC_ID"),
    *_PERSON,
    Field("COMPANY_TITLE", "string", "Компания"),
    Field("STATUS_DESCRIPTION", "string", "О стадии"),
    Field("DATE_CLOSED", "datetime", "Дата завершения", read_only=True),
    *_MOVEMENT,
)

CONTACT_FIELDS = (
    Field("ID", "integer", "Номер", read_only=True),
    *_PERSON,
    *_AUTHORSHIP,
    Field("TYPE_ID", "string", "Тип"),
    Field("COMPANY_ID", "integer", "Компания"),
    Field("LEAD_ID", "integer", "Лид", legacy_read_only=True),
    Field("EXPORT", "char", "В выгрузке"),
)

BASE_FIELDS = {LEAD: LEAD_FIELDS, DEAL: DEAL_FIELDS, CONTACT: CONTACT_FIELDS}
STAGE_FIELD = {LEAD: "STATUS_ID", DEAL: "STAGE_ID"}
SEMANTIC_FIELD = {LEAD: "STATUS_SEMANTIC_ID", DEAL: "STAGE_SEMANTIC_ID"}
BY_NAME = {type_id: {item.name: item for item in fields} for type_id, fields in BASE_FIELDS.items()}

UF_KINDS = {
    "string": "string",
    "integer": "integer",
    "double": "double",
    "boolean": "boolean",
    "datetime": "datetime",
    "date": "date",
    "money": "string",
    "url": "string",
    "address": "string",
    "enumeration": "integer",
    "file": "string",
    "employee": "user",
    "crm_status": "string",
    "crm": "string",
}
