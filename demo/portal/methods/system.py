"""Общие методы: profile, server.time, scope, methods, user.current, app.info и немногие другие."""

from __future__ import annotations

from typing import Any

from demo.portal import chronicle
from demo.portal.call import Call, Handler
from demo.portal.errors import legacy, refusal
from demo.portal.php import php_int, php_str
from demo.portal.schema import TYPE_NAMES
from demo.portal.state import Row


def profile(call: Call) -> Row:
    """Возвращает владельца доступа; прав не нужно."""
    user = _user(call)
    shown = {
        "ID": str(user["ID"]),
        "ADMIN": user["ADMIN"],
        "NAME": user["NAME"],
        "LAST_NAME": user["LAST_NAME"],
    }
    return shown | {"PERSONAL_GENDER": "", "TIME_ZONE": "Europe/Moscow", "TIME_ZONE_OFFSET": 0}


def user_current(call: Call) -> Row:
    """Возвращает сотрудника, от чьего имени идёт вызов."""
    user = _user(call)
    names = {"NAME": user["NAME"], "LAST_NAME": user["LAST_NAME"], "SECOND_NAME": ""}
    return {"ID": str(user["ID"]), "ACTIVE": True, **names, "USER_TYPE": "employee"}


def server_time(call: Call) -> str:
    """Возвращает время портала."""
    return call.codec.shown(call.crm.clock.time())


def scope(call: Call) -> list[str]:
    """Возвращает права вызывающего."""
    return list(call.identity.scopes)


def methods(call: Call) -> list[str]:
    """Возвращает имена методов, доступных вызывающему."""
    from demo.portal.methods import METHODS as KNOWN
    from demo.portal.methods import scopes_of

    allowed = set(call.identity.scopes)
    return sorted(name for name in KNOWN if not scopes_of(name) or allowed & set(scopes_of(name)))


def method_get(call: Call) -> Row:
    """Отвечает, есть ли метод и доступен ли он."""
    from demo.portal.methods import METHODS as KNOWN

    name = php_str(call.param("name"))
    return {"isExisting": name in KNOWN, "isAvailable": name in methods(call)}


def app_info(call: Call) -> Row:
    """Возвращает сведения о приложении токена: и портала, и сервера авторизации сразу."""
    token = call.identity.token
    if token is None:
        raise refusal("WRONG_AUTH_TYPE")
    install = {"installed": True, "version": "1", "status": "L", "scope": ",".join(token.scopes)}
    return {
        "ID": 1,
        "CODE": token.client_id,
        "VERSION": 1,
        "STATUS": "L",
        "INSTALLED": True,
        "PAYMENT_EXPIRED": "N",
        "LANGUAGE_ID": "ru",
        "client_id": token.client_id,
        "user_id": token.user_id,
        "scope": ",".join(token.scopes),
        "expires": int(call.crm.clock.time()) + 3600,
        "install": install | {"member_id": token.member_id, "domain": "portal.example"},
    }


def mode(call: Call) -> int:
    """Возвращает режим CRM: 1 — классическая, 2 — простая."""
    return 2 if call.options.simple_crm else 1


def comment_add(call: Call) -> int:
    """Пишет комментарий в ленту сущности."""
    fields = call.fields() or {}
    names = {name.lower(): number for number, name in TYPE_NAMES.items()}
    type_id = names.get(php_str(fields.get("ENTITY_TYPE")).lower())
    text, entity_id = php_str(fields.get("COMMENT")), php_int(fields.get("ENTITY_ID"))
    if type_id is None or call.state.find(type_id, entity_id) is None:
        raise legacy("Not found.")
    if not text:
        raise legacy("Empty comment message")
    return chronicle.commented(call.state, type_id, entity_id, text, call.crm.now(), call.identity.user_id)


def _user(call: Call) -> Row:
    known = call.state.user(call.identity.user_id)
    return known or {"ID": call.identity.user_id, "ADMIN": False, "NAME": "", "LAST_NAME": ""}


def currencies(call: Call) -> list[dict[str, Any]]:
    """Возвращает валюты портала."""
    from demo.portal.entities import CURRENCIES

    return [{"CURRENCY": code, "BASE": "Y" if code == "RUB" else "N"} for code in sorted(CURRENCIES)]


METHODS: dict[str, Handler] = {
    "profile": profile,
    "user.current": user_current,
    "server.time": server_time,
    "scope": scope,
    "methods": methods,
    "method.get": method_get,
    "app.info": app_info,
    "crm.settings.mode.get": mode,
    "crm.timeline.comment.add": comment_add,
    "crm.currency.list": currencies,
}
