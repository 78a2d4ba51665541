"""Загрузка прошлого: ``python manage.py backfill --branch F1 --from 01.01.2024 --to 01.03.2024``."""

import argparse
import sys
import time
from datetime import datetime, timedelta
from datetime import time as midnight
from typing import TYPE_CHECKING

from cli.arguments import Arguments, day
from cli.session import (
    add_branch,
    add_config,
    chosen_branches,
    living_nodes,
    opened_services,
    send_to_node,
)
from services.ports import BackfillProgress
from tasks.names import BACKFILL

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from services.container import Services

DESCRIPTION = """Переносит на портал приёмы прошлого, назначенные на дни с --from по --to включительно. Читает
их работающий узел, страницами по 50; обычная выборка идёт своим чередом, её курсор не двигается. Прервать
можно в любой миг (Ctrl+C), продолжить — ключом --continue."""
LONGEST = timedelta(days=366)
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.2


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
    """Возвращает разбор ключей."""
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
    if options.until < options.since:
        return "День --to раньше дня --from."
    if options.until - options.since > LONGEST:
        return "За один раз — не больше года: разделите промежуток."
    since = datetime.combine(options.since, midnight())
    until = datetime.combine(options.until + timedelta(days=1), midnight())
    services.branch(branch_id).backfill.begin(since, until)
    return None


def _watched(services: "Services", branch_id: str) -> int:
    """Просит узел о страницах и показывает ход, пока они не кончатся."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as shown:
        task = shown.add_task(f"Филиал {branch_id}", total=None)
        while not (progress := _loaded(services, branch_id)).done:
            _wait_for_room(services, branch_id, shown, task)
            send_to_node(BACKFILL, branch_id)
            if not _advanced(services, branch_id, progress):
                print("Узел не отвечает: смотрите python manage.py state show.", file=sys.stderr)
                return 1
            after = _loaded(services, branch_id)
            shown.update(task, completed=after.read, total=after.total)
    services.store.backfills.forget(branch_id)
    print(f"Готово: прочитано приёмов {progress.read}, из них поставлено в очередь {progress.queued}.")
    return 0


def _loaded(services: "Services", branch_id: str) -> BackfillProgress:
    """Возвращает ход; стёртый вместе с Redis начинать заново решает человек."""
    found = services.store.backfills.load(branch_id)
    if found is None:
        raise SystemExit("Ход загрузки пропал вместе с памятью Redis: начните её заново.")
    return found


def _advanced(services: "Services", branch_id: str, before: BackfillProgress) -> bool:
    """Ждёт, пока узел прочтёт страницу."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if _loaded(services, branch_id) != before:
            return True
        time.sleep(POLL_SECONDS)
    return False


def _wait_for_room(services: "Services", branch_id: str, shown: "Progress", task: "TaskID") -> None:
    """Ждёт, пока в очереди освободится место: прошлое не должно задерживать сегодняшнее."""
    limit = services.settings.sync.outbox_warning // 2
    while services.store.outbox.size(branch_id) > limit:
        shown.update(task, description=f"Филиал {branch_id}: жду, пока очередь отправится")
        time.sleep(1)
    shown.update(task, description=f"Филиал {branch_id}")
