"""Уведомления администратору."""

import re
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from config.models.base import LOOPBACK, Between, CertificateFile, Section, matching
from services.domain.alarms import Limits

Mailbox = Annotated[str, matching(r"[^@\s<>,;]+@[^@\s<>,;]+", "адрес почты: имя@сервер.ru")]
DAY = 86_400


class EmailSettings(Section):
    """Почта для уведомлений."""

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    login: str | None = None
    password: SecretStr | None = None
    sender: Mailbox
    to: tuple[Mailbox, ...] = Field(min_length=1)
    ca_file: CertificateFile | None = None

    @model_validator(mode="after")
    def _network_needs_tls(self) -> Self:
        if self.security == "none" and not re.fullmatch(LOOPBACK, self.host):
            raise ValueError('security = "none" годится только для почтового сервера на этом компьютере')
        return self


def _address(value: SecretStr) -> SecretStr:
    if not re.fullmatch(rf"https://[^\s/]+/\S*|http://{LOOPBACK}(?::\d+)?/\S*", value.get_secret_value()):
        raise ValueError("ожидается адрес проверки вида https://hc-ping.com/номер")
    return value


class AlertSettings(Section):
    """Уведомления администратору и их пороги (СПЕЦ 2.6.4)."""

    email: EmailSettings | None = None
    bitrix_users: tuple[Annotated[int, Field(ge=1)], ...] = ()
    apprise: tuple[SecretStr, ...] = ()
    heartbeat: Annotated[SecretStr, AfterValidator(_address)] | None = None
    daily_summary: Annotated[str, matching(r"(?:[01]\d|2[0-3]):[0-5]\d", "время вида 09:00")] | None = None
    rejected_per_hour: int = Field(default=10, ge=1)
    no_branch: int = Field(default=5, ge=1)
    silence: Annotated[timedelta, Between(5 * 60, DAY, "чаще тревога была бы ложной")] = timedelta(minutes=30)
    ident_lost: Annotated[timedelta, Between(60, DAY, "короткий обрыв проходит сам")] = timedelta(minutes=3)

    retired: ClassVar[frozenset[str]] = frozenset({"error_share", "errors_per_hour"})

    def limits(self, interval: timedelta) -> Limits:
        """Возвращает пороги тревог; молчание филиала короче двух выборок — не молчание."""
        return Limits(
            rejected_per_hour=self.rejected_per_hour,
            no_branch=self.no_branch,
            silence=max(self.silence, 2 * interval),
            ident_lost=self.ident_lost,
        )
