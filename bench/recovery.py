"""Восстановление в рабочие сроки: ``python manage.py bench recovery`` — по сбою за раз, без ускорения."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.campaign.losses import Losses, portal_losses, wait_quiet
from bench.campaign.stage import FAST, REAL, Stage
from bench.campaign.wire import Wire
from bench.tables import Table
from cli.arguments import Arguments
from demo.clinic.life import live
from demo.portal.faults import Fault, FaultKind
from services.ident.sqlite import clinic_now

LONGEST = 400.0
EVENTS = 12


def kill_node(stage: Stage) -> None:
    """Убивает узел посреди отправки."""
    stage.roles["node"].process.kill()


def kill_everything(stage: Stage) -> None:
    """Отключает питание: узел и Redis разом; журнал Redis на диске."""
    stage.roles["node"].process.kill()
    stage.redis.kill()
    stage.redis.start()


def restart_redis(stage: Stage) -> None:
    """Перезапускает Redis."""
    stage.redis.stop()
    stage.redis.start()


def wipe_redis(stage: Stage) -> None:
    """Стирает Redis на ходу."""
    with stage.redis.client() as client:
        client.flushall()


def cut_for_a_minute(stage: Stage) -> None:
    """Режет сеть на минуту."""
    stage.wire.set(Wire.CUT)
    time.sleep(60)
    stage.wire.set(Wire.WHOLE)


def lose_answers(stage: Stage) -> None:
    """Теряет ответы на три записи подряд."""
    stage.portal.portal.faults.add(Fault(FaultKind.LOST_ANSWER, ("crm.deal.*",), times=3))
    time.sleep(20)
    stage.portal.portal.faults.clear()


TROUBLES: Mapping[str, Callable[[Stage], None]] = {
    "kill −9 узла": kill_node,
    "питание: узел и Redis": kill_everything,
    "перезапуск Redis": restart_redis,
    "Redis стёрт": wipe_redis,
    "сети нет минуту": cut_for_a_minute,
    "ответы потеряны": lose_answers,
}


def main(arguments: list[str]) -> int:
    """Меряет восстановление после каждого сбоя; код 0 — потерь нет."""
    options = parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="recovery-", ignore_cleanup_errors=True) as folder:
        return _played(Path(folder), options)


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench recovery", description=__doc__)
    parser.add_argument("--seed", type=int, default=11, help="зерно клиники (11)")
    parser.add_argument("--smoke", action="store_true", help="проба: работает ли замер")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def _played(folder: Path, options: argparse.Namespace) -> int:
    rng, total = random.Random(options.seed), Losses()
    visits, pace = (2, FAST) if options.smoke else (12, {**REAL, "sync": {"interval": 20}})
    table = Table("recovery", "Восстановление после одного сбоя, сроки рабочие")
    with Stage(folder, options.seed, "узел", visits, pace) as stage:
        wait_quiet(stage, LONGEST)
        for name, trouble in list(TROUBLES.items())[: 1 if options.smoke else None]:
            for _ in range(EVENTS):
                live(stage.clinic, rng, clinic_now())
            _wait_for_sending(stage)
            trouble(stage)
            seconds = wait_quiet(stage, LONGEST)
            losses = portal_losses(stage)[0]
            total += losses
            lost = "нет" if losses.none else str(losses)
            table.add(сбой=name, потери=lost, **{"восстановление, с": seconds})
    table.finish(options.out)
    return 0 if total.none else 1


def _wait_for_sending(stage: Stage) -> None:
    """Ждёт, пока начнётся отправка: сбой должен застать её."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(stage.services.store.outbox.size(branch.branch_id) for branch in stage.settings.served):
            return
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
