"""Сколько журналу можно писать: всё, только важное или ничего (ТЗ 7.1.4 № 5, СПЕЦ 3.2.2)."""

import logging
from dataclasses import dataclass
from enum import StrEnum

DISK_FULL = 0.99
#: Доля суточного предела, отложенная событиям названных людей и тревогам.
RESERVE_SHARE = 0.25


class Mode(StrEnum):
    """Полнота журнала."""

    FULL = "full"
    IMPORTANT = "important"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Space:
    """Место: доля занятого диска и сколько байтов уже в файле этих суток."""

    disk_used: float
    written: int


def mode_for(space: Space, day_limit: int) -> Mode:
    """Решает о полноте: диск занят на 99 % или суточный предел исчерпан — только предупреждения и ошибки.

    Сто предупреждений в секунду забьют и диск, на котором осталось место: за двумя пределами — тишина.
    События названных людей и тревоги пишутся и тогда: из запаса, равного четверти предела.
    """
    if space.written >= 2 * day_limit:
        return Mode.SILENT
    if space.disk_used >= DISK_FULL or space.written >= day_limit:
        return Mode.IMPORTANT
    return Mode.FULL


def admits(mode: Mode, level: int) -> bool:
    return mode is Mode.FULL or (mode is Mode.IMPORTANT and level >= logging.WARNING)


def explained(mode: Mode, space: Space) -> str:
    if mode is Mode.FULL:
        return "журнал снова пишется целиком"
    if space.disk_used >= DISK_FULL:
        return (
            f"диск занят на {space.disk_used:.0%}: пишутся только предупреждения и ошибки, освободите место"
        )
    rest = (
        "до полуночи пишутся только распоряжения, просмотры планов и тревоги"
        if mode is Mode.SILENT
        else "пишутся только предупреждения и ошибки"
    )
    return f"журнал этих суток достиг предела {space.written // 2**20} МБ: {rest}"
