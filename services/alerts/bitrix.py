"""Канал «Битрикс24»: системное уведомление; с прежней меткой оно заменяет прежнее."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.domain.errors import SyncError
from services.ports import ChannelError, Notice

if TYPE_CHECKING:
    from services.bitrix.client import BitrixClient

METHOD = "im.notify.system.add"
#: С вебхуком метка требует CLIENT_ID: он отделяет наши метки от чужих.
CLIENT_ID = "ident-bitrix24"


class BitrixChannel:
    """Уведомления сотрудникам портала."""

    name = "Битрикс24"

    def __init__(self, portal: "BitrixClient", user_ids: Sequence[int]) -> None:
        self._portal, self._user_ids = portal, user_ids

    def send(self, notice: Notice) -> None:
        """Уведомляет всех; кто не уведомлён — ChannelError."""
        text = f"[B]{notice.title}[/B]\n{notice.text}"
        silent = [user_id for user_id in self._user_ids if not self._notified(user_id, text, notice.key)]
        if silent:
            listed = ", ".join(map(str, silent))
            raise ChannelError(
                f"портал не показал уведомление сотрудникам {listed}: выключено или нет такого"
            )

    def _notified(self, user_id: int, text: str, tag: str) -> bool:
        params = {"USER_ID": user_id, "MESSAGE": text, "TAG": f"ident|{tag}", "CLIENT_ID": CLIENT_ID}
        try:
            return bool(self._portal.call(METHOD, params))
        except SyncError as error:
            raise ChannelError(str(error)) from None
