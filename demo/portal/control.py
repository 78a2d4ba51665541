"""Управление эмулятором и его осмотр: /emulator/…; в REST не входит и не считается."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.portal import board
from demo.portal.engine import Portal
from demo.portal.entities import Edit
from demo.portal.faults import fault_from_json
from demo.portal.schema import CONTACT, DEAL, LEAD
from demo.portal.state import Row

MANAGER = 5
"""Сотрудник, от чьего имени правит человек на странице."""


class Control:
    """Обработчики управляющих запросов."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def routes(self) -> list[Route]:
        """Возвращает пути управления."""
        return [
            Route("/emulator/state", self.state, methods=["GET", "PUT"]),
            Route("/emulator/stats", self.stats, methods=["GET", "DELETE"]),
            Route("/emulator/faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/emulator/operating", self.operating, methods=["POST"]),
            Route("/emulator/denied", self.denied, methods=["POST"]),
            Route("/emulator/board", self.board),
            Route("/emulator/notifications", self.notifications),
            Route("/emulator/deals/{id:int}", self.deal, methods=["GET", "DELETE"]),
            Route("/emulator/deals/{id:int}/stage", self.stage, methods=["POST"]),
            Route("/emulator/leads", self.lead, methods=["POST"]),
            Route("/emulator/contacts", self.contact, methods=["POST"]),
        ]

    async def state(self, request: Request) -> Response:
        """Отдаёт или заменяет всё состояние."""
        if request.method == "PUT":
            self.portal.state.load(await request.json())
        return JSONResponse(self.portal.state.to_json())

    async def stats(self, request: Request) -> Response:
        """Отдаёт итоги и последние запросы или начинает счёт заново."""
        if request.method == "DELETE":
            self.portal.stats.clear()
        stats = self.portal.stats
        return JSONResponse({**stats.summary(), "recent": stats.recent(50)})

    async def faults(self, request: Request) -> Response:
        """Показывает, заказывает, отменяет поломки."""
        if request.method == "DELETE":
            self.portal.faults.clear()
        if request.method == "POST":
            wanted = await request.json()
            try:
                faults = [fault_from_json(raw) for raw in (wanted if isinstance(wanted, list) else [wanted])]
            except (KeyError, TypeError, ValueError) as wrong:
                return JSONResponse({"error": f"непонятная поломка: {wrong}"}, 400)
            self.portal.faults.add(*faults)
        return JSONResponse(self.portal.faults.listed())

    async def operating(self, request: Request) -> Response:
        """Добавляет секунды к счётчику метода: {"method": …, "seconds": …}."""
        wanted = await request.json()
        for key in self.portal.options.webhooks:
            caller = f"webhook:{key.user_id}:{key.code}"
            self.portal.operating.add(caller, wanted["method"], float(wanted["seconds"]))
        return JSONResponse(True)

    async def denied(self, request: Request) -> Response:
        """Закрывает сущность от пользователя: {"user_id", "type_id", "id", "denied"}."""
        wanted = await request.json()
        rule = [int(wanted["user_id"]), int(wanted["type_id"]), int(wanted["id"])]
        with self.portal.state.changing():
            rules = [known for known in self.portal.state.denied if known != rule]
            self.portal.state.denied[:] = [*rules, rule] if wanted.get("denied", True) else rules
        return JSONResponse(True)

    async def board(self, request: Request) -> Response:
        """Отдаёт доску: всю, если она изменилась с известного странице раза, иначе только счётчики."""
        query = request.query_params
        view = board.View(
            known=int(query.get("since", -1)),
            category=int(query["category"]) if query.get("category") else None,
            filial=query.get("filial", ""),
            words=query.get("q", ""),
        )
        text = await asyncio.to_thread(lambda: json.dumps(board.feed(self.portal, view), ensure_ascii=False))
        return Response(text, media_type="application/json")

    async def notifications(self, request: Request) -> Response:
        """Отдаёт уведомления."""
        with self.portal.state.lock:
            return JSONResponse(list(self.portal.state.notifications))

    async def deal(self, request: Request) -> Response:
        """Отдаёт карточку сделки или удаляет сделку рукой человека."""
        deal_id = request.path_params["id"]
        with self.portal.state.lock:
            if request.method == "DELETE":
                return JSONResponse(self.portal.state.remove(DEAL, deal_id))
            card = board.card(self.portal, deal_id)
        return JSONResponse(card, 200) if card else JSONResponse({"error": "нет такой сделки"}, 404)

    async def stage(self, request: Request) -> Response:
        """Ставит стадию рукой менеджера: {"stage": "C1:TREATMENT"}."""
        wanted = await request.json()
        with self.portal.state.changing():
            deal = self.portal.state.find(DEAL, request.path_params["id"])
            if deal is None:
                return JSONResponse({"error": "нет такой сделки"}, 404)
            changed = self.portal.crm.update(DEAL, deal, Edit({"STAGE_ID": wanted["stage"]}, MANAGER))
        return JSONResponse(changed)

    async def lead(self, request: Request) -> Response:
        """Создаёт лид: поля старыми именами, телефон — "phone"."""
        return JSONResponse(self._created(LEAD, await request.json()))

    async def contact(self, request: Request) -> Response:
        """Создаёт контакт: поля старыми именами, телефон — "phone"."""
        return JSONResponse(self._created(CONTACT, await request.json()))

    def _created(self, type_id: int, wanted: dict[str, Any]) -> Row:
        phone = wanted.pop("phone", None)
        fields = {**wanted, "PHONE": [{"VALUE": phone, "VALUE_TYPE": "MOBILE"}]} if phone else wanted
        with self.portal.state.changing():
            return self.portal.crm.add(type_id, Edit(fields, MANAGER))
