"""Портал глазами настройщика: что на нём есть и как это создать; каждое создание — только после чтения."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.bitrix.portal_schema import WantedField, WantedStage, directory_of
from services.bitrix.responses import as_map

if TYPE_CHECKING:
    from services.bitrix.client import BitrixClient

DEAL_TYPE = 2


@dataclass(frozen=True, slots=True)
class Owner:
    """Владелец вебхука."""

    user_id: int
    is_admin: bool


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Воронка сделок."""

    category_id: int
    name: str


@dataclass(frozen=True, slots=True)
class StageRow:
    """Стадия воронки на портале."""

    row_id: int
    status_id: str
    name: str
    sort: int
    semantics: str


class PortalAdmin:
    """Чтение и настройка портала через вебхук."""

    def __init__(self, client: "BitrixClient") -> None:
        self._client = client

    def owner(self) -> Owner:
        """Возвращает владельца вебхука; негодный вебхук — FatalError."""
        profile = as_map(self._client.call("profile", {}))
        return Owner(int(profile.get("ID") or 0), bool(profile.get("ADMIN")))

    def scopes(self) -> list[str]:
        return [str(name) for name in as_map(self._client.call("scope", {})).values()]

    def time(self) -> datetime:
        return datetime.fromisoformat(str(self._client.call("server.time", {})))

    def is_simple(self) -> bool:
        """Отвечает, включён ли простой режим CRM: в нём лиды превращаются в сделки сами."""
        return str(self._client.call("crm.settings.mode.get", {})) == "2"

    def fields(self) -> dict[str, str]:
        """Возвращает пользовательские поля сделки: имя → вид."""
        rows = as_map(self._client.call("crm.deal.userfield.list", {"order": {"ID": "ASC"}})).values()
        return {str(row["FIELD_NAME"]): str(row["USER_TYPE_ID"]) for row in rows}

    def editable(self) -> frozenset[str]:
        """Возвращает поля сделки, которые портал разрешает править людям."""
        rows = as_map(self._client.call("crm.deal.userfield.list", {"order": {"ID": "ASC"}})).values()
        return frozenset(str(row["FIELD_NAME"]) for row in rows if row.get("EDIT_IN_LIST") == "Y")

    def pipelines(self) -> list[Pipeline]:
        answer = as_map(self._client.call("crm.category.list", {"entityTypeId": DEAL_TYPE}))
        rows = as_map(answer.get("categories")).values()
        return [Pipeline(int(row["id"]), str(row["name"])) for row in rows]

    def stages(self, category_id: int) -> list[StageRow]:
        params = {"filter": {"ENTITY_ID": directory_of(category_id)}, "order": {"SORT": "ASC"}}
        return [_stage(row) for row in as_map(self._client.call("crm.status.list", params)).values()]

    def sample(self, category_id: int, key: str, field: str) -> list[tuple[str, datetime]]:
        """Возвращает ключи последних сделок воронки и их время из поля ``field``."""
        params = {
            "filter": {"=CATEGORY_ID": category_id},
            "select": ["ID", key, field],
            "order": {"ID": "DESC"},
        }
        rows = as_map(self._client.call("crm.deal.list", params)).values()
        found = [(str(row.get(key) or ""), str(row.get(field) or "")) for row in rows]
        return [(uid, datetime.fromisoformat(text)) for uid, text in found if uid and text]

    def add_field(self, field: WantedField) -> None:
        fields = {
            "FIELD_NAME": field.name,
            "USER_TYPE_ID": field.kind,
            "LABEL": field.label,
            "XML_ID": f"IDENT_{field.name}",
            "SHOW_FILTER": "S",
        }
        self._client.call("crm.deal.userfield.add", {"fields": fields}, repeatable=False)

    def add_pipeline(self, name: str) -> int:
        params = {"entityTypeId": DEAL_TYPE, "fields": {"name": name, "sort": 300}}
        answer = as_map(self._client.call("crm.category.add", params, repeatable=False))
        return int(as_map(answer["category"])["id"])

    def add_stage(self, stage: WantedStage, category_id: int, sort: int) -> None:
        fields = {
            "ENTITY_ID": directory_of(category_id),
            "STATUS_ID": stage.code,
            "NAME": stage.name,
            "SORT": sort,
            "COLOR": stage.color,
            "SEMANTICS": stage.semantics,
        }
        self._client.call("crm.status.add", {"fields": fields}, repeatable=False)

    def change_stage(self, row_id: int, **fields: object) -> None:
        self._client.call("crm.status.update", {"id": row_id, "fields": fields})

    def remove_stage(self, row_id: int) -> None:
        """Удаляет стадию, на которой нет сделок."""
        self._client.call("crm.status.delete", {"id": row_id, "params": {"FORCED": "Y"}}, repeatable=False)


def _stage(row: Mapping[str, Any]) -> StageRow:
    return StageRow(
        int(row["ID"]),
        str(row["STATUS_ID"]),
        str(row["NAME"]),
        int(row["SORT"]),
        str(row.get("SEMANTICS") or "").replace("P", ""),
    )
