"""Графики страницы: столбики событий и секунды на запись — готовым SVG, без библиотек (СПЕЦ 2.6.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from plan_frontend.monitor.markup import Html, tag
from plan_frontend.monitor.snapshot import Events
from plan_frontend.monitor.wording import number

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 190, 38, 8, 22
PACE_HEIGHT = 64


@dataclass(frozen=True, slots=True)
class Series:
    """Слой столбика: класс, имя и какие события в нём."""

    name: str
    title: str
    events: Sequence[str]

    def of(self, events: Events) -> float:
        """Возвращает высоту слоя."""
        return sum(events.get(event, 0) for event in self.events)


SERIES = (
    Series("created", "создано", ("created",)),
    Series("updated", "обновлено", ("updated",)),
    Series("skipped", "без изменений", ("unchanged",)),
    Series("errors", "ошибки", ("failed", "rejected")),
)


def pace(events: Events) -> float:
    """Возвращает среднее число секунд на запись."""
    timed = events.get("timed", 0)
    return events.get("seconds", 0) / timed if timed else 0.0


def processed(events: Events) -> float:
    """Возвращает, сколько записей обработано."""
    return sum(series.of(events) for series in SERIES)


def chart(title: str, points: Sequence[tuple[datetime, Events]], label: Callable[[datetime], str]) -> Html:
    """Возвращает график с подписью и итогами словами."""
    total: dict[str, float] = {}
    for _, events in points:
        for event, amount in events.items():
            total[event] = total.get(event, 0) + amount
    return tag(
        "figure",
        tag("figcaption", tag("strong", title), tag("span", _summary(total), class_="muted")),
        _bars(points, label),
        _pace(points),
        _legend(total),
        class_="chart",
    )


def _summary(total: Events) -> str:
    return f"обработано {number(processed(total))}, в среднем {number(pace(total), 1)} с на запись"


def _legend(total: Events) -> Html:
    items = [
        tag("li", tag("i", class_=f"dot {series.name}"), f"{series.title} {number(series.of(total))}")
        for series in SERIES
    ]
    return tag("ul", *items, class_="legend")


def _bars(points: Sequence[tuple[datetime, Events]], label: Callable[[datetime], str]) -> Html:
    most = nice_ceiling(max((processed(events) for _, events in points), default=0))
    floor = HEIGHT - BOTTOM
    scale = (floor - TOP) / most
    step = (WIDTH - LEFT) / max(len(points), 1)
    every = ceil(len(points) / 8)
    parts = [_grid(most, scale, floor)]
    for index, (moment, events) in enumerate(points):
        left = LEFT + index * step
        parts.append(_column(left, step, scale, floor, events, label(moment)))
        if (len(points) - 1 - index) % every == 0:
            parts.append(tag("text", label(moment), x=f"{left + step / 2:.1f}", y=HEIGHT - 6, class_="tick"))
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label="Записи по времени")


def _column(left: float, step: float, scale: float, floor: int, events: Events, label: str) -> Html:
    parts, bottom = [], float(floor)
    for series in SERIES:
        height = series.of(events) * scale
        if height:
            bottom -= height
            box = {"x": f"{left + step * 0.14:.1f}", "width": f"{step * 0.72:.1f}"}
            parts.append(tag("rect", y=f"{bottom:.1f}", height=f"{height:.1f}", class_=series.name, **box))
    told = ", ".join(f"{series.title} {number(series.of(events))}" for series in SERIES)
    seen = tag("title", f"{label}: {told}, {number(pace(events), 1)} с на запись")
    area = tag("rect", x=f"{left:.1f}", y=0, width=f"{step:.1f}", height=floor, class_="area")
    return tag("g", seen, area, *parts)


def _grid(most: float, scale: float, floor: int) -> Html:
    lines = []
    for share in (0.0, 0.5, 1.0):
        y = floor - most * share * scale
        lines.append(tag("line", x1=LEFT, x2=WIDTH, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid"))
        lines.append(tag("text", number(most * share), x=LEFT - 6, y=f"{y + 4:.1f}", class_="scale"))
    return tag("g", *lines)


def _pace(points: Sequence[tuple[datetime, Events]]) -> Html:
    """Рисует секунды на запись ломаной под столбиками."""
    values = [pace(events) for _, events in points]
    most = max(2.0, *values) if values else 2.0
    step, floor = (WIDTH - LEFT) / max(len(values), 1), PACE_HEIGHT - 6
    scale = (floor - 16) / most
    dots = [
        (LEFT + (index + 0.5) * step, floor - value * scale) for index, value in enumerate(values) if value
    ]
    line = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in dots) if dots else ""
    limit = floor - 2.0 * scale
    return tag(
        "svg",
        tag("text", "с на запись; черта — предел 2 с", x=LEFT, y=10, class_="scale start"),
        tag("line", x1=LEFT, x2=WIDTH, y1=floor, y2=floor, class_="grid"),
        tag("line", x1=LEFT, x2=WIDTH, y1=f"{limit:.1f}", y2=f"{limit:.1f}", class_="limit"),
        tag("path", d=line, class_="pace") if line else None,
        [tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=2.4, class_="pace-dot") for x, y in dots],
        viewBox=f"0 0 {WIDTH} {PACE_HEIGHT}",
        role="img",
        aria_label="Секунды на запись",
    )


def nice_ceiling(value: float) -> float:
    """Возвращает круглое число не меньше данного: верх шкалы."""
    size = 4.0
    while True:
        for step in (1, 2, 5):
            if size * step >= value:
                return size * step
        size *= 10
