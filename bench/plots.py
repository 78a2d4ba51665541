"""Графики замеров: скорость рядом с точками отсчёта и память за 72 часа."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.contenders import OURS
from bench.floor import changed_calls, floor_of, new_calls
from bench.installation import PACE
from bench.slope import WARM_UP, trend
from bench.speeds import foreseen, names, seconds

Results = Mapping[str, Mapping[str, Any]]
WORKS = {"новые": new_calls, "изменённые": changed_calls}
SIZE, TICKS = 200, (1, 10, 100, 1000)
OWN, OTHER, GUESSED = "#1f6f54", "#9aa5b1", "#d5dbe1"


def draw(results: Results, folder: Path) -> Iterator[Path]:
    """Рисует графики, для которых есть итоги; возвращает файлы."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    if "throughput" in results:
        yield _speed(results, folder / "performance-throughput.png")
    if results.get("soak", {}).get("series"):
        yield _soak(results["soak"], folder / "performance-soak.png")


def _speed(results: Results, path: Path) -> Path:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(WORKS), figsize=(11, 3.8), constrained_layout=True)
    size = max(row["N"] for row in results["throughput"]["rows"] if row["N"] <= SIZE)
    for axis, (work, calls) in zip(axes, WORKS.items(), strict=True):
        axis.set_xscale("log")
        _bars(axis, results, size, work)
        floor = floor_of(*calls(size), PACE).seconds
        axis.axvline(floor, color="#b3261e", linestyle="--")
        axis.set(title=f"{size} приёмов, {work}", xlabel=f"секунды; пунктир — граница портала, {floor:.1f} с")
        axis.set_xticks(TICKS, [str(tick) for tick in TICKS])
        axis.spines[["top", "right"]].set_visible(False)
    return _saved(figure, path)


def _bars(axis: Any, results: Results, size: int, work: str) -> None:
    bars = sorted(_known(results, size, work), key=lambda bar: -bar[1])
    colors = [OWN if name == OURS else GUESSED if guessed else OTHER for name, _, guessed in bars]
    labels = [f"{name}{' (расчёт)' if guessed else ''}" for name, _, guessed in bars]
    drawn = axis.barh(labels, [value for _, value, _ in bars], color=colors)
    over_lines = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axis.bar_label(drawn, [f"{value:.1f}" for _, value, _ in bars], padding=3, bbox=over_lines)
    axis.set_xlim(left=1, right=max((value for _, value, _ in bars), default=1.0) * 3)


def _known(results: Results, size: int, work: str) -> Sequence[tuple[str, float, bool]]:
    measured = [(who, seconds(results, who, size, work), False) for who in names(results)]
    known = [(who, value, guessed) for who, value, guessed in measured if value is not None]
    if size != SIZE:
        return known
    return known + [(who, value, True) for who, its, _, value in foreseen(results) if its == work]


def _soak(result: Mapping[str, Any], path: Path) -> Path:
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(11, 4.2), constrained_layout=True)
    for number, name in enumerate(name for name in result["series"][0] if name != "цикл"):
        _line(axis, name, f"C{number}", [(float(row["цикл"]), float(row[name])) for row in result["series"]])
    axis.set(title=result["title"], xlabel="цикл выборки (30 циклов — час работы)", ylabel="своя память, МБ")
    axis.set_ylim(bottom=0)
    axis.legend(loc="center right", frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    return _saved(figure, path)


def _line(axis: Any, name: str, color: str, points: Sequence[tuple[float, float]]) -> None:
    """Рисует память процесса и её наклон; сам наклон — в легенде: рядом с линиями подписи налезали бы."""
    steady = points[int(len(points) * WARM_UP) :]
    start, slope, _ = trend(steady)
    label = f"{name}: {slope * 1000:+.2f} МБ на 1000 циклов"
    axis.plot(*zip(*points, strict=True), color=color, linewidth=1.1, label=label)
    ends = [steady[0][0], steady[-1][0]]
    axis.plot(ends, [start + slope * at for at in ends], color=color, linestyle="--", linewidth=1.4)


def _saved(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot

    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return path
