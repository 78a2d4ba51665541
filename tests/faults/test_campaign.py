"""Короткая кампания сбоев: день клиники с поломками, в конце — ни потери (длинная — bench/faults.py)."""

from pathlib import Path

import pytest

from bench.campaign.losses import Losses
from bench.campaign.run import play
from bench.campaign.saboteur import SABOTAGES

#: Тишина наступает сама; за какое время — меряет bench/faults.py: машина проверок бывает занята другим.
PATIENCE = 400.0

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("campaign")]


@pytest.mark.usefixtures("redis_process")
@pytest.mark.parametrize("seed", [2, 6])
def test_a_day_under_faults_loses_doubles_and_moves_back_nothing(tmp_path: Path, seed: int) -> None:
    day = play(tmp_path, seed, rounds=1, faults=10, visits=5, longest=PATIENCE)
    assert day.differences == []
    assert day.losses == Losses()
    assert max(day.recovery) < PATIENCE
    assert day.events
    assert day.faults.total() == 10


def test_the_saboteur_knows_every_kind_of_trouble_of_the_assignment() -> None:
    assert len(SABOTAGES) >= 25
    assert all(sabotage.__doc__ for sabotage in SABOTAGES.values())
