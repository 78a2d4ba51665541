"""Снимки планов в сделках: какие сделки пациента открыты и что в них записано (СПЕЦ 2.3.2)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from services.bitrix.calls import folded
from services.bitrix.client import BitrixClient
from services.bitrix.crm import DEAL_LIST, require_field
from services.bitrix.responses import NotFound, id_of, number_of, rows_of
from services.domain.crm import PlanDeal
from services.domain.errors import Vanished
from services.domain.outbox import Permit
from services.sealing import SnapshotSeal

if TYPE_CHECKING:
    from config.models import PortalSettings


class BitrixPlanDeals:
    """Сделки пациента по ключу из UF_CRM_IDENT_PATIENT: и тех приёмов, что вне окна выборки.

    ``mark`` отличает печати этого узла: сменился ключ — снимки пишутся заново.
    """

    def __init__(self, client: BitrixClient, settings: "PortalSettings", seal: SnapshotSeal) -> None:
        self._client, self._seal, self.mark = client, seal, seal.mark
        fields = settings.field_table
        self._patient, self._snapshot = fields["ident_patient"], fields["treatment_plans"]
        self._key = fields["reception_id"]

    def open_deals(self, patient: str) -> Sequence[PlanDeal]:
        """Возвращает открытые сделки пациента по ключу ``D1_17``, до 50 новых."""
        params = {
            "filter": {f"={self._patient}": patient, "=CLOSED": "N"},
            "select": ["ID", "CLOSED", "CREATED_BY_ID", self._key, self._patient, self._snapshot],
            "order": {"ID": "DESC"},
            "start": -1,
        }
        rows = rows_of(self._client.call(DEAL_LIST, params), DEAL_LIST)
        own = [row for row in rows if self._is_own(row, patient)]
        if rows and not own:
            require_field(self._client, self._patient, rows)
        return [self._deal(row) for row in own]

    def _deal(self, row: Mapping[str, Any]) -> PlanDeal:
        snapshot, uid = str(row.get(self._snapshot) or ""), str(row.get(self._key) or "")
        number, author = id_of(row.get("ID"), DEAL_LIST), number_of(row.get("CREATED_BY_ID"))
        return PlanDeal(number, snapshot, self._seal.fits(number, snapshot), uid, author)

    def write(self, deal_id: int, snapshot: str, *, permit: Permit | None = None) -> None:
        """Записывает снимок в сделку; сам клиент запись не повторяет: поздняя вернула бы старый снимок."""
        params = {"id": deal_id, "fields": {self._snapshot: self._seal.sealed(deal_id, snapshot)}}
        try:
            self._client.call("crm.deal.update", params, repeatable=False, permit=permit)
        except NotFound as error:
            raise Vanished(error.message) from None

    def _is_own(self, row: Mapping[str, Any], patient: str) -> bool:
        return folded(row.get(self._patient)) == folded(patient) and row.get("CLOSED") == "N"
