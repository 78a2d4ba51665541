"""Сделки, контакты и лиды портала: поиск с проверкой, создание, обновление, перевод лида (МАП 2.3).

Поиск не верит порталу на слово: crm.deal.list молча отбрасывает незнакомый фильтр и возвращает всё,
findbycomm отдаёт номера без самих телефонов. Контакт, сделка и лид пишутся отдельными вызовами, а не
цепочкой ``$result``: после отказа в звене портал привязал бы сделку к чужому контакту.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.bitrix.calls import Answer, Call
from services.bitrix.client import BitrixClient
from services.bitrix.responses import ItemAccessDenied, Misconfigured, as_map
from services.domain.names import PersonName
from services.domain.phones import Phone, same_phone
from services.ports import Contact, Deal, Found, Lead, NewContact, Permit

if TYPE_CHECKING:
    from config.models import PortalSettings

DEAL_TYPE = 2
DEAL_FIELDS = ("ID", "STAGE_ID", "CATEGORY_ID", "CONTACT_ID", "LEAD_ID", "DATE_CREATE")
CONTACT_FIELDS = ("ID", "NAME", "SECOND_NAME", "LAST_NAME", "PHONE")
#: Данные лида, которые контакт обязан сохранить (МАП 2.3.1, вариант Б).
INHERITED = (
    "SOURCE_ID",
    "SOURCE_DESCRIPTION",
    "ASSIGNED_BY_ID",
    "BIRTHDATE",
    "ADDRESS",
    "ADDRESS_2",
    "ADDRESS_CITY",
    "ADDRESS_POSTAL_CODE",
    "ADDRESS_REGION",
    "COMMENTS",
    "UTM_SOURCE",
    "UTM_MEDIUM",
    "UTM_CAMPAIGN",
    "UTM_CONTENT",
    "UTM_TERM",
)
LEAD_FIELDS = (
    "ID",
    "STATUS_ID",
    "STATUS_SEMANTIC_ID",
    "CONTACT_ID",
    "DATE_CREATE",
    "PHONE",
    "EMAIL",
    *INHERITED,
)
OPEN = "P"


class BitrixCrm:
    """CRM портала по договору Crm."""

    def __init__(self, client: BitrixClient, settings: "PortalSettings") -> None:
        self._client, self._settings = client, settings
        self._key = settings.field_table["reception_id"]

    def find(self, uids: Sequence[str], phone: Phone | None, known_contact: int | None = None) -> Found:
        """Ищет сделки по ключам и клиента по телефону; найденное проверяет."""
        calls = [self._deal_list(uids), *(_phone_calls(phone) if phone else ())]
        answers = self._client.group(calls)
        deals = self._deals(answers[0].get(), uids)
        if phone is None:
            return Found(deals)
        found, lead_ids = _ids(answers[1], "CONTACT"), _ids(answers[2], "LEAD")
        asked = list(dict.fromkeys([*found, *([known_contact] if known_contact else [])]))
        contacts, leads = self._read(asked, lead_ids)
        verified = _with_phone(contacts, phone)
        if not verified:
            _refuse_unreadable(found, contacts)
        return Found(
            deals,
            [_contact(row) for row in verified],
            [_lead(row, phone) for row in _with_phone(leads, phone)],
        )

    def read_deals(self, deal_ids: Sequence[int], names: Sequence[str]) -> Mapping[int, Mapping[str, object]]:
        """Возвращает названные поля сделок."""
        if not deal_ids:
            return {}
        params = {"filter": {"@ID": list(deal_ids)}, "select": ["ID", *names], "start": -1}
        rows = _rows(self._client.call("crm.deal.list", params))
        return {int(row["ID"]): {name: row.get(name) for name in names} for row in rows}

    def create_contact(self, contact: NewContact, *, permit: Permit | None = None) -> int:
        """Создаёт контакт."""
        return int(self._write("crm.contact.add", self._contact_params(contact), permit))

    def create_deal(
        self, fields: Mapping[str, object], contact_id: int, *, permit: Permit | None = None
    ) -> int:
        """Создаёт сделку контакта."""
        owner = {"ASSIGNED_BY_ID": self._settings.assigned_by_id} if self._settings.assigned_by_id else {}
        written = {**fields, **owner, "CONTACT_IDS": [contact_id]}
        return int(self._write("crm.deal.add", {"fields": written}, permit))

    def update_deal(
        self, deal_id: int, fields: Mapping[str, object], *, permit: Permit | None = None
    ) -> None:
        """Записывает поля сделки.

        Сам клиент запись не повторяет: прежний запрос, выполненный порталом с опозданием, вернул бы старое
        поверх нового. Повторит её очередь — со свежими данными и когда портал заведомо доделал.
        """
        if fields:
            self._write("crm.deal.update", {"id": deal_id, "fields": dict(fields)}, permit)

    def bind_contact(self, deal_id: int, contact_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает контакт к сделке, оставшейся без него; повтор безвреден."""
        params = {"id": deal_id, "fields": {"CONTACT_ID": contact_id, "IS_PRIMARY": "Y"}}
        self._client.call("crm.deal.contact.add", params, permit=permit)

    def convert_lead(self, lead_id: int, deal_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает лид к сделке, затем переводит его в CONVERTED — в этом порядке.

        Привязывает crm.item.update: в crm.deal.* поле LEAD_ID только для чтения.
        """
        link = {"entityTypeId": DEAL_TYPE, "id": deal_id, "fields": {"leadId": lead_id}}
        self._client.call("crm.item.update", link, permit=permit)
        converted = {"id": lead_id, "fields": {"STATUS_ID": "CONVERTED"}}
        self._client.call("crm.lead.update", converted, permit=permit)

    def _write(self, method: str, params: Mapping[str, object], permit: Permit | None) -> Any:
        """Пишет то, чего повторять нельзя: прежний запрос портал мог ещё не доделать."""
        return self._client.call(method, params, repeatable=False, permit=permit)

    def _deal_list(self, uids: Sequence[str]) -> Call:
        params = {
            "filter": {f"@{self._key}": list(uids)},
            "select": [*DEAL_FIELDS, self._key],
            "order": {"ID": "ASC"},
            "start": -1,
        }
        return Call("crm.deal.list", params, keyed=self._key)

    def _deals(self, rows: object, uids: Sequence[str]) -> list[Deal]:
        """Оставляет сделки с нужным ключом; чужие строки значат, что поля на портале нет."""
        found = [row for row in _rows(rows) if str(row.get(self._key) or "") in uids]
        if not found and _rows(rows):
            raise Misconfigured(
                f"портал не ищет по полю {self._key}: создайте поля сделки (portal setup)",
                "key_field_missing",
            )
        return [_deal(row, str(row[self._key])) for row in found]

    def _read(
        self, contact_ids: Sequence[int], lead_ids: Sequence[int]
    ) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Читает найденное по телефону одним запросом."""
        calls = [_list("crm.contact.list", CONTACT_FIELDS, contact_ids)] if contact_ids else []
        calls += [_list("crm.lead.list", LEAD_FIELDS, lead_ids)] if lead_ids else []
        answers = [_rows(answer.get()) for answer in self._client.group(calls)]
        return answers[0] if contact_ids else [], answers[-1] if lead_ids else []

    def _contact_params(self, contact: NewContact) -> dict[str, object]:
        name, inherited = contact.name, dict(contact.inherited)
        extra = inherited.pop("PHONE", [])
        phones = [
            {"VALUE": contact.phone.value, "VALUE_TYPE": "MOBILE"},
            *(extra if isinstance(extra, list) else []),
        ]
        fields: dict[str, object] = {
            **self._contact_defaults(),
            **inherited,
            "LAST_NAME": name.surname,
            "NAME": name.name,
            "SECOND_NAME": name.patronymic,
            "PHONE": phones,
            "OPENED": "Y",
        }
        return {"fields": fields}

    def _contact_defaults(self) -> dict[str, object]:
        given = {
            "ASSIGNED_BY_ID": self._settings.assigned_by_id,
            "SOURCE_ID": self._settings.contact_source_id,
        }
        return {name: value for name, value in given.items() if value}


def _phone_calls(phone: Phone) -> list[Call]:
    """Возвращает два поиска: вместе лиды с общим номером клиники вытеснили бы контакт."""
    params = {"type": "PHONE", "values": list(phone.variants)}
    return [Call("crm.duplicate.findbycomm", {**params, "entity_type": kind}) for kind in ("CONTACT", "LEAD")]


def _list(method: str, fields: Sequence[str], ids: Sequence[int]) -> Call:
    params = {"filter": {"@ID": list(ids)}, "select": list(fields), "order": {"ID": "ASC"}}
    return Call(method, params)


def _ids(answer: Answer, kind: str) -> list[int]:
    return [int(item) for item in as_map(as_map(answer.get()).get(kind)).values()]


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in as_map(value).values() if isinstance(row, dict)]


def _with_phone(rows: Iterable[Mapping[str, Any]], phone: Phone) -> list[Mapping[str, Any]]:
    return [
        row
        for row in rows
        if any(same_phone(as_map(item).get("VALUE"), phone) for item in as_map(row.get("PHONE")).values())
    ]


def _refuse_unreadable(asked: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> None:
    """Отказывается создавать второй контакт вслепую, если найденный закрыт для чтения."""
    readable = {int(row["ID"]) for row in rows}
    if hidden := sorted(set(asked) - readable):
        listed = ", ".join(map(str, hidden))
        raise ItemAccessDenied(
            f"контакт {listed} с этим телефоном закрыт для владельца вебхука: дайте права на чтение",
            "contact_unreadable",
        )


def _deal(row: Mapping[str, Any], uid: str) -> Deal:
    return Deal(
        deal_id=int(row["ID"]),
        uid=uid,
        stage_id=str(row.get("STAGE_ID") or ""),
        category_id=_optional(row.get("CATEGORY_ID")) or 0,
        contact_id=_optional(row.get("CONTACT_ID")),
        lead_id=_optional(row.get("LEAD_ID")),
        created_at=_moment(row.get("DATE_CREATE")),
    )


def _contact(row: Mapping[str, Any]) -> Contact:
    name = PersonName.of(row.get("LAST_NAME"), row.get("NAME"), row.get("SECOND_NAME"))
    return Contact(int(row["ID"]), name)


def _lead(row: Mapping[str, Any], phone: Phone) -> Lead:
    return Lead(
        lead_id=int(row["ID"]),
        is_open=row.get("STATUS_SEMANTIC_ID") == OPEN,
        contact_id=_optional(row.get("CONTACT_ID")),
        created_at=_moment(row.get("DATE_CREATE")),
        inherited=_inherited(row, phone),
    )


def _inherited(row: Mapping[str, Any], phone: Phone) -> dict[str, object]:
    kept: dict[str, object] = {name: row[name] for name in INHERITED if row.get(name)}
    phones = [item for item in _multi(row.get("PHONE")) if not same_phone(item["VALUE"], phone)]
    emails = _multi(row.get("EMAIL"))
    return {**kept, **({"PHONE": phones} if phones else {}), **({"EMAIL": emails} if emails else {})}


def _multi(value: object) -> list[dict[str, str]]:
    """Возвращает значения множественного поля без номеров лида: у контакта будут свои."""
    items = (as_map(item) for item in as_map(value).values())
    return [
        {"VALUE": str(item["VALUE"]), "VALUE_TYPE": str(item.get("VALUE_TYPE") or "WORK")}
        for item in items
        if item.get("VALUE")
    ]


def _optional(value: object) -> int | None:
    """Возвращает номер; пусто, «0» и None — связи нет."""
    text = str(value or "")
    return int(text) if text.isdigit() and int(text) else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
