"""Точка отсчёта: requests, вызов за вызовом, с паузой полсекунды (так держат 2 запроса в секунду)."""

import time
from collections.abc import Sequence
from typing import Any

import requests

from bench.baselines import Params, changed_deal, find_client, find_deals, new_contact, new_deal
from bench.work import Visit

PAUSE = 0.5


class PlainRequests:
    """Последовательный клиент на одной сессии."""

    name = "requests по одному, пауза 0,5 с"

    def __init__(self, webhook: str, pause: float = PAUSE) -> None:
        self._webhook, self._session, self._pause = webhook, requests.Session(), pause

    def create(self, visits: Sequence[Visit]) -> None:
        """Переносит новые приёмы."""
        for visit in visits:
            if self._call("crm.deal.list", find_deals([visit])):
                continue
            found = self._call("crm.duplicate.findbycomm", find_client(visit, "CONTACT"))
            self._call("crm.duplicate.findbycomm", find_client(visit, "LEAD"))
            contact_id = found["CONTACT"][0] if found else self._call("crm.contact.add", new_contact(visit))
            self._call("crm.deal.add", new_deal(visit, contact_id))

    def update(self, visits: Sequence[Visit]) -> None:
        """Переносит изменения."""
        for visit in visits:
            (deal,) = self._call("crm.deal.list", find_deals([visit]))
            self._call("crm.deal.update", changed_deal(deal["ID"]))

    def _call(self, method: str, params: Params) -> Any:
        time.sleep(self._pause)
        reply = self._session.post(self._webhook + method, json=params, timeout=65)
        reply.raise_for_status()
        return reply.json()["result"]
