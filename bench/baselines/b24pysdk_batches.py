"""Точка отсчёта: официальный b24pysdk, пакеты по 50 команд фазами, каждый следующий — после ответа."""

import time
from collections.abc import Sequence
from typing import Any

from bench.baselines import Params, changed_deal, find_client, find_deals, new_contact, new_deal
from bench.work import KEY, Visit

COMMANDS = 50
#: У SDK нет ограничителя частоты: интегратор ставит паузу сам.
PAUSE = 0.5
#: Часть паузы, которой довольно после ответа на один вызов: остальное занял сам ответ.
ANSWERED = 0.7


class B24PySdkBatches:
    """Фазы: все поиски, все контакты, все сделки."""

    name = "b24pysdk, пакеты фазами"

    def __init__(self, webhook: str, pause: float = PAUSE) -> None:
        from b24pysdk import BitrixWebhook

        self._pause = pause
        _, _, rest = webhook.partition("://")
        domain, _, user, code, _ = rest.split("/")
        self._token = BitrixWebhook(domain=domain, webhook_token=f"{user}/{code}")

    def create(self, visits: Sequence[Visit]) -> None:
        """Переносит новые приёмы."""
        known = self._deals(visits)
        new = [visit for visit in visits if visit.uid not in known]
        contacts = self._batches(
            [("crm.duplicate.findbycomm", find_client(visit, "CONTACT")) for visit in new]
        )
        self._batches([("crm.duplicate.findbycomm", find_client(visit, "LEAD")) for visit in new])
        owners = {
            visit.phone: found["CONTACT"][0] for visit, found in zip(new, contacts, strict=True) if found
        }
        strangers = {visit.phone: visit for visit in new if visit.phone not in owners}
        created = self._batches([("crm.contact.add", new_contact(visit)) for visit in strangers.values()])
        owners.update(zip(strangers, created, strict=True))
        self._batches([("crm.deal.add", new_deal(visit, owners[visit.phone])) for visit in new])

    def update(self, visits: Sequence[Visit]) -> None:
        """Переносит изменения."""
        self._batches(
            [("crm.deal.update", changed_deal(deal["ID"])) for deal in self._deals(visits).values()]
        )

    def _deals(self, visits: Sequence[Visit]) -> dict[str, Any]:
        pages = [visits[start : start + COMMANDS] for start in range(0, len(visits), COMMANDS)]
        found = self._batches([("crm.deal.list", find_deals(page)) for page in pages])
        return {deal[KEY]: deal for page in found for deal in page}

    def _batches(self, calls: Sequence[tuple[str, Params]]) -> list[Any]:
        answers: list[Any] = []
        for start in range(0, len(calls), COMMANDS):
            time.sleep(self._pause)
            part = {str(index): call for index, call in enumerate(calls[start : start + COMMANDS])}
            result = self._token.call_batch(part, timeout=65)["result"]
            if result["result_error"]:
                raise RuntimeError("портал отказал командам пакета")
            values = result["result"]
            answers += [values[key] for key in part] if isinstance(values, dict) else list(values)
        return answers


class B24PySdkCalls(B24PySdkBatches):
    """Тот же SDK без пакетов."""

    name = "b24pysdk по одному"

    def _batches(self, calls: Sequence[tuple[str, Params]]) -> list[Any]:
        answers = []
        for method, params in calls:
            time.sleep(self._pause * ANSWERED)
            answers.append(self._token.call_method(method, params, timeout=65)["result"])
        return answers
