"""Мир вкладки «План лечения»: портал с токенами сотрудников, клиника и ответы на вопросы."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.loader import application_key
from demo.portal.options import ALL_SCOPES, OAuthToken, PortalOptions
from demo.portal.server import PortalServer
from plan_frontend.asking import NoAnswer
from services.domain.outbox import Link
from services.sealing import plan_answer_sealer, plan_request_sealer
from services.sync.plans import PlanQuestion
from tests.support.world import World

CLIENT, MEMBER = "local.plan.test", "member0plan0test"
CURATOR = OAuthToken("curator-token-0001", 5, CLIENT, MEMBER, ALL_SCOPES)
ADMINISTRATOR = OAuthToken("admin-token-0000001", 1, CLIENT, MEMBER, ALL_SCOPES)
EXPIRED = OAuthToken("expired-token-00001", 5, CLIENT, MEMBER, ALL_SCOPES, expired=True)
OTHER_APPLICATION = OAuthToken("other-app-token-001", 5, "local.other", MEMBER, ALL_SCOPES)
OTHER_MEMBER = OAuthToken("other-member-tok-01", 5, CLIENT, "another0portal", ALL_SCOPES)
TOKENS = (CURATOR, ADMINISTRATOR, EXPIRED, OTHER_APPLICATION, OTHER_MEMBER)

ALSU, ALSU_PHONE = "Лунёва Алсу Ильинична", "+79430000001"
#: Чьим вебхуком работает узел: его сделки — свои и без памяти.
WEBHOOK_USER = 1


def plan_portal() -> PortalServer:
    """Возвращает портал с токенами, без задержек."""
    return PortalServer(PortalOptions(rate=1000, threshold=1000, tokens=TOKENS))


class DirectAsker:
    """Отвечает сам, без очереди: тот же поиск по той же базе."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.asked: list[tuple[str, PlanQuestion]] = []
        self.silent = False

    async def ask(self, branch_id: str, question: PlanQuestion, within: float) -> Mapping[str, Any]:
        """Возвращает ответ филиала."""
        self.asked.append((branch_id, question))
        if self.silent:
            raise NoAnswer(late=True)
        key = application_key(self._world.settings)
        sealed = plan_request_sealer(key).seal(question.as_json())
        lookup = self._world.services.plans(branch_id)
        answer = plan_answer_sealer(key).unseal(await asyncio.to_thread(lookup.lookup_sealed, sealed))
        return {name: value for name, value in answer.items() if name != "nonce"}

    async def close(self) -> None:
        """Закрывать нечего."""


class PlanWorld(World):
    """Мир с приложением портала; у пациента 1 («Лунёва Алсу Ильинична») есть приём и сделка."""

    def __init__(self, folder: Path, redis_url: str, portal: PortalServer, **sections: Any) -> None:
        application = {
            "client_id": CLIENT,
            "member_id": MEMBER,
            "oauth": f"127.0.0.1:{portal.port}",
            "sdk": f"{portal.base_url}api/v1/",
            **sections.pop("application", {}),
        }
        web = {"port": 0, "origins": ["http://127.0.0.1:1"], **sections.pop("web", {})}
        super().__init__(folder, redis_url, portal, application=application, web=web, **sections)

    def deal_for(self, reception_id: int, author: int = WEBHOOK_USER, **fields: object) -> int:
        """Кладёт на портал сделку приёма с контактом пациента, как её создал бы узел; возвращает её номер."""
        names = ("LAST_NAME", "NAME", "SECOND_NAME")
        phones = [{"VALUE": ALSU_PHONE, "VALUE_TYPE": "MOBILE"}]
        contact = {**dict(zip(names, ALSU.split(), strict=True)), "PHONE": phones}
        usual: dict[str, object] = {
            "TITLE": f"{ALSU} - 01.12.2026 10:00",
            "CATEGORY_ID": 1,
            "STAGE_ID": "C1:TREATMENT",
            "UF_CRM_RECEPTION_ID": f"F1_{reception_id}" if reception_id else "",
            "UF_CRM_FILIAL": "Филиал Фучика",
            "CONTACT_IDS": [self._add(3, contact)],
        }
        return self._add(2, {**usual, **fields}, author)

    def visit(self, author: int = WEBHOOK_USER, **fields: object) -> int:
        """Записывает пациента 1 на приём и кладёт сделку; возвращает номер сделки."""
        return self.deal_for(self.book(1), author, **fields)

    def remembered_visit(self) -> int:
        """То же, и узел помнит, что сделка — этого приёма: портал о ней не спросят."""
        reception_id = self.book(1)
        deal = self.deal_for(reception_id)
        self.services.store.links.save(f"F1_{reception_id}", Link("отпечаток", deal), self.clock.now())
        return deal

    def plan(self, lines: int = 2, patient_id: int = 1, **values: object) -> int:
        """Заводит план со строками цены 1 (Лечение кариеса, 5000)."""
        plan_id = self.ident.insert(
            "TreatmentPlans", ID_Patients=patient_id, **{"Name": "Санация", "ID_Staffs": 2, **values}
        )
        for _ in range(lines):
            self.ident.insert("TreatmentPlanElementRelations", ID_TreatmentPlans=plan_id, ID_ServicePrices=1)
        return plan_id

    def namesake(self, card: str = "К-77") -> int:
        """Заводит полную тёзку пациента 1 с тем же телефоном: семья."""
        twin = self.ident.insert(
            "Persons", Surname="ЛУНЕВА", Name="Алсу", Patronymic="Ильинична", MobilePhone=ALSU_PHONE
        )
        self.ident.insert("Patients", ID_Persons=twin, CardNumber=card)
        return twin


def bearer(token: OAuthToken | str) -> dict[str, str]:
    """Возвращает заголовок с токеном."""
    return {"Authorization": f"Bearer {token if isinstance(token, str) else token.token}"}
