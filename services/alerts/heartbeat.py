"""Пульс: раз в минуту узел стучится в службу присмотра, совместимую с Healthchecks; молчание — тревога там.

Успех — адрес проверки, беда — он же и «/fail»; слова уходят телом запроса
(healthchecks.io/docs/http_api, healthchecks.io/docs/signaling_failures). Людей в словах нет.
"""

from collections.abc import Sequence

from services.domain.alarms import Alarm
from services.ports import ChannelError

TIMEOUTS = (5.0, 10.0)
#: Столько слов о беде: служба хранит первые килобайты.
LONGEST = 2000


class Heartbeat:
    """Стук в службу присмотра; адрес — секрет."""

    name = "пульс"

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    def beat(self, alarms: Sequence[Alarm]) -> None:
        """Сообщает, что узел жив и что с ним не так; не вышло — ChannelError без адреса."""
        import requests

        said = "\n".join(f"{alarm.title}. {alarm.text}" for alarm in alarms) or "Всё хорошо"
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(
                    self._address + ("/fail" if alarms else ""),
                    data=said[:LONGEST].encode(),
                    headers={"Content-Type": "text/plain; charset=utf-8"},
                    timeout=TIMEOUTS,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise ChannelError(f"служба присмотра не отвечает ({type(error).__name__})") from None
        if not answer.ok or answer.is_redirect:
            raise ChannelError(
                f"служба присмотра ответила кодом {answer.status_code}: сверьте alerts.heartbeat"
            )
