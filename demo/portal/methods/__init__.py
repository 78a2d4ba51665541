"""Методы REST: таблица «имя — обработчик» и нужные права."""

from __future__ import annotations

from demo.portal.call import Handler
from demo.portal.methods import (
    categories,
    deal_contacts,
    duplicates,
    fields,
    items,
    legacy,
    notifications,
    placements,
    statuses,
    system,
)

METHODS: dict[str, Handler] = {
    **legacy.METHODS,
    **deal_contacts.METHODS,
    **items.METHODS,
    **fields.METHODS,
    **duplicates.METHODS,
    **statuses.METHODS,
    **categories.METHODS,
    **notifications.METHODS,
    **system.METHODS,
    **placements.METHODS,
}

_USER_SCOPES = ("user", "user_brief", "user_basic")
_WRITES = (".add", ".update", ".delete", ".set", ".bind", ".unbind")


def scopes_of(method: str) -> tuple[str, ...]:
    """Возвращает права, любого из которых достаточно; пустой набор — прав не нужно."""
    family = method.partition(".")[0]
    if family == "user":
        return _USER_SCOPES
    return (family,) if family in ("crm", "im", "placement") else ()


def is_write(method: str) -> bool:
    """Отвечает, меняет ли метод данные."""
    return method.endswith(_WRITES)
