"""Чужие программы: только файл с записанной суммой; ничего не скачивается."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.package.supplies import gather
from installer import supplies
from installer.answers import parse_answers, read_answers
from installer.ports import InstallError
from installer.supplies import SUPPLIES, SupplyError, checked, digest


def test_missing_program_says_where_to_take_it(tmp_path: Path) -> None:
    with pytest.raises(SupplyError, match="ничего не скачивает") as refusal:
        checked(tmp_path, "winsw")
    assert "github.com/winsw/winsw" in str(refusal.value)


def test_changed_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / SUPPLIES[0].file).write_bytes(b"not the one")
    with pytest.raises(SupplyError, match="не тот"):
        checked(tmp_path, SUPPLIES[0].key)
    with pytest.raises(SupplyError, match="не тот"):
        gather(tmp_path)


def test_right_program_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / SUPPLIES[0].file
    path.write_bytes(b"the one")
    known = replace(SUPPLIES[0], sha256=digest(path))
    monkeypatch.setattr(supplies, "SUPPLIES", (known, SUPPLIES[1]))
    assert checked(tmp_path, "winsw") == path


def test_package_without_supplies_names_them() -> None:
    assert gather(None) == ([], list(SUPPLIES))


def test_every_supply_has_a_whole_sum_and_a_licence() -> None:
    assert all(len(supply.sha256) == 64 and supply.licence and supply.source for supply in SUPPLIES)


def test_unknown_answer_is_named() -> None:
    with pytest.raises(InstallError, match=r"redis_prot"):
        parse_answers({"install": {"redis_prot": 1}})


def test_absent_answers_are_named(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="ответы"):
        read_answers(tmp_path / "ответы.toml")


def test_example_of_answers_is_understood() -> None:
    example = Path(supplies.__file__).parent / "templates" / "answers.example.toml"
    answers = read_answers(example)
    assert answers.install.redis == "own"
    assert set(answers.settings) == {"portal", "databases", "branches"}
