"""Загрузка прошлого: ``python manage.py backfill --branch F1 --from 01.01.2024 --to 01.03.2024``."""

import argparse
import sys
from typing import TYPE_CHECKING

from cli.arguments import Arguments, day
from cli.session import add_branch, add_config, chosen_branches, living_nodes, opened_services
from services.domain.errors import RetriableError
from services.sync.loading import BadPeriod, Loading, period
from tasks.hands import request_backfill

if TYPE_CHECKING:
    from services.container import Services

DESCRIPTION = """Переносит на портал приёмы прошлого, назначенные на дни с --from по --to включительно. Читает
их работающий узел, страницами по 50; обычная выборка идёт своим чередом, её курсор не двигается. Прервать
можно в любой миг (Ctrl+C), продолжить — ключом --continue."""


def main(arguments: list[str]) -> int:
    """Загружает прошлое; код 130 — прервано, 1 — узел не отвечает."""
    options = parser().parse_args(arguments)
    with opened_services(options) as services:
        (branch_id,) = chosen_branches(services, [options.branch])
        if (refusal := _begun(services, branch_id, options)) is not None:
            print(refusal, file=sys.stderr)
            return 2
        if not living_nodes(services):
            print("Ни один узел не подаёт признаков жизни. Запустите: python manage.py run", file=sys.stderr)
            return 1
        try:
            return _watched(services, branch_id)
        except KeyboardInterrupt:
            again = f"python manage.py backfill --branch {branch_id} --continue"
            print(f"\nПрервано. Прочитанное уже в очереди. Продолжить: {again}", file=sys.stderr)
            return 130


def parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="manage.py backfill", description=DESCRIPTION)
    add_config(parser)
    add_branch(parser, many=False)
    parser.add_argument("--from", dest="since", type=day, metavar="ДД.ММ.ГГГГ", help="первый день")
    parser.add_argument("--to", dest="until", type=day, metavar="ДД.ММ.ГГГГ", help="последний день")
    parser.add_argument("--continue", dest="resumed", action="store_true", help="продолжить прерванную")
    return parser


def _begun(services: "Services", branch_id: str, options: argparse.Namespace) -> str | None:
    """Начинает или продолжает загрузку; возвращает, почему нельзя."""
    unfinished = services.store.backfills.load(branch_id)
    if options.resumed:
        return None if unfinished else f"Прерванной загрузки филиала {branch_id} нет: назовите --from и --to."
    if options.since is None or options.until is None:
        return "Назовите промежуток: --from ДД.ММ.ГГГГ и --to ДД.ММ.ГГГГ (или --continue)."
    try:
        services.branch(branch_id).backfill.begin(*period(options.since, options.until))
    except BadPeriod as error:
        return str(error)
    return None


def _watched(services: "Services", branch_id: str) -> int:
    """Ведёт загрузку и показывает её ход; узел молчит — код 1."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    loading = Loading(branch_id, services.work, request_backfill, services.pause)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as shown:
        task = shown.add_task("", total=None)
        try:
            for step in loading.steps():
                told = ": жду, пока очередь отправится" if step.waits else ""
                progress = step.progress
                shown.update(
                    task,
                    description=f"Филиал {branch_id}{told}",
                    completed=progress.read,
                    total=progress.total or None,
                )
        except RetriableError as error:
            print(f"{error} Смотрите python manage.py state show.", file=sys.stderr)
            return 1
    print(f"Готово: прочитано приёмов {progress.read}, из них поставлено в очередь {progress.queued}.")
    return 0
