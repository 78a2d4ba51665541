"""Основа моделей настроек: раздел, пределы чисел и сроков, адреса этого компьютера."""

import re
import types
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

LOOPBACK = r"(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])"
LOCAL_HOST = re.compile(rf"{LOOPBACK}(?::\d+)?")
#: Ключ обстановки проверки: портал на этом компьютере, то есть демонстрация или проверка.
DEMONSTRATION = "demonstration"
NUMBERS = frozenset({int, float, timedelta})


class Section(BaseModel):
    """Раздел настроек: неизменный, лишние ключи — ошибка, значения ошибок не печатаются."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)
    #: Ключи прежних версий: файл с ними годен, но больше они ничего не значат (СПЕЦ 3.5.2.3).
    retired: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _drop_retired(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        return {name: value for name, value in raw.items() if name not in cls.retired}

    @field_validator("*", mode="before")
    @classmethod
    def _flag_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        """Отказывает true на месте числа: иначе оно значило бы единицу."""
        flags = any(isinstance(item, bool) for item in (value if isinstance(value, list) else [value]))
        if flags and NUMBERS.intersection(leaves(cls.model_fields[str(info.field_name)].annotation)):
            raise ValueError("ожидается число, а не true или false")
        return value


def leaves(annotation: object) -> list[Any]:
    """Возвращает простые виды, из которых составлено поле."""
    inner = get_args(annotation)
    return [leaf for part in inner for leaf in leaves(part)] if inner else [annotation]


def sections(annotation: object) -> "list[type[Section]]":
    """Возвращает разделы, из которых составлено поле; само оно не раздел — пусто."""
    return [leaf for leaf in leaves(annotation) if isinstance(leaf, type) and issubclass(leaf, Section)]


def core(annotation: Any) -> Any:
    """Снимает с вида поля обёртки: проверки и «может не быть»."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return core(inner[0])
    if origin in (Union, types.UnionType):
        return next((core(item) for item in inner if item is not type(None)), annotation)
    return annotation


@dataclass(frozen=True, slots=True)
class Between:
    """Пределы числа или срока (секунды) и почему они такие; ``demo`` — нижний для демонстрации.

    Портал демонстрации и проверок стоит на этом же компьютере и отвечает за доли секунды: там годятся сроки,
    с которыми на настоящем портале появились бы двойники.
    """

    ge: float
    le: float
    why: str
    demo: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Добавляет к проверке вида проверку пределов."""
        return core_schema.with_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        size, unit = (value.total_seconds(), " с") if isinstance(value, timedelta) else (value, "")
        relaxed = self.demo is not None and (info.context or {}).get(DEMONSTRATION)
        least = self.demo if relaxed and self.demo is not None else self.ge
        if size < least:
            raise ValueError(f"ожидается не меньше {least:.10g}{unit}: {self.why}")
        if size > self.le:
            raise ValueError(f"ожидается не больше {self.le:.10g}{unit}")
        return value


def matching(pattern: str, expected: str) -> AfterValidator:
    """Возвращает проверку: строка целиком подходит образцу; ``expected`` — чего ждут, словами."""
    whole = re.compile(pattern)

    def checked(value: str) -> str:
        if not whole.fullmatch(value):
            raise ValueError(f"ожидается {expected}")
        return value

    return AfterValidator(checked)


def refuse_strangers(name: str, values: Iterable[str], known: Iterable[str]) -> None:
    """Отказывает незнакомым именам и называет знакомые."""
    if strangers := sorted(set(values) - set(known)):
        raise ValueError(f"{name}: нет полей {', '.join(strangers)}; есть {', '.join(sorted(known))}")


def refuse_twins(values: list[str], complaint: str) -> None:
    """Отказывает повтору; ``complaint`` получает номер второго из двух (с единицы) и само значение."""
    for number, value in enumerate(values, start=1):
        if value in values[: number - 1]:
            raise ValueError(complaint.format(number, value))


def _certificates(file: Path) -> Path:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except FileNotFoundError:
        raise ValueError("такого файла нет") from None
    except OSError:
        raise ValueError("файл не читается или сертификатов в нём нет: ожидается PEM") from None
    return file


#: Файл корневых сертификатов: есть и читается уже при чтении настроек, а не при первом запросе.
CertificateFile = Annotated[Path, AfterValidator(_certificates)]
