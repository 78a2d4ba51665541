"""Контакты и лиды с телефоном: поиск по указателю дублей, чтение найденного, проверка номера (МАП 2.3).

findbycomm отдаёт номера без самих телефонов и не больше двадцати на вид, старые первыми (документация
crm.duplicate.findbycomm: «20 or more duplicates»): двадцать значит «обрезано». Тогда люди ищутся ещё и
списком по телефону — он сравнивает запись номера точно (документация crm.contact.list: «only work on exact
matches»), поэтому спрашивается каждая из записей, под которыми номер мог сохраниться; новые первыми.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.bitrix.calls import VALUES, Answer, Call
from services.bitrix.client import BitrixClient
from services.bitrix.packing import CUT, PAGE_ROWS
from services.bitrix.responses import (
    ItemAccessDenied,
    NotFound,
    as_map,
    id_of,
    number_of,
    rows_of,
    unclear,
)
from services.domain.crm import Contact, Lead
from services.domain.names import PersonName
from services.domain.phones import Phone, same_phone

FIND = "crm.duplicate.findbycomm"
#: Тысяча людей с одним телефоном — общий номер: дальше новые уже не важны.
MOST_PAGES = 20
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

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Вид людей портала: его имя в указателе, список и поля; ``narrowed`` — кого искать в обрезанном."""

    name: str
    method: str
    fields: Sequence[str]
    narrowed: Mapping[str, object]


CONTACTS = _Kind("CONTACT", "crm.contact.list", CONTACT_FIELDS, {})
#: Закрытых лидов на номере бывает сколько угодно, а нужен открытый.
LEADS = _Kind("LEAD", "crm.lead.list", LEAD_FIELDS, {"=STATUS_SEMANTIC_ID": OPEN})


def searches(phone: Phone, merged: bool = True) -> list[Call]:
    """Возвращает два поиска: вместе лиды с общим номером клиники вытеснили бы контакт."""
    params = {"type": "PHONE", VALUES: list(phone.variants)}
    keyed = VALUES if merged else ""
    return [Call(FIND, {**params, "entity_type": kind.name}, keyed=keyed) for kind in (CONTACTS, LEADS)]


class People:
    """Люди портала по телефону."""

    def __init__(self, client: BitrixClient) -> None:
        self._client = client

    def found(
        self, answers: Sequence[Answer], phone: Phone, known_contact: int | None
    ) -> tuple[list[Contact], list[Lead]]:
        """Читает найденное поисками и возвращает тех, у кого телефон и правда этот.

        Не прочлось найденное вместе с чужим — чьё оно, неизвестно: свой телефон спрашивается отдельно.
        """
        contact_ids, lead_ids = _ids(answers[0], CONTACTS), _ids(answers[1], LEADS)
        known = [known_contact] if known_contact else []
        asked = [
            *_questions(CONTACTS, [*dict.fromkeys([*contact_ids, *known])], phone, len(contact_ids) >= CUT),
            *_questions(LEADS, lead_ids, phone, len(lead_ids) >= CUT),
        ]
        rows = self._pages(asked)
        contacts = _with_phone(rows[CONTACTS.name].values(), phone)
        if not contacts:
            hidden = [number for number in contact_ids if number not in rows[CONTACTS.name]]
            if hidden and answers[0].shared:
                return self.found(self._client.group(searches(phone, merged=False)), phone, known_contact)
            contacts = _with_phone(self._read_hidden(hidden), phone)
        leads = _with_phone(rows[LEADS.name].values(), phone)
        return [_contact(row) for row in contacts], [_lead(row, phone) for row in leads]

    def _pages(self, asked: list[tuple[_Kind, dict[str, object]]]) -> dict[str, dict[int, Row]]:
        """Читает списки постранично, новые первыми; строки — по номерам, вид за видом."""
        rows: dict[str, dict[int, Row]] = {CONTACTS.name: {}, LEADS.name: {}}
        for _ in range(MOST_PAGES):
            answers = self._client.group([_list(kind, where) for kind, where in asked])
            following = []
            for (kind, where), answer in zip(asked, answers, strict=True):
                page = {id_of(row.get("ID"), kind.method): row for row in rows_of(answer.get(), kind.method)}
                rows[kind.name].update(page)
                if len(page) >= PAGE_ROWS:
                    following.append((kind, {**where, "<ID": _lower(page, where, kind)}))
            asked = following
        return rows

    def _read_hidden(self, contact_ids: Sequence[int]) -> list[Row]:
        """Читает по одному тех, кого список не отдал: удалённый — не помеха, закрытый — отказ.

        Второй контакт вслепую не создаётся: закрытый владельцу вебхука — уже контакт этого человека.
        """
        calls = [Call("crm.contact.get", {"id": number}) for number in contact_ids]
        rows: list[Row] = []
        closed = []
        for number, answer in zip(contact_ids, self._client.group(calls), strict=True):
            if isinstance(answer.error, ItemAccessDenied):
                closed.append(str(number))
            elif not isinstance(answer.error, NotFound):
                rows += rows_of([answer.get()], "crm.contact.get")
        if closed:
            raise ItemAccessDenied(
                f"контакт {', '.join(closed)} с этим телефоном закрыт для владельца вебхука: "
                "дайте права на чтение",
                "contact_unreadable",
            )
        return rows


def _questions(
    kind: _Kind, ids: Sequence[int], phone: Phone, is_cut: bool
) -> list[tuple[_Kind, dict[str, object]]]:
    """Возвращает отборы: названные номера и, если указатель их обрезал, каждая запись телефона."""
    by_id: list[dict[str, object]] = [{"@ID": list(ids)}] if ids else []
    by_phone = [{"PHONE": variant, **kind.narrowed} for variant in phone.variants] if is_cut else []
    return [(kind, where) for where in [*by_id, *by_phone]]


def _list(kind: _Kind, where: Mapping[str, object]) -> Call:
    params = {"filter": dict(where), "select": list(kind.fields), "order": {"ID": "DESC"}, "start": -1}
    return Call(kind.method, params, keyed="ID" if "@ID" in where else "")


def _lower(page: Iterable[int], where: Mapping[str, object], kind: _Kind) -> int:
    """Возвращает границу следующей страницы; портал повторил страницу — неясный ответ."""
    last, before = min(page), where.get("<ID")
    if isinstance(before, int) and last >= before:
        raise unclear(kind.method)
    return last


def _ids(answer: Answer, kind: _Kind) -> list[int]:
    """Возвращает найденные номера; пусто портал отдаёт как ``[]``."""
    value = answer.get()
    found = as_map(value).get(kind.name, [])
    if (isinstance(value, list) and value) or not isinstance(found, (list, dict)):
        raise unclear(FIND)
    return [id_of(item, FIND) for item in as_map(found).values()]


def _with_phone(rows: Iterable[Row], phone: Phone) -> list[Row]:
    return [
        row
        for row in sorted(rows, key=lambda row: number_of(row.get("ID")) or 0)
        if any(same_phone(as_map(item).get("VALUE"), phone) for item in as_map(row.get("PHONE")).values())
    ]


def _contact(row: Row) -> Contact:
    name = PersonName.of(*(_written(row.get(part)) for part in ("LAST_NAME", "NAME", "SECOND_NAME")))
    return Contact(id_of(row.get("ID"), CONTACTS.method), name)


def _lead(row: Row, phone: Phone) -> Lead:
    return Lead(
        lead_id=id_of(row.get("ID"), LEADS.method),
        is_open=row.get("STATUS_SEMANTIC_ID") == OPEN,
        contact_id=number_of(row.get("CONTACT_ID")),
        created_at=moment_of(row.get("DATE_CREATE")),
        inherited=_inherited(row, phone),
    )


def _inherited(row: Row, phone: Phone) -> dict[str, object]:
    kept: dict[str, object] = {name: row[name] for name in INHERITED if _written(row.get(name))}
    phones = [item for item in _multi(row.get("PHONE")) if not same_phone(item["VALUE"], phone)]
    emails = _multi(row.get("EMAIL"))
    return {**kept, **({"PHONE": phones} if phones else {}), **({"EMAIL": emails} if emails else {})}


def _multi(value: object) -> list[dict[str, str]]:
    """Возвращает значения множественного поля без номеров лида: у контакта будут свои."""
    items = (as_map(item) for item in as_map(value).values())
    return [
        {"VALUE": _written(item["VALUE"]), "VALUE_TYPE": _written(item.get("VALUE_TYPE")) or "WORK"}
        for item in items
        if _written(item.get("VALUE"))
    ]


def _written(value: object) -> str:
    """Возвращает написанное человеком; вложенное и пустое — пустым."""
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def moment_of(value: object) -> datetime | None:
    """Возвращает время портала; нечитаемое и без пояса — None."""
    try:
        moment = datetime.fromisoformat(_written(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
