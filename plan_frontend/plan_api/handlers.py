"""Обработчики запросов вкладки."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from plan_frontend.asking import NoAnswer
from plan_frontend.plan_api.lookup import PlanLookup, UnknownBranch
from plan_frontend.plan_api.openapi import description
from plan_frontend.plan_api.parameters import BadParameter, PlanParameters, read_parameters, read_token
from plan_frontend.plan_api.replies import failure, refused, success
from plan_frontend.portal_auth import Pass
from services.domain.admission import AdmissionRefused, AdmissionUnavailable, Refusal
from services.domain.errors import StoreError
from services.journal.summing import SummedRefusals

if TYPE_CHECKING:
    from services.ports import Journal

NOT_FOUND = "План лечения не найден для данного пациента"
LATE = "Ident не ответил вовремя: сервер занят или служба филиала не работает. Нажмите «Обновить»."
SILENT = "Служба интеграции сейчас не может спросить Ident: нажмите «Обновить» через минуту."
ELSEWHERE = "Эта служба не ведёт филиал сделки: сверьте адреса служб в настройках приложения."


#: Отказы тому, чьего имени портал не назвал.
NAMELESS = frozenset(
    {
        Refusal.NO_TOKEN,
        Refusal.BAD_TOKEN,
        Refusal.EXPIRED_TOKEN,
        Refusal.FOREIGN_APPLICATION,
        Refusal.TOO_MANY_FAILURES,
        Refusal.TOO_OFTEN,
    }
)


class PlanHandlers:
    """Запросы вкладки; в журнале нет людей, только номера, а отказы незнакомцам сложены."""

    def __init__(self, lookup: PlanLookup, security: "Journal") -> None:
        self._lookup, self._security = lookup, security
        self._refusals = SummedRefusals(security)

    async def plans(self, request: Request) -> Response:
        """Отвечает, какие планы у пациента сделки, и показывает последний."""
        return await self._guarded(request, None)

    async def plan(self, request: Request) -> Response:
        return await self._guarded(request, request.path_params["plan_id"])

    async def health(self, request: Request) -> Response:
        return success({"status": "ok"})

    async def openapi(self, request: Request) -> Response:
        return success(description())

    async def _guarded(self, request: Request, plan_id: str | None) -> Response:
        """Переводит отказы и сбои в ответы; отказы идут в журнал безопасности (СПЕЦ 3.4.3)."""
        address = request.client.host if request.client else ""
        try:
            return await self._shown(request, plan_id, address)
        except BadParameter as wrong:
            return failure(400, "bad_parameter", f"Параметр {wrong.name}: {wrong.expected}.")
        except AdmissionRefused as denied:
            self._note(denied.refusal, address, request.query_params.get("deal", ""))
            return refused(denied.refusal, denied.retry_after)
        except AdmissionUnavailable as trouble:
            return failure(503, "portal_unavailable", trouble.message)
        except UnknownBranch:
            return failure(409, "unknown_branch", ELSEWHERE)
        except StoreError:
            return failure(503, "no_answer", SILENT)
        except NoAnswer as silence:
            return failure(504, "late", LATE) if silence.late else failure(503, "no_answer", SILENT)

    async def _shown(self, request: Request, plan_id: str | None, address: str) -> Response:
        token = self._token(request)
        asked = read_parameters(request.query_params.multi_items(), plan_id)
        admitted = await self._lookup.admit(token, asked, address)
        answer = await self._lookup.answer(admitted.deal, asked)
        if answer["found"] == "foreign":
            raise AdmissionRefused(Refusal.FOREIGN_KEY)
        self._security.info(
            "plan_viewed",
            user=admitted.user_id,
            deal=admitted.deal.deal_id,
            reception=admitted.deal.reception_uid,
            patient=(answer.get("patient") or {}).get("patient"),
            found=answer["found"],
            address=address,
        )
        return self._reply(answer, admitted, asked)

    def _token(self, request: Request) -> str:
        given = request.headers.get("authorization")
        token = read_token(given)
        if token is None:
            raise AdmissionRefused(Refusal.BAD_TOKEN if given else Refusal.NO_TOKEN)
        return token

    def _note(self, refusal: Refusal, address: str, deal: str) -> None:
        """Записывает отказ; сделку незнакомца не называет: её номер выдумать недолго."""
        if refusal in NAMELESS:
            self._refusals.refused("plan_refused", address, reason=refusal)
        else:
            named = deal if deal.isascii() and deal.isdigit() and len(deal) < 12 else ""
            self._security.warning("plan_refused", reason=refusal, address=address, deal=named)

    def _reply(self, answer: Mapping[str, Any], admitted: Pass, asked: PlanParameters) -> Response:
        match answer["found"]:
            case "failure":
                return failure(503, "database_unavailable", f"{answer['message']}. Нажмите «Обновить».")
            case "stranger":
                fields = {"user": admitted.user_id, "deal": asked.deal_id, "plan": asked.plan_id}
                self._security.warning("plan_of_stranger", **fields)
                return failure(404, "plan_not_found", NOT_FOUND)
            case "nothing" if asked.plan_id is not None:
                return failure(404, "plan_not_found", NOT_FOUND)
            case "nothing":
                return success({**answer, "message": NOT_FOUND})
            case _:
                return success(answer)
