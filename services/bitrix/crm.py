"""Сделки, контакты и лиды портала: поиск с проверкой, создание, обновление, перевод лида (МАП 2.3).

Поиск не верит порталу на слово: crm.deal.list молча отбрасывает незнакомый фильтр и возвращает всё.
Контакт, сделка и лид пишутся отдельными вызовами, а не цепочкой ``$result``: после отказа в звене портал
привязал бы сделку к чужому контакту. Люди ищутся в people.py.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from services.bitrix.calls import NEW_CONTACT, Answer, Call, folded
from services.bitrix.client import BitrixClient
from services.bitrix.packing import PAGE_ROWS
from services.bitrix.people import People, moment_of, searches
from services.bitrix.responses import (
    CallRefused,
    NotFound,
    id_of,
    number_of,
    rows_of,
    unclear,
)
from services.domain.crm import Deal, Found, NewContact
from services.domain.errors import FatalError, SyncError, Vanished
from services.domain.outbox import Permit
from services.domain.phones import Phone

if TYPE_CHECKING:
    from config.models import PortalSettings

DEAL_TYPE = 2
DEAL_LIST = "crm.deal.list"
DEAL_FIELDS = ("ID", "STAGE_ID", "CATEGORY_ID", "CONTACT_ID", "LEAD_ID", "DATE_CREATE", "CREATED_BY_ID")


class BitrixCrm:
    """CRM портала по договору Crm."""

    def __init__(self, client: BitrixClient, settings: "PortalSettings") -> None:
        self._client, self._settings, self._people = client, settings, People(client)
        self._key = settings.field_table["reception_id"]

    def find(self, uids: Sequence[str], phone: Phone | None, known_contact: int | None = None) -> Found:
        """Ищет сделки по ключам и клиента по телефону; найденное проверяет."""
        answers = self._client.group([self._deal_list(uids), *(searches(phone) if phone else ())])
        deals = self._deals(answers[0].get(), uids)
        if phone is None:
            return Found(deals)
        return Found(deals, *self._people.found(answers[1:], phone, known_contact))

    def read_deals(self, deal_ids: Sequence[int], names: Sequence[str]) -> Mapping[int, Mapping[str, object]]:
        if not deal_ids:
            return {}
        params = {"filter": {"@ID": list(deal_ids)}, "select": ["ID", *names], "start": -1}
        rows = rows_of(self._client.call(DEAL_LIST, params), DEAL_LIST)
        return {id_of(row.get("ID"), DEAL_LIST): {name: row.get(name) for name in names} for row in rows}

    def numbered(self, deal_ids: Sequence[int]) -> Sequence[Deal]:
        """Возвращает сделки по номерам, какой бы ключ в них ни стоял; пропавших нет."""
        if not deal_ids:
            return ()
        params = {"filter": {"@ID": list(deal_ids)}, "select": [*DEAL_FIELDS, self._key], "start": -1}
        rows = rows_of(self._client.call(DEAL_LIST, params), DEAL_LIST)
        found = [_deal(row, str(row.get(self._key) or "")) for row in rows]
        return [deal for deal in found if deal.deal_id in deal_ids]

    def create_contact(self, contact: NewContact, *, permit: Permit | None = None) -> int:
        method, params = NEW_CONTACT, self._contact_params(contact)
        return id_of(self._client.call(method, params, repeatable=False, permit=permit), method)

    def create_deal(
        self, fields: Mapping[str, object], contact_id: int, *, permit: Permit | None = None
    ) -> int:
        """Создаёт сделку и тем же запросом читает её: исчезнувший контакт портал отбросил бы молча."""
        owner = {"ASSIGNED_BY_ID": self._settings.assigned_by_id} if self._settings.assigned_by_id else {}
        written = {**fields, **owner, "CONTACT_IDS": [contact_id]}
        create = Call("crm.deal.add", {"fields": written}, repeatable=False)
        uid = str(fields.get(self._key) or "")
        answers = self._client.group([create, *([self._deal_list([uid])] if uid else ())], permit)
        deal_id = id_of(answers[0].get(), create.method)
        if any(self._is_orphan(answer, deal_id, uid) for answer in answers[1:]):
            raise Vanished(f"контакт {contact_id} удалён, пока создавалась сделка {deal_id}", deal_id)
        return deal_id

    def update_deal(
        self, deal_id: int, fields: Mapping[str, object], *, permit: Permit | None = None
    ) -> None:
        """Записывает поля сделки.

        Сам клиент запись не повторяет: прежний запрос, выполненный порталом с опозданием, вернул бы старое
        поверх нового. Повторит её очередь — со свежими данными и когда портал заведомо доделал.
        """
        if fields:
            self._change("crm.deal.update", {"id": deal_id, "fields": dict(fields)}, permit)

    def bind_contact(self, deal_id: int, contact_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает контакт к сделке, оставшейся без него; повтор безвреден."""
        params = {"id": deal_id, "fields": {"CONTACT_ID": contact_id, "IS_PRIMARY": "Y"}}
        try:
            self._client.call("crm.deal.contact.add", params, permit=permit)
        except (NotFound, CallRefused) as error:  # о контакте, которого уже нет, портал отвечает без кода
            raise Vanished(error.message) from None

    def convert_lead(self, lead_id: int, deal_id: int, *, permit: Permit | None = None) -> None:
        """Привязывает лид к сделке, затем переводит его в CONVERTED — в этом порядке.

        Привязывает crm.item.update: в crm.deal.* поле LEAD_ID только для чтения.
        """
        link = {"entityTypeId": DEAL_TYPE, "id": deal_id, "fields": {"leadId": lead_id}}
        self._change("crm.item.update", link, permit, repeatable=True)
        converted = {"id": lead_id, "fields": {"STATUS_ID": "CONVERTED"}}
        self._change("crm.lead.update", converted, permit, repeatable=True)

    def _change(
        self, method: str, params: Mapping[str, object], permit: Permit | None, repeatable: bool = False
    ) -> None:
        """Меняет найденное; исчезло, пока искали, — Vanished: следующая попытка посмотрит снова."""
        try:
            self._client.call(method, params, repeatable, permit)
        except NotFound as error:
            raise Vanished(error.message) from None

    def _deal_list(self, uids: Sequence[str]) -> Call:
        params = {
            "filter": {f"@{self._key}": list(uids)},
            "select": [*DEAL_FIELDS, self._key],
            "order": {"ID": "ASC"},
            "start": -1,
        }
        return Call(DEAL_LIST, params, keyed=self._key)

    def _deals(self, value: object, uids: Sequence[str]) -> list[Deal]:
        """Оставляет сделки с нужным ключом; портал сравнивает ключи без регистра."""
        rows, wanted = rows_of(value, DEAL_LIST), {folded(uid): uid for uid in uids}
        own = [(row, folded(row.get(self._key))) for row in rows]
        deals = [_deal(row, wanted[key]) for row, key in own if key in wanted]
        if rows and not deals:
            require_field(self._client, self._key, rows)
        return deals

    def _is_orphan(self, answer: Answer, deal_id: int, uid: str) -> bool:
        """Отвечает, осталась ли созданная сделка без контакта; не прочлась — разберётся следующая выборка."""
        try:
            deals = self._deals(answer.get(), [uid])
        except SyncError:
            return False
        return any(deal.deal_id == deal_id and deal.contact_id is None for deal in deals)

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


def require_field(client: BitrixClient, name: str, rows: Sequence[Mapping[str, Any]] = ()) -> None:
    """Разбирает ответ из одних чужих строк: поля на портале нет — FatalError, иначе они и правда чужие.

    Полная страница чужих строк неясна: своя могла в неё не поместиться; неясны и строки без самого поля.
    """
    method = "crm.deal.userfield.list"
    known = rows_of(client.call(method, {"filter": {"FIELD_NAME": name}}), method)
    if not any(folded(row.get("FIELD_NAME")) == folded(name) for row in known):
        raise FatalError(
            f"портал не ищет по полю {name}: создайте поля сделки (portal setup)", "key_field_missing"
        )
    if len(rows) >= PAGE_ROWS or not all(name in row for row in rows):
        raise unclear(DEAL_LIST)


def _deal(row: Mapping[str, Any], uid: str) -> Deal:
    return Deal(
        deal_id=id_of(row.get("ID"), DEAL_LIST),
        uid=uid,
        stage_id=str(row.get("STAGE_ID") or ""),
        category_id=number_of(row.get("CATEGORY_ID")) or 0,
        contact_id=number_of(row.get("CONTACT_ID")),
        lead_id=number_of(row.get("LEAD_ID")),
        created_at=moment_of(row.get("DATE_CREATE")),
        created_by=number_of(row.get("CREATED_BY_ID")),
    )
