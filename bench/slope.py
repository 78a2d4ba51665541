"""Наклон прямой по точкам и его ошибка."""

import statistics
from collections.abc import Sequence

#: Доля точек в начале, которая в наклон не идёт: прогрев, заполнение страницы Flower.
WARM_UP = 0.5


def trend(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Возвращает прямую по точкам — начало и наклон — и стандартную ошибку наклона."""
    xs, ys = zip(*points, strict=True)
    if len(set(xs)) < 3:
        return ys[0], 0.0, 0.0
    line = statistics.linear_regression(xs, ys)
    middle = statistics.fmean(xs)
    spread = sum((x - middle) ** 2 for x in xs)
    rest = sum((y - line.slope * x - line.intercept) ** 2 for x, y in points)
    return line.intercept, line.slope, float((rest / (len(xs) - 2) / spread) ** 0.5)
