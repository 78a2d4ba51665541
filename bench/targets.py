"""Цели по скорости и весу: что обязано быть, чего хотелось бы и что вышло."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.contenders import OURS
from bench.speeds import CLEAN, CLINIC, FAR, LOSSY, LOST, PORTAL, USUAL, fastest_correct, found, seconds

#: Секунды портала на новый приём, когда телефоны спрашивались по одному: три поиска и две записи.
BEFORE = 0.205

Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """Цель: больше ``must`` нельзя (при ``more`` — меньше нельзя); None — такой границы нет."""

    what: str
    must: float | None
    aim: float | None
    unit: str
    measure: Callable[[Results], float | None]
    more: bool = False

    @property
    def must_words(self) -> str:
        """Возвращает обязательное словами."""
        return "" if self.must is None else self._words(self.must)

    @property
    def aim_words(self) -> str:
        """Возвращает желаемое словами."""
        return "" if self.aim is None else self._words(self.aim)

    def meets(self, value: float, bound: float | None) -> bool:
        """Отвечает, достигнута ли граница."""
        return bound is None or (value >= bound if self.more else value <= bound)

    def _words(self, bound: float) -> str:
        return f"{'≥' if self.more else '≤'} {bound:g} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Итог цели: что измерено, выполнено ли обязательное и желаемое."""

    measured: str
    known: bool
    holds: bool
    reached: bool

    @property
    def words(self) -> str:
        """Возвращает итог словами."""
        if not self.known:
            return "не измерено"
        if not self.holds:
            return "**не выполнено**"
        return "выполнено" if self.reached else "до желаемого не дошло"


def verdict_of(target: Target, results: Results) -> Verdict:
    """Судит цель по итогам."""
    value = target.measure(results)
    if value is None:
        return Verdict("—", False, False, False)
    # Числа — с тремя значащими цифрами: «0,142» и «13,4».
    said = f"{value:.3g} {target.unit}".rstrip()
    holds = target.meets(value, target.must)
    return Verdict(said, True, holds, holds and target.meets(value, target.aim))


def _taken(work: str, size: int = 200, network: str = USUAL) -> Callable[[Results], float | None]:
    """Возвращает меру секунд интеграции."""

    def measure(results: Results) -> float | None:
        row = found(results, OURS, size, work, network)
        return None if row is None else float(row["секунд"])

    return measure


def _ratio(own: Callable[[Results], float | None], other: Callable[[Results], float | None]) -> Any:
    def measure(results: Results) -> float | None:
        first, second = own(results), other(results)
        return None if first is None or not second else first / second

    return measure


def _fast(results: Results) -> float | None:
    """Возвращает секунды fast_bitrix24 на тысяче новых: запас частоты кончился, и темп у обоих один."""
    return seconds(results, "fast_bitrix24", 1000, "новые")


def _each(column: str) -> Callable[[Results], float | None]:
    """Возвращает меру на один новый приём при N = 1000."""

    def measure(results: Results) -> float | None:
        row = found(results, OURS, 1000, "новые")
        return None if row is None or column not in row else row[column] / row["N"]

    return measure


def _worked(results: Results) -> float | None:
    row = found(results, OURS, 1000, "новые")
    return None if row is None else row.get("работа, с")


def _ahead(work: str) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        own, other = seconds(results, OURS, 200, work), fastest_correct(results, work)
        return None if own is None or other is None else other / own

    return measure


def _refused(results: Results) -> float | None:
    row = found(results, OURS, 200, "новые")
    return None if row is None else float(row["503"])


def _spoilt(results: Results) -> float | None:
    row = found(results, OURS, 200, "новые", LOST)
    return None if row is None else float(row["вред"] != CLEAN)


def _one_address(results: Results) -> float | None:
    return _cell(results, "latency", {"предел": "один адрес, общий предел"}, "последняя")


def _over_floor(results: Results) -> float | None:
    own = _one_address(results)
    floor = _cell(results, "latency", {"предел": "граница одного адреса"}, "последняя")
    return None if own is None or not floor else own / floor


def _weight(
    when: str, who: str, column: str = "PSS, МБ", layout: str = "узел"
) -> Callable[[Results], float | None]:
    return lambda results: _cell(results, "node", {"состав": layout, "когда": when, "процесс": who}, column)


def _page(results: Results) -> float | None:
    return _cell(results, "sql", {"база": "и отметки времени", "вопрос": "50 приёмов целиком"}, "p95")


def _slopes(results: Results) -> float | None:
    told = [row.get("значим") for row in results.get("soak", {}).get("rows", ())]
    return float(told.count("да")) if told else None


def _cell(results: Results, bench: str, wanted: Mapping[str, str], column: str) -> float | None:
    for row in results.get(bench, {}).get("rows", ()):
        if all(row.get(name) == value for name, value in wanted.items()) and row.get(column) is not None:
            return float(row[column])
    return None


TARGETS: Sequence[Target] = (
    Target("200 новых приёмов", 12, 9, "с", _taken("новые")),
    Target("200 новых приёмов: отказов 503", 0, None, "", _refused),
    Target("200 изменений", 7.5, 6, "с", _taken("изменённые")),
    Target("1000 новых приёмов", 40, 30, "с", _taken("новые", 1000)),
    Target("1000 изменений", 22, 17, "с", _taken("изменённые", 1000)),
    Target("вид клиники, 1000 новых", 48, 36, "с", _taken("новые", 1000, CLINIC)),
    Target("вид клиники, 1000 изменений", 24, 18, "с", _taken("изменённые", 1000, CLINIC)),
    Target("200 новых, 3 ответа создания потеряны", 25, 16, "с", _taken("новые", network=LOST)),
    Target("то же: испорчено (0 — нет)", 0, None, "", _spoilt),
    Target("200 новых, 200 мс и 1 % обрывов", 75, 30, "с", _taken("новые", network=LOSSY)),
    Target(
        "Redis за 12 мс: 200 новых, к обычным",
        1.3,
        1.1,
        "×",
        _ratio(_taken("новые", network=FAR), _taken("новые")),
    ),
    Target("запросов HTTP на новый приём (N = 1000)", 0.06, 0.05, "", _each("запросов")),
    Target("секунд портала на новый приём (N = 1000)", 0.6 * BEFORE, 0.55 * BEFORE, "с", _each(PORTAL)),
    Target("работа над записью, первая загрузка 1000", 2, 1, "с", _worked),
    Target("во сколько раз быстрее лучшего верного клиента: новые", 4, 5, "×", _ahead("новые"), more=True),
    Target("то же: изменения", 2.6, 3, "×", _ahead("изменённые"), more=True),
    Target(
        "быстрее fast_bitrix24 при том же темпе (1000 новых)",
        1.0,
        1.3,
        "×",
        _ratio(_fast, _taken("новые", 1000)),
        more=True,
    ),
    Target("пять филиалов по 50 за одним адресом", 60, None, "с", _one_address),
    Target("то же к границе портала", None, 1.3, "×", _over_floor),
    Target(
        "узел с Redis и Flower под нагрузкой, пик PSS",
        150,
        135,
        "МБ",
        _weight("нагрузка, пик", "ВСЕГО разом"),
    ),
    Target(
        "роли Procfile порознь с Redis, пик PSS",
        200,
        170,
        "МБ",
        _weight("нагрузка, пик", "ВСЕГО разом", layout="роли"),
    ),
    Target("узел без Flower в покое, PSS", 75, 60, "МБ", _weight("покой", "узел")),
    Target("узел, когда страница открыта, PSS", 85, None, "МБ", _weight("покой, страница открыта", "узел")),
    Target("процессор в покое, всё вместе", 0.5, None, "% ядра", _weight("покой", "ВСЕГО", "ЦП, % ядра")),
    Target("от запуска до готовности", 10, 3, "с", _weight("покой", "ВСЕГО", "готов через, с")),
    Target("50 приёмов на базе за 10 лет, p95", 1000, 50, "мс", _page),
    Target("процессов со значимым ростом памяти за 72 часа", 0, None, "", _slopes),
)
