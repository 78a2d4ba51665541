"""Графики страницы: столбики событий и секунды на запись — готовым SVG, без библиотек (СПЕЦ 2.6.3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from math import ceil

from monitoring.wording import number
from services.store.stats import added

Events = Mapping[str, float]

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 196, 58, 10, 28
PACE_HEIGHT = 74
#: Предел времени одной записи (ТЗ 3.4.1).
LIMIT_SECONDS = 2.0
#: Слои столбика: класс, имя и какие события в нём.
SERIES: Sequence[tuple[str, str, Sequence[str]]] = (
    ("created", "создано", ("created",)),
    ("updated", "обновлено", ("updated",)),
    ("skipped", "без изменений", ("unchanged",)),
    ("errors", "ошибки", ("failed", "rejected")),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """Прямоугольник слоя."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """Столбик одного промежутка: место, слои, подсказка и подпись под ним, если она помещается."""

    x: float
    width: float
    bars: Sequence[Bar]
    told: str
    tick: str


@dataclass(frozen=True, slots=True)
class GridLine:
    """Черта шкалы."""

    y: float
    value: float


@dataclass(frozen=True, slots=True)
class PaceLine:
    """Ломаная секунд на запись под столбиками."""

    dots: Sequence[tuple[float, float]]
    limit: float
    height: int = PACE_HEIGHT
    floor: int = PACE_HEIGHT - 6

    @property
    def line(self) -> str:
        return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in self.dots) if self.dots else ""


@dataclass(frozen=True, slots=True)
class Chart:
    """График с подписью и итогами словами; размеры — в единицах рисунка."""

    title: str
    summary: str
    legend: Sequence[tuple[str, str]]
    grid: Sequence[GridLine]
    columns: Sequence[Column]
    pace: PaceLine
    width: int = field(default=WIDTH, init=False)
    height: int = field(default=HEIGHT, init=False)
    left: int = field(default=LEFT, init=False)
    floor: int = field(default=HEIGHT - BOTTOM, init=False)


def seconds_each(events: Events) -> float:
    """Возвращает среднее число секунд работы над записью: ожидание портала не в счёт (постановление 34)."""
    return _each(events, "seconds")


def told_pace(events: Events) -> str:
    """Возвращает словами, сколько на запись ушло работы и сколько она ждала портала."""
    waited = number(_each(events, "waited"), 1)
    return f"{number(seconds_each(events), 1)} с работы на запись, ещё {waited} с ожидания портала"


def processed(events: Events) -> float:
    return sum(_layers(events))


def chart(title: str, points: Sequence[tuple[datetime, Events]], label: Callable[[datetime], str]) -> Chart:
    """Рисует график; ``label`` подписывает промежуток."""
    total = added(events for _, events in points)
    most = nice_ceiling(max((processed(events) for _, events in points), default=0))
    floor, step, every = HEIGHT - BOTTOM, (WIDTH - LEFT) / max(len(points), 1), ceil(len(points) / 7)
    scale = (floor - TOP) / most
    columns = [
        _column(
            LEFT + index * step, step, scale, events, label(moment), (len(points) - 1 - index) % every == 0
        )
        for index, (moment, events) in enumerate(points)
    ]
    return Chart(
        title,
        f"обработано {number(processed(total))}, в среднем {told_pace(total)}",
        [(name, told) for (name, *_), told in zip(SERIES, _told(total), strict=True)],
        [GridLine(floor - most * share * scale, most * share) for share in (0.0, 0.5, 1.0)],
        columns,
        _pace([seconds_each(events) for _, events in points]),
    )


def nice_ceiling(value: float) -> float:
    """Возвращает круглое число не меньше данного: верх шкалы."""
    size = 4.0
    while True:
        for step in (1, 2, 5):
            if size * step >= value:
                return size * step
        size *= 10


def _each(events: Events, name: str) -> float:
    timed = events.get("timed", 0)
    return events.get(name, 0) / timed if timed else 0.0


def _layers(events: Events) -> list[float]:
    return [sum(events.get(event, 0) for event in names) for _, _, names in SERIES]


def _told(events: Events) -> list[str]:
    return [
        f"{title} {number(amount)}" for (_, title, _), amount in zip(SERIES, _layers(events), strict=True)
    ]


def _column(left: float, step: float, scale: float, events: Events, label: str, ticked: bool) -> Column:
    heights = [amount * scale for amount in _layers(events)]
    bars = [
        Bar(name, left + step * 0.14, HEIGHT - BOTTOM - top, step * 0.72, height)
        for (name, *_), height, top in zip(SERIES, heights, accumulate(heights), strict=True)
        if height
    ]
    told = f"{label}: {', '.join(_told(events))}, {told_pace(events)}"
    return Column(left, step, bars, told, label if ticked else "")


def _pace(values: Sequence[float]) -> PaceLine:
    step, floor = (WIDTH - LEFT) / max(len(values), 1), PACE_HEIGHT - 6
    scale = (floor - 26) / max(LIMIT_SECONDS, *values, 0.0)
    dots = [
        (LEFT + (index + 0.5) * step, floor - value * scale) for index, value in enumerate(values) if value
    ]
    return PaceLine(dots, floor - LIMIT_SECONDS * scale)
