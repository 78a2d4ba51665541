"""Настройки эмулятора."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ALL_SCOPES = ("crm", "im", "placement", "user", "user_brief", "user_basic")


@dataclass(frozen=True)
class WebhookKey:
    """Входящий вебхук: владелец, код, права."""

    user_id: int = 1
    code: str = field(default="demo0webhook0code", repr=False)
    scopes: tuple[str, ...] = ("crm", "im", "user_brief")


@dataclass(frozen=True)
class OAuthToken:
    """Токен пользователя, выданный локальному приложению."""

    token: str = field(repr=False)
    user_id: int = 1
    client_id: str = "local.demo"
    member_id: str = "demo-member"
    scopes: tuple[str, ...] = ("crm", "placement", "user_brief")
    expired: bool = False


@dataclass(frozen=True)
class PortalOptions:
    """Поведение портала: задержки, ограничения, доступ, режим CRM.

    ``latency_ms`` — на запрос; ``read_ms`` и ``write_ms`` — на команду; ``operating_factor`` умножает
    учтённое время команды (чтобы быстро дойти до OPERATION_TIME_LIMIT); ``cut_after_s`` — предел облака
    на один запрос; ``empty`` — портал без воронки и полей; ``persist`` — файл, где портал переживает запуск.
    """

    latency_ms: float = 0.0
    read_ms: float = 0.0
    write_ms: float = 0.0
    rate: float = 2.0
    threshold: float = 50.0
    count_refused: bool = False
    operating_limit: float = 480.0
    operating_factor: float = 1.0
    cut_after_s: float = 60.0
    webhooks: tuple[WebhookKey, ...] = (WebhookKey(),)
    tokens: tuple[OAuthToken, ...] = ()
    wrong_code_error: str = "INVALID_CREDENTIALS"
    simple_crm: bool = False
    empty: bool = False
    persist: Path | None = None
    plan_app_url: str | None = None
    utc_offset_hours: int = 3
    max_parallel: int = 96
