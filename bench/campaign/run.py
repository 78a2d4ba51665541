"""Один день клиники под сбоями: круги жизни и поломок, после каждого — тишина и сверка."""

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bench.campaign.losses import Losses, leaked_people, portal_losses, redis_now, unsettled, wait_quiet
from bench.campaign.saboteur import SABOTAGES
from bench.campaign.stage import FAST, TOPOLOGIES, Stage
from bench.campaign.wire import Wire
from demo.clinic.life import live
from services.domain.errors import StoreError
from services.ident.sqlite import clinic_now

FIRST_SYNC = 120.0
LONGEST_RECOVERY = 120.0


@dataclass(slots=True)
class Day:
    """Итог одного дня."""

    seed: int
    topology: str
    faults: Counter[str] = field(default_factory=Counter)
    events: int = 0
    receptions: int = 0
    restarts: int = 0
    recovery: list[float] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    differences: list[str] = field(default_factory=list)


def play(
    folder: Path,
    seed: int,
    rounds: int,
    faults: int,
    visits: int = 12,
    kinds: str = "",
    longest: float = LONGEST_RECOVERY,
) -> Day:
    """Проживает день: ``rounds`` кругов по ``faults`` сбоев; ``kinds`` — только сбои с этими словами.

    ``longest`` — сколько секунд ждать тишины после круга.
    """
    rng = random.Random(f"campaign:{seed}")
    topology = list(TOPOLOGIES)[seed % len(TOPOLOGIES)]
    day = Day(seed, topology)
    with Stage(folder, seed, topology, visits, FAST) as stage:
        _settle(stage, day, max(FIRST_SYNC, longest))
        for _ in range(rounds):
            _curator(stage, rng)
            _round(stage, day, rng, faults, kinds)
            _mend(stage)
            _settle(stage, day, longest)
        losses, day.differences, day.receptions = portal_losses(stage)
        day.losses = losses
        day.restarts = sum(role.restarts for role in stage.roles.values())
        stage._stop()
        day.losses.people = leaked_people(stage)
    return day


def _round(stage: Stage, day: Day, rng: random.Random, faults: int, kinds: str) -> None:
    names = [name for name in SABOTAGES if kinds in name]
    if not stage.clocks.available:
        names = [name for name in names if name != "перевод часов"]
    for _ in range(faults):
        day.events += _live(stage, rng)
        name = rng.choice(names)
        day.faults[name] += 1
        _say(f"  [{day.seed}] {name}")
        SABOTAGES[name](stage, rng)
        day.events += _live(stage, rng)
        time.sleep(rng.uniform(0, 0.6))


def _live(stage: Stage, rng: random.Random) -> int:
    import sqlite3

    try:
        return len(live(stage.clinic, rng, clinic_now()))
    except sqlite3.OperationalError:
        return 0


def _curator(stage: Stage, rng: random.Random) -> None:
    """Куратор двигает несколько тихих сделок на ручные стадии: дальше их трогать нельзя."""
    time.sleep(4)
    free = [uid for uid in stage.open_uids() if uid not in stage.manual]
    for uid in rng.sample(free, min(3, len(free))):
        stage.move_by_hand(uid)


def _mend(stage: Stage) -> None:
    """Кончает все сбои; остановленную отправку возобновляет человек."""
    stage.portal.portal.faults.clear()
    stage.wire.set(Wire.WHOLE)
    stage.clocks.set(0)
    time.sleep(0.5)  # процессы перечитывают смещение часов пять раз в секунду
    for _ in range(20):
        try:
            stage.services.store.gate.resume()
            return
        except StoreError:
            time.sleep(0.5)


def _settle(stage: Stage, day: Day, longest: float) -> None:
    seconds = wait_quiet(stage, longest)
    day.recovery.append(longest if seconds is None else seconds)
    if seconds is None:
        losses, differences, _ = portal_losses(stage)
        left = unsettled(stage, redis_now(stage) - timedelta(seconds=longest / 2))
        _say(f"  [{day.seed}] не утихло за {longest:.0f} с: {losses} {differences[:5]} {left[:10]}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
