"""Итог прохода: таблица для человека, строка JSON для программы."""

import json
from dataclasses import dataclass

from config.models import Settings
from demo.counts import Counts
from demo.verdict import Verdict
from services.domain.reasons import reason_of

COLUMNS = {
    "read": "прочитано",
    "created": "создано",
    "updated": "обновлено",
    "unchanged": "прежние",
    "rejected": "отклонено",
    "converted": "лиды",
    "failed": "сбои",
}


@dataclass(frozen=True, slots=True)
class Result:
    """Итог прохода."""

    counts: dict[str, Counts]
    verdict: Verdict
    requests: int
    commands: int
    writes: int
    refused: int
    seconds: float
    waiting: int

    @property
    def matches(self) -> bool:
        """Отвечает, верен ли портал и пуста ли очередь."""
        return self.verdict.matches and not self.waiting

    def as_json(self) -> str:
        """Возвращает итог одной строкой JSON."""
        totals = sum(self.counts.values(), Counts())
        return json.dumps(
            {
                **totals.as_dict(),
                "branches": {branch: counts.as_dict() for branch, counts in self.counts.items()},
                "expected": self.verdict.expected,
                "refused": dict(self.verdict.refused),
                "portal_matches": self.matches,
                "differences": self.verdict.differences[:50],
                "waiting": self.waiting,
                "requests": self.requests,
                "commands": self.commands,
                "writes": self.writes,
                "too_often": self.refused,
                "seconds": round(self.seconds, 1),
            },
            ensure_ascii=False,
        )


def print_report(settings: Settings, result: Result) -> None:
    """Печатает таблицу по филиалам, причины отказов и приговор."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title="Перенос приёмов Ident в сделки Битрикс24", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Филиал", no_wrap=True)
    for title in COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=True)
    for branch in settings.served:
        table.add_row(branch.name.removeprefix("Филиал "), *_cells(result.counts[branch.branch_id]))
    table.add_section()
    table.add_row("Всего", *_cells(sum(result.counts.values(), Counts())))
    console.print(table)
    if result.verdict.refused:
        console.print("Не переносятся, пока их не исправят в Ident:")
        for reason, count in result.verdict.refused.most_common():
            console.print(f"  {count:>3}  {reason_of(reason).title.lower()}")
    console.print(
        f"К порталу за {result.seconds:.1f} с: запросов {result.requests}, в них команд {result.commands}, "
        f"из команд записей {result.writes}.\nОтказов «слишком часто»: {result.refused}."
    )
    console.print(_judgement(result))


def _judgement(result: Result) -> str:
    if result.matches:
        return f"[green]Портал верен:[/green] сделок по правилам {result.verdict.expected}, расхождений нет."
    lines = [f"[red]Портал расходится с правилами:[/red] {len(result.verdict.differences)}"]
    lines += [f"  {difference}" for difference in result.verdict.differences[:20]]
    if result.waiting:
        lines.append(f"  в очереди осталось записей: {result.waiting}")
    return "\n".join(lines)


def _cells(counts: Counts) -> list[str]:
    return [str(value) for name, value in counts.as_dict().items() if name in COLUMNS]
