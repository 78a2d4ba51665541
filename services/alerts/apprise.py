"""Канал apprise: Telegram и десятки других; библиотека тяжёлая, грузится при первом уведомлении."""

from collections.abc import Sequence

from services.ports import ChannelError, Notice


class AppriseChannel:
    """Уведомления по адресам apprise; адреса — секреты."""

    name = "apprise"

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls

    def send(self, notice: Notice) -> None:
        """Рассылает по всем адресам; сбой — ChannelError без адресов."""
        try:
            import apprise
        except ImportError:
            raise ChannelError("нет библиотеки apprise: поставьте её (pip install apprise)") from None
        group = apprise.Apprise()
        added = [group.add(url) for url in self._urls]  # добавить надо все: один негодный не отменяет прочих
        if not all(added):
            raise ChannelError("адрес в alerts.apprise не годится: сверьте его с описанием apprise")
        if not group.notify(title=notice.title, body=notice.text):
            raise ChannelError("служба из alerts.apprise не приняла уведомление")
