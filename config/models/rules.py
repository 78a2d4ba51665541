"""Правила, которые можно менять без кода."""

import re
from datetime import timedelta, timezone
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from config.models.base import Section, refuse_strangers
from services.domain.mapping import DEFAULT_FIELDS, DEFAULT_IMMUTABLE
from services.domain.validation import REQUIRED

OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


def _offset(value: str) -> str:
    if not OFFSET.fullmatch(value):
        raise ValueError('ожидается смещение вида "+03:00" (Москва и Казань), а не имя пояса')
    if int(value[1:3]) > 14 or int(value[4:]) > 59:
        raise ValueError('такого пояса нет: ожидается смещение от "-12:00" до "+14:00"')
    return value


class RuleSettings(Section):
    """Правила, которые можно менять без кода (постановления 1, 4, 6)."""

    utc_offset: Annotated[str, AfterValidator(_offset)] = "+03:00"
    cancel_moves_manual_stage: bool = False
    contact_matching: Literal["phone", "phone_and_name"] = "phone"
    deleted_receptions: Literal["report", "cancel"] = "report"
    immutable_fields: tuple[str, ...] = DEFAULT_IMMUTABLE
    required_fields: tuple[str, ...] = tuple(REQUIRED)

    @model_validator(mode="after")
    def _fields_are_known(self) -> Self:
        refuse_strangers("immutable_fields", self.immutable_fields, DEFAULT_FIELDS)
        refuse_strangers("required_fields", self.required_fields, REQUIRED)
        return self

    @property
    def zone(self) -> timezone:
        """Возвращает часовой пояс базы Ident."""
        match = OFFSET.fullmatch(self.utc_offset)
        assert match is not None
        shift = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-shift if match[1] == "-" else shift)
