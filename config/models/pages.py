"""Страницы узла: наблюдение, Flower, ответы вкладке «План лечения» и приложение портала."""

import re
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from config.models.base import LOCAL_HOST, LOOPBACK, Between, Section, matching

ORIGIN = re.compile(rf"https://[A-Za-z0-9.-]+(?::\d+)?|http://{LOOPBACK}(?::\d+)?")
#: Серверы авторизации Bitrix24: другому токен сотрудника не показывают.
OAUTH_HOSTS = ("oauth.bitrix24.tech", "oauth.bitrix.info")
SDK_HOSTS = ("api.bitrix24.com", "api.bitrix24.tech")
SDK = re.compile(
    rf"(?:https://(?:{'|'.join(map(re.escape, SDK_HOSTS))})|http://{LOOPBACK}(?::\d+)?)/[A-Za-z0-9._/-]*"
)


class MonitorSettings(Section):
    """Страница наблюдения; слышна только этому компьютеру (ТЗ 4.4.4)."""

    enabled: bool = True
    port: int = Field(default=8025, ge=0, le=65535)
    password: SecretStr | None = None


class FlowerSettings(Section):
    """Flower: страница задач Celery; слышна только этому компьютеру, вход по паролю."""

    port: int = Field(default=5555, ge=1, le=65535)
    max_tasks: int = Field(default=1000, ge=100, le=100_000)


def _origin(value: str) -> str:
    if not ORIGIN.fullmatch(value):
        raise ValueError("ожидается https://имя или https://имя:порт (http — только для этого компьютера)")
    return value


Origin = Annotated[str, AfterValidator(_origin)]


class WebSettings(Section):
    """Страницы узла: ответы вкладке «План лечения»; по умолчанию слышны только этому компьютеру."""

    enabled: bool = True
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8443, ge=0, le=65535)
    certificate: Path | None = None
    private_key: Path | None = None
    origins: tuple[Origin, ...] = ()
    proxies: tuple[IPv4Address | IPv6Address, ...] = ()
    deadline: Annotated[timedelta, Between(1, 30, "быстрее база Ident не отвечает")] = timedelta(seconds=10)

    @model_validator(mode="after")
    def _network_needs_tls(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate и private_key указывают вместе")
        if self.certificate is None and not LOCAL_HOST.fullmatch(self.host):
            raise ValueError(
                "чтобы слушать сеть, нужны certificate и private_key: данные идут только по https"
            )
        return self


def _oauth(value: str) -> str:
    if value not in OAUTH_HOSTS and not LOCAL_HOST.fullmatch(value):
        raise ValueError(f"ожидается {' или '.join(OAUTH_HOSTS)}")
    return value


def _sdk(value: str) -> str:
    if not SDK.fullmatch(value):
        raise ValueError(f"ожидается адрес на {' или '.join(SDK_HOSTS)}")
    return value


Code = Annotated[
    str, matching(r"[A-Za-z0-9._-]{3,100}", "код из латинских букв, цифр, «.», «_» и «-», от 3 знаков")
]


class ApplicationSettings(Section):
    """Локальное приложение портала: чьи токены принимать и где страница спрашивает планы."""

    client_id: Code
    member_id: Code
    oauth: Annotated[str, AfterValidator(_oauth)] = OAUTH_HOSTS[0]
    sdk: Annotated[str, AfterValidator(_sdk)] = f"https://{SDK_HOSTS[0]}/api/v1/"
    shim: Origin | None = None
    shims: dict[str, Origin] = Field(default_factory=dict)
    plans_by_name: Literal["phone", "off"] = "phone"
    plans_per_day: int = Field(default=300, ge=1, le=100_000)

    @property
    def oauth_url(self) -> str:
        return f"{'https' if self.oauth in OAUTH_HOSTS else 'http'}://{self.oauth}/"
