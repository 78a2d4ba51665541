"""Обрыв сети по-настоящему: ``python -m bench.outage --minutes 10`` — сроки рабочие, ничего не ускорено."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from bench.campaign.losses import portal_losses, wait_quiet
from bench.campaign.stage import REAL, Stage
from bench.campaign.wire import Wire
from demo.clinic.life import live
from services.ident.sqlite import clinic_now

FIRST_SYNC, LONGEST_RECOVERY = 600.0, 600.0
EVENT_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Режет провод к порталу, пока клиника живёт, и меряет, как всё дошло; код 0 — потерь нет."""
    options = parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="outage-", ignore_cleanup_errors=True) as folder:
        return _played(Path(folder), options)


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = argparse.ArgumentParser(prog="manage.py bench outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="сколько минут нет сети (10)")
    parser.add_argument("--mute", action="store_true", help="пакеты теряются, а не отвергаются")
    parser.add_argument("--seed", type=int, default=7, help="зерно клиники (7)")
    return parser


def _played(folder: Path, options: argparse.Namespace) -> int:
    rng = random.Random(options.seed)
    with Stage(folder, options.seed, "узел", 12, REAL) as stage:
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
        print(f"Сети не было: {options.minutes:g} мин, событий клиники: {events}, ждало в очереди: {waiting}")
        print(f"Всё дошло через: {_seconds(recovered)} после восстановления; сделок {deals}")
        print(f"Запросов после: {len(after)}, самое большее за секунду: {_most_in_second(after)}")
        print(f"Отказов «слишком часто»: {stage.portal.stats.refused}")
        print(f"Потери: {losses}")
        for difference in differences[:10]:
            print(f"  {difference}")
        return 0 if losses.none and recovered is not None else 1


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
