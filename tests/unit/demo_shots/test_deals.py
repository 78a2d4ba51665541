"""Какие сделки показываются на снимках и какие снимки делаются."""

import json
import re

import pytest

from cli.docs.blocks import ROOT
from demo.shots.deals import FIELD, examples


def deal(number: int, *plans: list[int], services: str = "Лечение кариеса") -> dict[str, object]:
    """Возвращает сделку с планами; план — состояния его строк."""
    stages = [[["Терапия", 0, [["", "Услуга", 1, 0, 0, 0, status] for status in plan]]] for plan in plans]
    text = json.dumps({"plans": [{"stages": stage} for stage in stages]}) if plans else ""
    return {
        "ID": str(number),
        "UF_CRM_RECEPTION_ID": f"F1_{number}",
        "UF_CRM_SERVICES": services,
        FIELD: text,
    }


def test_the_plan_with_most_different_states_is_shown() -> None:
    found = examples([deal(1, [0, 0, 0, 0]), deal(2, [0, 1, 2]), deal(3, [0], [1]), deal(4)])
    assert (found.one, found.several, found.none) == (2, 3, 4)


def test_card_is_that_of_the_deal_with_one_plan() -> None:
    found = examples([deal(1, [0, 1]), deal(3, [0], [1]), deal(4)])
    assert found.card == found.one == 1


def test_deal_of_a_person_without_a_reception_is_not_shown() -> None:
    foreign = {**deal(1, [0, 1, 2]), "UF_CRM_RECEPTION_ID": ""}
    assert examples([foreign, deal(2, [0]), deal(3, [0], [1]), deal(4)]).one == 2


def test_clinic_without_examples_is_an_error() -> None:
    with pytest.raises(ValueError):
        examples([deal(1, [0])])


def test_every_shot_of_the_album_lies_among_the_pictures() -> None:
    text = (ROOT / "demo" / "shots" / "album.py").read_text(encoding="utf-8")
    names = set(re.findall(r'Shot\(\s*"([\w-]+)"', text))
    assert len(names) >= 14
    assert [name for name in names if not (ROOT / "docs" / "images" / f"{name}.png").is_file()] == []


def test_pictures_are_compact() -> None:
    assert sum(path.stat().st_size for path in (ROOT / "docs" / "images").iterdir()) < 3_500_000
