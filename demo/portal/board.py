"""Данные страницы: доска воронки, счётчики, карточка сделки."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from demo.portal.engine import Portal
from demo.portal.options import OAuthToken
from demo.portal.render import person_name
from demo.portal.schema import CONTACT, DEAL, LEAD, Field
from demo.portal.stages import stages_of
from demo.portal.state import Row

RECENT = 14
TILES = 40
"""Сколько карточек показываем в столбце; счёт и сумма — по всем."""
RATE_WINDOW = 10.0


@dataclass(frozen=True)
class View:
    """Что выбрал зритель: воронка, филиал, слова поиска и какое состояние он уже видел."""

    known: int = -1
    category: int | None = None
    filial: str = ""
    words: str = ""


def feed(portal: Portal, view: View) -> Row:
    """Возвращает счётчики и, если данные изменились, доску."""
    answer: Row = {"revision": portal.state.revision, "traffic": traffic(portal)}
    if answer["revision"] == view.known:
        return answer
    with portal.state.lock:
        return answer | {"revision": portal.state.revision, **_board(portal, view)}


def _board(portal: Portal, view: View) -> Row:
    state = portal.state
    chosen = _chosen(portal, view.category)
    deals = [deal for deal in state.entities[DEAL].values() if deal["CATEGORY_ID"] == chosen]
    shown = [deal for deal in deals if _suits(portal, deal, view)]
    columns = [_column(portal, stage, shown) for stage in stages_of(state, DEAL, chosen)]
    return {
        "categories": [{"id": row["id"], "name": row["name"]} for row in state.categories],
        "category": chosen,
        "filials": sorted({deal["UF_CRM_FILIAL"] for deal in deals if deal.get("UF_CRM_FILIAL")}),
        "columns": columns,
        "deals": len(shown),
        "contacts": len(state.entities[CONTACT]),
        "leads": len(state.entities[LEAD]),
        "notifications": state.notifications[-5:][::-1],
    }


def _column(portal: Portal, stage: Row, deals: list[Row]) -> Row:
    """Возвращает столбец: счёт и сумма — по всем сделкам, карточки — последние из сдвинутых."""
    own = [deal for deal in deals if deal["STAGE_ID"] == stage["STATUS_ID"]]
    newest = heapq.nlargest(TILES, own, key=lambda deal: (deal["MOVED_TIME"], deal["ID"]))
    return {
        **_stage(stage),
        "count": len(own),
        "sum": sum(deal["OPPORTUNITY"] or 0 for deal in own),
        "tiles": [_tile(portal, deal) for deal in newest],
    }


def _stage(row: Row) -> Row:
    group = row["SEMANTICS"] or "P"
    return {"id": row["STATUS_ID"], "name": row["NAME"], "color": row["COLOR"], "group": group}


def _suits(portal: Portal, deal: Row, view: View) -> bool:
    if view.filial and deal.get("UF_CRM_FILIAL") != view.filial:
        return False
    if not view.words:
        return True
    text = " ".join(str(value) for value in _tile(portal, deal).values()) + str(
        deal.get("UF_CRM_RECEPTION_ID")
    )
    return all(word in text.casefold() for word in view.words.casefold().split())


def traffic(portal: Portal) -> Row:
    """Возвращает счётчики запросов за последние секунды и за всё время."""
    recent = portal.stats.since(portal.clock.monotonic() - RATE_WINDOW)
    return {
        "per_second": round(len(recent) / RATE_WINDOW, 2),
        "commands_per_second": round(sum(len(record.commands) for record in recent) / RATE_WINDOW, 2),
        "requests": portal.stats.requests,
        "limit": portal.options.rate,
        "recent": portal.stats.recent(RECENT),
    }


def _chosen(portal: Portal, wanted: int | None) -> int:
    """Возвращает воронку страницы: названную, иначе «Стоматология», иначе общую."""
    known = {row["id"]: row["name"] for row in portal.state.categories}
    if wanted in known:
        return int(wanted or 0)
    return next((number for number, name in known.items() if name == "Стоматология"), 0)


def _tile(portal: Portal, deal: Row) -> Row:
    contact = portal.state.find(CONTACT, deal["CONTACT_ID"] or 0) if deal.get("CONTACT_ID") else None
    doctor = (
        deal.get("UF_CRM_DOCTOR_SURNAME"),
        deal.get("UF_CRM_DOCTOR_NAME"),
        deal.get("UF_CRM_DOCTOR_PATRONYMIC"),
    )
    return {
        "id": deal["ID"],
        "title": deal["TITLE"],
        "stage": deal["STAGE_ID"],
        "sum": deal["OPPORTUNITY"],
        "patient": person_name(contact) if contact else "",
        "phone": next((item["VALUE"] for item in contact["FM"]), "") if contact else "",
        "filial": deal.get("UF_CRM_FILIAL") or "",
        "doctor": _with_initials(doctor),
        "status": deal.get("UF_CRM_STATUS") or "",
        "services": deal.get("UF_CRM_SERVICES") or "",
        "start": _shown(portal, "datetime", deal.get("UF_CRM_START_TIME")),
        "moved": deal["MOVED_TIME"],
        "modified": deal["DATE_MODIFY"],
        "lead": deal.get("LEAD_ID"),
    }


def _with_initials(names: tuple[str | None, ...]) -> str:
    surname, *others = names
    initials = "".join(f"{name[0]}." for name in others if name)
    return f"{surname or ''} {initials}".strip()


def card(portal: Portal, deal_id: int) -> Row | None:
    """Возвращает всё о сделке для карточки; None — такой нет."""
    state = portal.state
    deal = state.find(DEAL, deal_id)
    if deal is None:
        return None
    stages = {row["STATUS_ID"]: row["NAME"] for row in state.statuses}
    return {
        "tile": _tile(portal, deal),
        "fields": _fields(portal, DEAL, deal),
        "contacts": [_person(portal, CONTACT, item["CONTACT_ID"]) for item in deal["CONTACTS"]],
        "lead": _person(portal, LEAD, deal["LEAD_ID"]) if deal.get("LEAD_ID") else None,
        "stages": [
            {
                "id": row["STATUS_ID"],
                "name": row["NAME"],
                "color": row["COLOR"],
                "group": row["SEMANTICS"] or "P",
            }
            for row in stages_of(state, DEAL, deal["CATEGORY_ID"])
        ],
        "history": [
            {
                "from": stages.get(row["FROM_STAGE_ID"]),
                "to": stages.get(row["STAGE_ID"]),
                **_signed(portal, row),
            }
            for row in state.history
            if (row["ENTITY_TYPE_ID"], row["OWNER_ID"]) == (DEAL, deal_id)
        ][::-1],
        "timeline": [_event(portal, event) for event in state.timeline.get(f"{DEAL}:{deal_id}", [])][::-1],
        "plan_app": application(portal),
    }


def application(portal: Portal, page: str = "index.html") -> Row | None:
    """Возвращает приложение вкладки: адрес и доступ, которым портал делится с окном приложения.

    Адрес — из настроек эмулятора, иначе тот, что приложение само привязало к карточке сделки.
    """
    url = portal.options.plan_app_url or next(
        (row["handler"] for row in portal.state.placements if row["placement"] == "CRM_DEAL_DETAIL_TAB"), None
    )
    if url is None:
        return None
    token = portal.options.tokens[0] if portal.options.tokens else OAuthToken("")
    user = portal.state.user(token.user_id)
    return {
        "url": urljoin(url, page),
        "token": token.token,
        "refreshed_token": portal.options.tokens[-1].token if token.expired else token.token,
        "member_id": token.member_id,
        "is_admin": bool(user and user["ADMIN"]),
    }


def _fields(portal: Portal, type_id: int, row: Row) -> list[Row]:
    return [
        {
            "name": name,
            "title": field.title,
            "kind": field.kind,
            "value": _readable(portal, field, row.get(name)),
        }
        for name, field in portal.state.fields(type_id).items()
        if name != "TITLE" or row.get(name)
    ]


def _readable(portal: Portal, field: Field, value: Any) -> Any:
    """Возвращает значение для человека: сотрудников, воронку и источник — именами."""
    if value is None:
        return None
    if field.kind == "user":
        return _name_of(portal, value)
    names = {
        "CATEGORY_ID": lambda: {row["id"]: row["name"] for row in portal.state.categories},
        "SOURCE_ID": lambda: {row["STATUS_ID"]: row["NAME"] for row in portal.state.statuses},
    }
    known = names[field.name]().get(value) if field.name in names else None
    return known or _shown(portal, field.kind, value)


def _person(portal: Portal, type_id: int, entity_id: int) -> Row:
    row = portal.state.find(type_id, entity_id)
    if row is None:
        return {"id": entity_id, "name": "удалён", "phones": [], "title": "", "status": ""}
    status = next((s["NAME"] for s in portal.state.statuses if s["STATUS_ID"] == row.get("STATUS_ID")), "")
    return {
        "id": entity_id,
        "name": person_name(row),
        "title": row.get("TITLE") or "",
        "phones": [item["VALUE"] for item in row["FM"]],
        "status": status if type_id == LEAD else "",
        "fields": _fields(portal, type_id, row),
    }


def _signed(portal: Portal, row: Row) -> Row:
    return {"at": _shown(portal, "datetime", row["CREATED_TIME"]), "by": _author(portal, row["AUTHOR_ID"])}


def _event(portal: Portal, event: Row) -> Row:
    return {**event, "at": _shown(portal, "datetime", event["at"]), "by": _author(portal, event["by"])}


def _author(portal: Portal, user_id: int) -> str:
    """Называет автора; владелец вебхука пишет только руками интеграции."""
    name = _name_of(portal, user_id)
    return f"{name} (вебхук)" if user_id in {key.user_id for key in portal.options.webhooks} else name


def _name_of(portal: Portal, user_id: int) -> str:
    user = portal.state.user(user_id)
    return f"{user['NAME']} {user['LAST_NAME']}" if user else f"Сотрудник {user_id}"


def _shown(portal: Portal, kind: str, value: Any) -> Any:
    return portal.codec.universal(kind, value)
