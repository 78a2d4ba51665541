"""Портал: вебхук и пределы, повторы после сбоев."""

import re
from datetime import timedelta
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from config.models.base import LOOPBACK, Between, CertificateFile, Section
from services.domain.errors import Family
from services.domain.mapping import FieldTable
from services.domain.retries import SCHEDULES
from services.domain.stages import Stage, StageTable

WEBHOOK = re.compile(rf"(?:https://[^\s/?#@]+|http://{LOOPBACK}(?::\d+)?)/rest/\d+/[^\s/?#]+/?")


def webhook_user(address: str) -> int | None:
    """Возвращает номер сотрудника, чьими правами работает вебхук; не вебхук — None."""
    match = re.search(r"/rest/(\d+)/", address)
    return int(match[1]) if match else None


def _webhook(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if re.search(r"\s", text):
        raise ValueError(
            "в адресе пробел или перенос строки: впишите его одной строкой, как его показал портал"
        )
    if not WEBHOOK.fullmatch(text):
        raise ValueError("ожидается https://портал/rest/номер/код/; http годится только для этого компьютера")
    return value


class PortalSettings(Section):
    """Портал Bitrix24 и его пределы."""

    webhook: Annotated[SecretStr, AfterValidator(_webhook)]
    requests_per_second: Annotated[float, Between(0.1, 50, "реже очередь растёт быстрее, чем уходит")] = 2.0
    burst: int = Field(default=2, ge=1, le=50)
    batch_size: int = Field(default=50, ge=1, le=50)
    connect_timeout: Annotated[
        float, Between(1, 60, "за доли секунды не соединиться и с исправным порталом")
    ] = 5.0
    read_timeout: Annotated[
        float, Between(61, 600, "портал выполняет запрос до минуты, раньше исход создания неясен", demo=1)
    ] = 65.0
    ca_file: CertificateFile | None = None
    uncertainty: Annotated[
        timedelta,
        Between(60, 900, "портал доделывает потерянный запрос до минуты, раньше возможен двойник", demo=0.1),
    ] = timedelta(seconds=65)
    operating_limit: Annotated[
        float, Between(60, 480, "с меньшим пределом метод отдыхает почти всё время")
    ] = 480.0
    category_id: int = Field(default=1, ge=0)
    assigned_by_id: int | None = Field(default=None, ge=1)
    contact_source_id: str | None = Field(default=None, min_length=1)
    former_webhook_users: tuple[Annotated[int, Field(ge=1)], ...] = ()
    stages: dict[Stage, str] = Field(default_factory=dict)
    fields: dict[str, str] = Field(default_factory=dict)

    retired: ClassVar[frozenset[str]] = frozenset({"linger"})

    @property
    def origin(self) -> str:
        """Возвращает адрес портала без пути и секрета: https://имя."""
        return "/".join(self.webhook.get_secret_value().split("/")[:3])

    @property
    def webhook_users(self) -> frozenset[int]:
        """Возвращает, от чьего имени создавал сделки наш вебхук: нынешний владелец и прежние."""
        own = webhook_user(self.webhook.get_secret_value())
        return frozenset(self.former_webhook_users) | ({own} if own is not None else set())

    @property
    def stage_table(self) -> StageTable:
        """Возвращает таблицу стадий: по умолчанию — из МАП 2.5.1."""
        return StageTable.build(self.category_id, self.stages)

    @property
    def field_table(self) -> FieldTable:
        """Возвращает таблицу имён полей сделки: по умолчанию — из МАП 2.2."""
        return FieldTable.build(self.fields)

    @model_validator(mode="after")
    def _tables_are_sound(self) -> Self:
        _ = self.stage_table, self.field_table
        return self


STEP = Between(1, 900, "чаще раза в секунду неисправную связь не пробуют")
Steps = Annotated[tuple[Annotated[timedelta, STEP], ...], Field(min_length=1)]


class RetrySettings(Section):
    """Расписания повторов по семействам сбоев, секунды (СПЕЦ 3.3.2).

    ``breaker`` — сколько молчит отправка, когда портал лежит. После последней ступени база и портал
    пробуются раз в цикл выборки.
    """

    network: Steps = SCHEDULES[Family.NETWORK]
    api: Steps = SCHEDULES[Family.API]
    database: Steps = SCHEDULES[Family.DATABASE]
    breaker: Steps = (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=1))

    retired: ClassVar[frozenset[str]] = frozenset({"store"})

    @property
    def schedules(self) -> dict[Family, tuple[timedelta, ...]]:
        own = {Family.NETWORK: self.network, Family.API: self.api, Family.DATABASE: self.database}
        return {**SCHEDULES, **own}
