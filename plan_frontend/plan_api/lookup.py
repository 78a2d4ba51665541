"""Ответы о планах: допуск, вопросы филиалам и сведение ответов в один."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from plan_frontend.asking import LookupQueue
from plan_frontend.plan_api.parameters import PlanParameters
from plan_frontend.portal_auth import Gatekeeper, Pass
from services.domain.admission import AdmissionUnavailable, VisitedDeal, check_claims
from services.domain.errors import SkippableError
from services.domain.keys import parse_uid
from services.domain.plan_answers import merged
from services.sync.plans import PlanQuestion

if TYPE_CHECKING:
    from config.models import Settings


class UnknownBranch(Exception):
    """Филиала сделки нет в настройках этого узла."""


class PlanLookup:
    """Ответ на вопрос вкладки; чей план показать, решает сделка, а не страница."""

    def __init__(
        self,
        settings: "Settings",
        gatekeeper: Gatekeeper,
        asker: LookupQueue,
        executor: Executor,
        checks: Executor,
    ) -> None:
        self._settings, self._gatekeeper, self._asker = settings, gatekeeper, asker
        self._executor, self._checks = executor, checks
        self._deadline = settings.web.deadline.total_seconds()

    async def admit(self, token: str, asked: PlanParameters, address: str) -> Pass:
        loop = asyncio.get_running_loop()
        # Незнакомые токены проверяются в своих потоках: сколько их ни пришли, проверенных они не задержат.
        executor = self._executor if self._gatekeeper.knows(token) else self._checks
        admission = loop.run_in_executor(executor, self._gatekeeper.admit, token, asked.deal_id, address)
        try:
            admitted = await asyncio.wait_for(admission, self._deadline)
        except TimeoutError:
            raise AdmissionUnavailable("портал не ответил вовремя: повторите") from None
        check_claims(admitted.deal, asked.reception_uid, asked.full_name)
        return admitted

    async def answer(self, deal: VisitedDeal, asked: PlanParameters) -> Mapping[str, Any]:
        """Спрашивает филиалы сделки и сводит ответы; не дождался — NoAnswer."""
        branches, reception_id = self._addressees(deal, asked)
        ours = deal.category_id == self._settings.portal.category_id
        question = PlanQuestion(
            deal_id=deal.deal_id,
            created_by=deal.created_by,
            reception_id=reception_id,
            full_name=deal.full_name,
            phones=deal.phones if ours else (),
            patient_id=asked.patient.patient_id if asked.patient else None,
            plan_id=asked.plan_id,
        )
        started = time.monotonic()
        asks = [self._asker.ask(branch, question, self._deadline) for branch in branches]
        answers = await asyncio.gather(*asks)
        answer = merged(list(zip(branches, answers, strict=True)))
        return {**answer, "took_ms": round((time.monotonic() - started) * 1000)}

    def _addressees(self, deal: VisitedDeal, asked: PlanParameters) -> tuple[Sequence[str], int | None]:
        """Возвращает, какие филиалы спросить и о каком приёме (постановление 16)."""
        known = {branch.branch_id for branch in self._settings.branches}
        uid = _uid_of(deal)
        if uid is not None:
            if uid[0] not in known:
                raise UnknownBranch
            return [uid[0]], uid[1]
        if asked.patient is not None:
            if asked.patient.branch_id not in known:
                raise UnknownBranch
            return [asked.patient.branch_id], None
        return self._by_filial(deal.filial), None

    def _by_filial(self, filial: str) -> Sequence[str]:
        """Возвращает филиал по имени в сделке; неизвестен — по одному филиалу от каждой базы узла."""
        named = [
            branch.branch_id
            for branch in self._settings.branches
            if filial and filial in (branch.name, *branch.aliases)
        ]
        if named:
            return named[:1]
        by_base = {branch.database: branch.branch_id for branch in reversed(self._settings.served)}
        return sorted(by_base.values())


def _uid_of(deal: VisitedDeal) -> tuple[str, int] | None:
    """Возвращает филиал и номер приёма сделки; сделка заведена руками — None."""
    try:
        uid = parse_uid(deal.reception_uid)
    except SkippableError:
        return None
    return uid.branch_id, uid.number
