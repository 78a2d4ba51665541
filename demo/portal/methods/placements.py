"""Методы placement.*: вкладки локального приложения; вебхуку не даны."""

from __future__ import annotations

from demo.portal.call import Call, Handler
from demo.portal.errors import RestError, access_denied, refusal
from demo.portal.options import OAuthToken
from demo.portal.php import php_map, php_str
from demo.portal.state import Row

KNOWN_PLACEMENTS = ("CRM_DEAL_DETAIL_TAB", "CRM_LEAD_DETAIL_TAB", "CRM_CONTACT_DETAIL_TAB")


def bind(call: Call) -> bool:
    """Добавляет вкладку; обработчик обязан быть https."""
    token = _administrator(call)
    place, handler = php_str(call.param("PLACEMENT")).upper(), php_str(call.param("HANDLER"))
    if place not in KNOWN_PLACEMENTS:
        raise RestError(400, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    if not handler.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if any(row["placement"] == place and row["handler"] == handler for row in call.state.placements):
        raise RestError(400, "ERROR_CORE", "Unable to set placement handler: Handler already binded")
    row = {"placement": place, "handler": handler, "title": php_str(call.param("TITLE"))}
    call.state.placements.append(
        row | {"client_id": token.client_id, "langAll": php_map(call.param("LANG_ALL"))}
    )
    return True


def get(call: Call) -> list[Row]:
    """Возвращает вкладки приложения."""
    token = _application(call)
    own = (row for row in call.state.placements if row["client_id"] == token.client_id)
    return [{key: value for key, value in row.items() if key != "client_id"} for row in own]


def unbind(call: Call) -> Row:
    """Убирает вкладки и говорит, сколько убрано."""
    token = _administrator(call)
    place, handler = php_str(call.param("PLACEMENT")).upper(), php_str(call.param("HANDLER"))
    rows = call.state.placements
    kept = [
        row
        for row in rows
        if (row["client_id"], row["placement"]) != (token.client_id, place)
        or handler not in ("", row["handler"])
    ]
    count = len(rows) - len(kept)
    rows[:] = kept
    return {"count": count}


def _application(call: Call) -> OAuthToken:
    if call.identity.token is None:
        raise refusal("WRONG_AUTH_TYPE")
    return call.identity.token


def _administrator(call: Call) -> OAuthToken:
    token, user = _application(call), call.state.user(call.identity.user_id)
    if user is None or not user["ADMIN"]:
        raise access_denied("Access denied!", status=403)
    return token


METHODS: dict[str, Handler] = {"placement.bind": bind, "placement.get": get, "placement.unbind": unbind}
