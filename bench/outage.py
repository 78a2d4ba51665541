"""Обрыв сети по-настоящему: ``python manage.py bench outage`` — сроки рабочие, ничего не ускорено."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.campaign.losses import portal_losses, wait_quiet
from bench.campaign.stage import FAST, REAL, Stage
from bench.campaign.wire import Wire
from bench.tables import Table
from cli.arguments import Arguments, positive
from demo.clinic.life import live
from services.ident.sqlite import clinic_now

FIRST_SYNC, LONGEST_RECOVERY = 600.0, 600.0
EVENT_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Режет провод к порталу, пока клиника живёт, и меряет, как всё дошло; код 0 — потерь нет."""
    options = parser().parse_args(arguments)
    if options.smoke:
        options.minutes = 0.05
    with tempfile.TemporaryDirectory(prefix="outage-", ignore_cleanup_errors=True) as folder:
        return _played(Path(folder), options)


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench outage", description=__doc__)
    parser.add_argument("--minutes", type=positive, default=10.0, help="сколько минут нет сети (10)")
    parser.add_argument("--mute", action="store_true", help="пакеты теряются, а не отвергаются")
    parser.add_argument("--seed", type=int, default=7, help="зерно клиники (7)")
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _played(folder: Path, options: argparse.Namespace) -> int:
    rng = random.Random(options.seed)
    with Stage(folder, options.seed, "узел", *_scale(options.smoke)) as stage:
        first = wait_quiet(stage, FIRST_SYNC)
        print(f"Первая синхронизация: {_seconds(first)}", flush=True)
        stage.wire.set(Wire.MUTE if options.mute else Wire.CUT)
        events = _live_through(stage, rng, options.minutes * 60)
        waiting = sum(stage.services.store.outbox.size(b.branch_id) for b in stage.settings.served)
        before = len(stage.portal.stats.records)
        stage.wire.set(Wire.WHOLE)
        recovered = wait_quiet(stage, LONGEST_RECOVERY)
        losses, differences, deals = portal_losses(stage)
        after = stage.portal.stats.records[before:]
        table = Table("outage", "Обрыв сети взаправду: сроки рабочие")
        table.add(
            сделок=deals,
            потери="нет" if losses.none else str(losses),
            **{
                "нет сети, мин": options.minutes,
                "событий клиники": events,
                "ждало в очереди": waiting,
                "дошло через, с": recovered,
                "запросов после": len(after),
                "за секунду": _most_in_second(after),
                "503": stage.portal.stats.refused,
            },
        )
        table.notes += differences[:10]
        table.finish(options.out)
        return 0 if losses.none and recovered is not None else 1


def _scale(smoke: bool) -> tuple[int, dict[str, dict[str, Any]]]:
    """Возвращает число приёмов на филиал и сроки; проба живёт ускоренно."""
    return (2, FAST) if smoke else (12, REAL)


def _live_through(stage: Stage, rng: random.Random, seconds: float) -> int:
    """Проживает обрыв: события клиники идут своим чередом."""
    events, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        events += len(live(stage.clinic, rng, clinic_now()))
        time.sleep(min(EVENT_SECONDS, max(until - time.monotonic(), 0)))
    return events


def _most_in_second(records: object) -> int:
    moments = sorted(record.at for record in records)  # type: ignore[attr-defined]
    return max((sum(1 for other in moments if at <= other < at + 1) for at in moments), default=0)


def _seconds(value: float | None) -> str:
    return "не дождались" if value is None else f"{value:.0f} с"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
