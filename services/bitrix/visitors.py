"""Проверка спрашивающего: токен сотрудника → его приложение и сделка, которую он вправе видеть.

Адреса берутся только из настроек: ни DOMAIN, ни SERVER_ENDPOINT из запроса узла не выбирают. Вебхук здесь
не участвует: сделку читает сам сотрудник своим токеном.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.bitrix.encoding import query
from services.bitrix.limiter import LONGEST_DEBT, RateLimiter
from services.bitrix.responses import as_map
from services.bitrix.transport import HttpTransport, Reply, Transport
from services.domain.admission import (
    AdmissionRefused,
    AdmissionUnavailable,
    Refusal,
    TokenOwner,
    VisitedDeal,
)
from services.domain.errors import SyncError

if TYPE_CHECKING:
    from requests import Session

    from config.models import ApplicationSettings, PortalSettings

DEAL_TYPE = 2
CONNECT_SECONDS, READ_SECONDS = 3.0, 6.0
EXPIRED = frozenset({"EXPIRED_TOKEN"})
UNKNOWN = frozenset({"NO_AUTH_FOUND", "INVALID_TOKEN", "INVALID_CREDENTIALS", "WRONG_AUTH_TYPE"})
HIDDEN = frozenset({"NOT_FOUND", "ACCESS_DENIED", "ACCESS DENIED", ""})


class OAuthTransport(HttpTransport):
    """Запросы к серверу авторизации: он понимает параметры в адресе (так его спрашивает официальный SDK)."""

    def _send(self, session: "Session", method: str, body: Mapping[str, object]) -> Any:
        address = f"{self._base}{method}/"
        params = {name: str(value) for name, value in body.items()}
        return session.get(address, params=params, timeout=self._timeouts, allow_redirects=False, stream=True)


class PortalVisitors:
    """Проверка на закреплённых портале и сервере авторизации."""

    def __init__(
        self, portal: Transport, oauth: Transport, limiter: RateLimiter, fields: Mapping[str, str]
    ) -> None:
        self._portal, self._oauth, self._limiter, self._fields = portal, oauth, limiter, fields

    def owner(self, token: str) -> TokenOwner:
        """Спрашивает сервер авторизации, чей это токен; неизвестный или истёкший — AdmissionRefused."""
        result = as_map(_result(_post(self._oauth, "app.info", {"auth": token})))
        install = as_map(result.get("install"))
        return TokenOwner(
            client_id=str(result.get("client_id") or ""),
            member_id=str(install.get("member_id") or ""),
            user_id=_number(result.get("user_id")),
        )

    def deal(self, token: str, deal_id: int) -> tuple[int, VisitedDeal]:
        """Читает сделку и её контакт токеном сотрудника; возвращает его номер на портале и сделку."""
        # Человек ждёт: он проходит без очереди, но запрос занимает место в общем пределе портала.
        if self._limiter.reserve() > LONGEST_DEBT:
            raise AdmissionUnavailable("портал перегружен обменом: повторите через минуту")
        commands = self._commands(deal_id)
        reply = _post(self._portal, "batch", {"halt": 0, "cmd": commands, "auth": token})
        answer = as_map(_result(reply))
        found, errors = as_map(answer.get("result")), as_map(answer.get("result_error"))
        for name in ("user", "deal"):
            if name in errors:
                raise _refused(as_map(errors[name]))
        user_id = _number(as_map(found.get("user")).get("ID"))
        row = as_map(as_map(found.get("deal")).get("item"))
        if not user_id or _number(row.get("id")) != deal_id:
            raise AdmissionUnavailable("портал ответил не о той сделке: обновите страницу")
        contact = as_map(found.get("contact"))
        own = contact if _number(contact.get("ID")) == _number(row.get("contactId")) else {}
        return user_id, self._deal(row, own)

    def close(self) -> None:
        self._portal.close()
        self._oauth.close()

    def _commands(self, deal_id: int) -> dict[str, str]:
        deal = {"entityTypeId": DEAL_TYPE, "id": deal_id, "useOriginalUfNames": "Y"}
        return {
            "user": "profile",
            "deal": f"crm.item.get?{query(deal)}",
            "contact": "crm.contact.get?id=$result[deal][item][contactId]",
        }

    def _deal(self, row: Mapping[str, Any], contact: Mapping[str, Any]) -> VisitedDeal:
        names = (str(contact.get(part) or "").strip() for part in ("LAST_NAME", "NAME", "SECOND_NAME"))
        told = contact.get("PHONE")
        phones = told if isinstance(told, list) else []
        return VisitedDeal(
            deal_id=_number(row.get("id")),
            reception_uid=str(row.get(self._fields["reception_id"]) or ""),
            filial=str(row.get(self._fields["filial"]) or ""),
            contact_name=" ".join(name for name in names if name),
            title=str(row.get("title") or ""),
            category_id=_number(row.get("categoryId")),
            created_by=_number(row.get("createdBy")) or None,
            phones=tuple(str(as_map(each).get("VALUE") or "") for each in phones)
            if isinstance(phones, list)
            else (),
        )


def _post(transport: Transport, method: str, body: Mapping[str, object]) -> Reply:
    try:
        return transport.post(method, body)
    except SyncError:
        raise AdmissionUnavailable("портал не отвечает: проверьте связь и повторите") from None


def _result(reply: Reply) -> object:
    body = reply.body
    if not isinstance(body, dict) or ("error" not in body and "result" not in body):
        raise AdmissionUnavailable("портал ответил непонятно: повторите через минуту")
    if "error" in body:
        raise _refused(body)
    return body["result"]


def _refused(failure: Mapping[str, Any]) -> Exception:
    """Возвращает отказ по коду портала; незнакомый код — не пускать, но и не обвинять."""
    code = str(failure.get("error", "")).upper()
    if code in EXPIRED:
        return AdmissionRefused(Refusal.EXPIRED_TOKEN)
    if code in UNKNOWN:
        return AdmissionRefused(Refusal.BAD_TOKEN)
    if code in HIDDEN:
        return AdmissionRefused(Refusal.FOREIGN_DEAL)
    return AdmissionUnavailable("портал отказал в проверке: повторите через минуту")


def _number(value: object) -> int:
    text = str(value if value is not None else "")
    return int(text) if text.isascii() and text.isdigit() else 0


def open_visitors(
    portal: "PortalSettings", application: "ApplicationSettings", limiter: RateLimiter
) -> PortalVisitors:
    return PortalVisitors(
        HttpTransport(f"{portal.origin}/rest/", CONNECT_SECONDS, READ_SECONDS, portal.ca_file),
        OAuthTransport(f"{application.oauth_url}rest/", CONNECT_SECONDS, READ_SECONDS),
        limiter,
        portal.field_table.names,
    )
