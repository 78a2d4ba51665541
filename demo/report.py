"""Таблица итога для человека."""

from typing import TYPE_CHECKING

from config.models import Settings
from demo.counts import Counts

if TYPE_CHECKING:
    from demo.once import Result

COLUMNS = {
    "read": "прочитано",
    "created": "создано",
    "updated": "обновлено",
    "unchanged": "прежние",
    "rejected": "отклонено",
    "converted": "лиды",
    "failed": "сбои",
}
REASONS = {
    "phone_missing": "нет телефона",
    "phone_invalid": "телефон записан неверно",
    "end_before_start": "конец раньше начала",
    "start_too_late": "дата слишком далеко в будущем",
    "start_too_early": "дата слишком далеко в прошлом",
    "cancel_reason_without_cancel": "причина отмены без отмены",
    "amount_too_big": "сумма больше 10 млн",
    "surname_missing": "нет фамилии",
    "name_missing": "нет имени",
    "card_number_missing": "нет номера карты",
    "profession_missing": "нет специальности врача",
    "doctor_surname_missing": "нет врача",
}


def print_report(settings: Settings, result: "Result") -> None:
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
            console.print(f"  {count:>3}  {REASONS.get(reason, reason)}")
    console.print(
        f"К порталу за {result.seconds:.1f} с: запросов {result.requests}, в них команд {result.commands}, "
        f"из команд записей {result.writes}.\nОтказов «слишком часто»: {result.refused}."
    )
    console.print(_judgement(result))


def _judgement(result: "Result") -> str:
    if result.matches:
        return f"[green]Портал верен:[/green] сделок по правилам {result.verdict.expected}, расхождений нет."
    lines = [f"[red]Портал расходится с правилами:[/red] {len(result.verdict.differences)}"]
    lines += [f"  {difference}" for difference in result.verdict.differences[:20]]
    if result.waiting:
        lines.append(f"  в очереди осталось записей: {result.waiting}")
    return "\n".join(lines)


def _cells(counts: Counts) -> list[str]:
    return [str(value) for name, value in counts.as_dict().items() if name in COLUMNS]
