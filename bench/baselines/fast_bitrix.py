"""Точка отсчёта: fast_bitrix24, как советует его описание — get_all для списков, call со списком для прочего.

Пакеты и частоту библиотека держит сама. Ответы ``call`` приходят в порядке готовности, пустые пропадают:
найденное раскладывается по телефонам, а новым контактам верят по порядку — другого способа описание не даёт.
"""

from collections.abc import Sequence
from typing import Any

from bench.baselines import Params, changed_deal, find_client, find_deals, new_contact, new_deal
from bench.work import KEY, Visit


class FastBitrix:
    """Фазы: все поиски, все контакты, все сделки; внутри фазы пакеты идут параллельно."""

    name = "fast_bitrix24"

    def __init__(self, webhook: str) -> None:
        from fast_bitrix24 import Bitrix

        self._bitrix = Bitrix(webhook, verbose=False)

    def create(self, visits: Sequence[Visit]) -> None:
        """Переносит новые приёмы."""
        known = self._deals(visits)
        new = [visit for visit in visits if visit.uid not in known]
        owners = self._owners(new)
        strangers = list({visit.phone: visit for visit in new if visit.phone not in owners}.values())
        created = self._many("crm.contact.add", [new_contact(visit) for visit in strangers])
        owners.update(zip((visit.phone for visit in strangers), created, strict=True))
        self._many("crm.deal.add", [new_deal(visit, owners[visit.phone]) for visit in new])

    def update(self, visits: Sequence[Visit]) -> None:
        """Переносит изменения."""
        self._many("crm.deal.update", [changed_deal(deal["ID"]) for deal in self._deals(visits).values()])

    def _deals(self, visits: Sequence[Visit]) -> dict[str, Any]:
        found = self._bitrix.get_all("crm.deal.list", find_deals(visits))
        return {deal[KEY]: deal for deal in found}

    def _owners(self, visits: Sequence[Visit]) -> dict[str, Any]:
        found = self._many("crm.duplicate.findbycomm", [find_client(visit, "CONTACT") for visit in visits])
        self._many("crm.duplicate.findbycomm", [find_client(visit, "LEAD") for visit in visits])
        ids = [number for answer in found if isinstance(answer, dict) for number in answer["CONTACT"]]
        contacts = self._bitrix.get_by_ID("crm.contact.get", ids) if ids else {}
        return {phone["VALUE"]: number for number, row in contacts.items() for phone in row["PHONE"]}

    def _many(self, method: str, calls: Sequence[Params]) -> list[Any]:
        return list(self._bitrix.call(method, list(calls))) if calls else []
