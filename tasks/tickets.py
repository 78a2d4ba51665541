"""Талон в заголовке сообщения: периодическая задача работает, только погасив его."""

from typing import Any

TICK, TICKET = "ident_tick", "ident_ticket"


def ticket_of(request: Any) -> tuple[str, str] | None:
    """Возвращает имя строки расписания и талон; None — задачу позвал человек или это её повтор."""
    headers = request.headers or {}
    name = headers.get(TICK) or getattr(request, TICK, None)
    ticket = headers.get(TICKET) or getattr(request, TICKET, None)
    return (name, ticket) if name and ticket and not request.retries else None
