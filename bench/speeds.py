"""Чтение итогов скорости: кто сколько секунд занял, где граница и кто не ошибся."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.contenders import OURS

USUAL, LOST, CLINIC = "обычная", "3 ответа создания потеряны", "вид клиники"
LOSSY, FAR = "200 мс, 1 % обрывов", "Redis за 12 мс"
PORTAL = "портал, с"
FLOOR, CLEAN = "граница", "нет"
#: Слова вреда, которого не исправить повтором.
SPOILS = ("удвоено", "чужих")
#: Во столько раз 200 приёмов дольше пятидесяти у того, кто зовёт по одному.
FROM_50_TO_200 = 4.0

Results = Mapping[str, Mapping[str, Any]]
Row = Mapping[str, Any]


def rows(results: Results) -> Sequence[Row]:
    """Возвращает строки скорости: и обычные, и долгие."""
    names = ("throughput", "throughput-slow")
    return [row for name in names if name in results for row in results[name]["rows"]]


def found(results: Results, who: str, size: int, work: str, network: str = USUAL) -> Row | None:
    """Возвращает строку участника."""
    return next(
        (
            row
            for row in rows(results)
            if (row["клиент"], row["N"], row["работа"], row["связь"]) == (who, size, work, network)
        ),
        None,
    )


def seconds(results: Results, who: str, size: int, work: str) -> float | None:
    """Возвращает секунды участника."""
    row = found(results, who, size, work)
    return None if row is None else float(row["секунд"])


def names(results: Results) -> list[str]:
    """Возвращает участников по порядку: сначала интеграция, граница — отдельно."""
    return [name for name in dict.fromkeys(row["клиент"] for row in rows(results)) if name != FLOOR]


def foreseen(results: Results) -> Iterator[tuple[str, str, float, float]]:
    """Возвращает участников, которых при N = 200 не ждали: имя, работа, секунды при 50 и расчёт для 200."""
    for who in names(results):
        for work in ("новые", "изменённые"):
            at_50, at_200 = seconds(results, who, 50, work), seconds(results, who, 200, work)
            if at_50 is not None and at_200 is None:
                yield who, work, at_50, at_50 * FROM_50_TO_200


def fastest_correct(results: Results, work: str, size: int = 200) -> float | None:
    """Возвращает секунды самого быстрого из тех, кто ничего не испортил и при потерянных ответах.

    Удвоивший или привязавший к чужому в счёт не идёт; сдавшийся идёт: испорченного за ним нет.
    """
    spoilt = {
        row["клиент"]
        for row in rows(results)
        if row["связь"] in (USUAL, LOST) and any(word in str(row.get("вред")) for word in SPOILS)
    }
    known = {who: seconds(results, who, size, work) for who in names(results) if who not in {OURS, *spoilt}}
    known |= {
        who: at_200
        for who, its_work, _, at_200 in foreseen(results)
        if its_work == work and size == 200 and who not in spoilt
    }
    return min((value for value in known.values() if value is not None), default=None)
