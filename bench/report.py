"""Отчёт о замерах: таблицы, цели и графики из записанных итогов — в docs/performance.md.

Переделывается только стоящее между строками «<!-- замер … -->» и «<!-- конец замера -->»; текст вокруг пишут
люди, и он остаётся.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.tables import RESULTS, columns, shown
from bench.targets import TARGETS, verdict_of
from cli.arguments import Arguments
from cli.docs.tables import table

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
BLOCK = re.compile(r"(<!-- замер ([\w-]+) -->\n).*?(<!-- конец замера -->)", re.DOTALL)

Result = Mapping[str, Any]
Results = Mapping[str, Result]


def main(arguments: Sequence[str]) -> int:
    """Переделывает отчёт и графики; код 1 — хотя бы одно «обязано» не выполнено или не измерено."""
    options = parser().parse_args(arguments)
    results = read_results(options.results)
    if not results:
        print("Итогов нет: сначала python manage.py bench all")
        return 1
    from bench.plots import draw

    for path in draw(results, options.images):
        print(f"  график: {path.name}")
    text = options.document.read_text(encoding="utf-8")
    options.document.write_text(rebuilt(text, results), encoding="utf-8", newline="\n")
    print(f"  отчёт: {options.document.name}")
    verdicts = [verdict_of(target, results) for target in TARGETS]
    for target, verdict in zip(TARGETS, verdicts, strict=True):
        print(f"  {target.what}: {verdict.measured} — {verdict.words}")
    return int(not all(verdict.holds for verdict in verdicts))


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench report", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="папка итогов (bench/results)")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="документ (docs/performance.md)")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images", help="папка графиков")
    return parser


def read_results(folder: Path) -> Results:
    """Возвращает записанные итоги по именам замеров."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return {result["name"]: result for result in found}


def rebuilt(text: str, results: Results) -> str:
    """Возвращает документ со свежими блоками; написанное людьми не трогает."""
    return BLOCK.sub(lambda match: f"{match[1]}\n{_block(match[2], results)}\n\n{match[3]}", text)


def _block(name: str, results: Results) -> str:
    if name in SUMMARIES:
        return SUMMARIES[name](results)
    if name not in results:
        return f"Не измерено: `python manage.py bench {name}`."
    return _measured(results[name])


def _measured(result: Result) -> str:
    heads = columns(result["rows"])
    rows = [[shown(row.get(head, "")) for head in heads] for row in result["rows"]]
    notes = "\n".join(f"- {note}" for note in result["notes"])
    when = f"Измерено {_date(result)}, {result['took'] / 60:.1f} мин. Повторить: `{result['command']}`."
    return "\n\n".join(part for part in (when, table(heads, rows), notes) if part)


def _date(result: Result) -> str:
    return str(result["machine"]["at"])[:10]


def _machine(results: Results) -> str:
    newest = max(results.values(), key=lambda result: str(result["machine"]["at"]))["machine"]
    loads = [result["machine"]["load"] for result in results.values()]
    versions = ", ".join(f"{name} {version}" for name, version in newest["versions"].items())
    rows = (
        ("процессор", f"{newest['processor']}, ядер {newest['cores']}"),
        ("память", f"{newest['memory_gb']} ГБ"),
        ("система", f"{newest['system']}, Python {newest['python']}"),
        ("версии", versions),
        ("когда", str(newest["at"])[:10]),
        ("нагрузка машины в конце замеров", f"{min(loads):g}…{max(loads):g} (свободная — меньше числа ядер)"),
    )
    return table(("что", "какое"), rows)


def _targets(results: Results) -> str:
    rows = []
    for target in TARGETS:
        verdict = verdict_of(target, results)
        rows.append((target.what, target.must_words, target.aim_words, verdict.measured, verdict.words))
    return table(("что", "обязано", "хорошо бы", "измерено", "итог"), rows)


def _missed(results: Results) -> str:
    verdicts = [(target, verdict_of(target, results)) for target in TARGETS]
    broken = [
        f"- **{target.what}**: {verdict.measured}, обязано {target.must_words}."
        for target, verdict in verdicts
        if verdict.known and not verdict.holds
    ]
    short = [
        f"- {target.what}: {verdict.measured}, хорошо бы {target.aim_words}."
        for target, verdict in verdicts
        if verdict.holds and not verdict.reached
    ]
    unknown = [f"- {target.what}: не измерено." for target, verdict in verdicts if not verdict.known]
    parts = [
        ("Не выполнено обязательное:", broken),
        ("Обязательное выполнено, желаемое — нет:", short),
        ("Не измерено:", unknown),
    ]
    said = [f"{title}\n\n" + "\n".join(lines) for title, lines in parts if lines]
    return "\n\n".join(said) or "Выполнено всё, и обязательное, и желаемое."


def _extrapolated(results: Results) -> str:
    from bench.speeds import foreseen

    rows = [
        (who, work, f"{seconds:.0f}", f"{at_200:.0f}") for who, work, seconds, at_200 in foreseen(results)
    ]
    if not rows:
        return "Не измерено: `python manage.py bench throughput --slow`."
    return table(("клиент", "работа", "50 приёмов, с (измерено)", "200 приёмов, с (расчёт: вчетверо)"), rows)


#: Блоки, которые складываются из нескольких замеров.
SUMMARIES: Mapping[str, Callable[[Results], str]] = {
    "machine": _machine,
    "targets": _targets,
    "missed": _missed,
    "extrapolated": _extrapolated,
}
