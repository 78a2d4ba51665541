"""Прямые запросы к порталу-эмулятору, без нашего клиента."""

from typing import Any

import requests

from demo.portal.server import PortalServer

Body = dict[str, Any]


class Rest:
    """Вебхук портала в руках проверки."""

    def __init__(self, portal: PortalServer) -> None:
        self.portal, self.url = portal, portal.url

    def reply(self, method: str, /, **params: object) -> tuple[int, Body]:
        """Возвращает код HTTP и тело ответа на вызов JSON-телом."""
        answer = requests.post(self.url + method, json=params, timeout=30)
        return answer.status_code, answer.json()

    def result(self, method: str, /, **params: object) -> Any:
        """Возвращает результат удачного вызова."""
        status, body = self.reply(method, **params)
        assert status == 200, body
        return body["result"]

    def error(self, method: str, /, **params: object) -> tuple[int, str, str]:
        """Возвращает код HTTP, код и текст отказа."""
        status, body = self.reply(method, **params)
        assert "error" in body, body
        return status, body["error"], body["error_description"]

    def batch(self, halt: int = 0, /, **commands: str) -> Body:
        """Возвращает результат пакета."""
        result: Body = self.result("batch", halt=halt, cmd=commands)
        return result

    def deal(self, **fields: object) -> int:
        """Создаёт сделку."""
        return int(self.result("crm.deal.add", fields={"TITLE": "Приём", **fields}))

    def contact(self, *phones: str, **fields: object) -> int:
        """Создаёт контакт с телефонами."""
        values = [{"VALUE": phone, "VALUE_TYPE": "MOBILE"} for phone in phones]
        return int(self.result("crm.contact.add", fields={"NAME": "Алсу", "PHONE": values, **fields}))

    def lead(self, *phones: str, **fields: object) -> int:
        """Создаёт лид с телефонами."""
        values = [{"VALUE": phone, "VALUE_TYPE": "MOBILE"} for phone in phones]
        return int(self.result("crm.lead.add", fields={"TITLE": "Заявка", "PHONE": values, **fields}))
