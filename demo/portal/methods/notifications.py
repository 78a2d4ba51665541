"""Методы im.notify.*: уведомления сотрудникам."""

from __future__ import annotations

from functools import partial

from demo.portal.call import Call, Handler
from demo.portal.errors import RestError
from demo.portal.php import php_str
from demo.portal.state import Row


def add(kind: str, call: Call) -> int | bool:
    """Отправляет уведомление; с прежним TAG оно заменяет прежнее, неизвестному сотруднику — False."""
    user_id, text, tag = call.number("USER_ID"), php_str(call.param("MESSAGE")), php_str(call.param("TAG"))
    if user_id <= 0:
        raise RestError(400, "USER_ID_EMPTY", "User ID can't be empty")
    if not text.strip():
        raise RestError(400, "MESSAGE_EMPTY", "Message can't be empty")
    if (
        (tag or call.param("SUB_TAG"))
        and not php_str(call.param("CLIENT_ID"))
        and call.identity.token is None
    ):
        raise RestError(400, "CLIENT_ID_EMPTY", "Client ID can't be empty when TAG or SUB_TAG is used")
    if call.state.user(user_id) is None:
        return False
    notes = call.state.notifications
    notes[:] = [note for note in notes if not tag or (note["tag"], note["user_id"]) != (tag, user_id)]
    note: Row = {"id": call.state.next_id("notification"), "user_id": user_id, "text": text, "tag": tag}
    notes.append(note | {"kind": kind, "at": call.crm.now(), "by": call.identity.user_id})
    return int(note["id"])


METHODS: dict[str, Handler] = {
    "im.notify": partial(add, "system"),
    "im.notify.system.add": partial(add, "system"),
    "im.notify.personal.add": partial(add, "personal"),
}
