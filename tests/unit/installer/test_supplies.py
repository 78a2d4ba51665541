"""Чужие программы: только файл с записанной суммой; ничего не скачивается."""

import re
from pathlib import Path

import pytest

from deploy.package.supplies import gather
from installer.answers import parse_answers, read_answers
from installer.ports import InstallError
from installer.supplies import LIST, OWN_LIST, SupplyError, checked, digest, supplies


def test_missing_program_says_where_to_take_it(tmp_path: Path) -> None:
    with pytest.raises(SupplyError, match="ничего не скачивает") as refusal:
        checked(tmp_path, "winsw")
    assert "github.com/winsw/winsw" in str(refusal.value)


def test_missing_program_is_no_traceback_for_the_installer() -> None:
    assert issubclass(SupplyError, InstallError)


def test_changed_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / supplies()[0].file).write_bytes(b"not the one")
    with pytest.raises(SupplyError, match="не тот"):
        checked(tmp_path, supplies()[0].key)
    with pytest.raises(SupplyError, match="не тот"):
        gather(tmp_path)


def test_list_of_the_folder_moves_the_version_without_touching_the_program(tmp_path: Path) -> None:
    """Администратор ставит исправленный Redis сам: меняется список, а не код."""
    path = tmp_path / "Redis-7.2.99-Windows-x64-msys2.zip"
    path.write_bytes(b"the fixed one")
    text = OWN_LIST.read_text(encoding="utf-8").replace("7.2.16", "7.2.99")
    (tmp_path / LIST).write_text(
        re.sub(r'"bcbfda\w+"', f'"{digest(path).upper()}"', text), encoding="utf-8-sig"
    )
    assert checked(tmp_path, "redis") == path
    path.write_bytes(b"another")
    with pytest.raises(SupplyError, match="не тот"):
        checked(tmp_path, "redis")


@pytest.mark.parametrize("text", ["[[supply]\n", "x = 1\n", '[[supply]]\nkey = "redis"\n'])
def test_broken_list_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / LIST).write_text(text, encoding="utf-8")
    with pytest.raises(SupplyError, match=r"supplies\.toml"):
        checked(tmp_path, "redis")


def test_package_without_supplies_names_them() -> None:
    assert gather(None) == ([], list(supplies()))


def test_every_supply_has_a_whole_sum_and_a_licence() -> None:
    assert all(re.fullmatch("[0-9a-f]{64}", supply.sha256) for supply in supplies())
    assert all(supply.licence and supply.source for supply in supplies())


def test_redis_is_not_older_than_the_last_known_mending() -> None:
    """CVE-2025-49844 исправлена в 7.2.11, ошибки 2026 года — в 7.2.14–7.2.16."""
    redis = next(supply for supply in supplies() if supply.key == "redis")
    version = re.search(r"(\d+)\.(\d+)\.(\d+)", redis.file)
    assert version is not None
    assert tuple(map(int, version.groups())) >= (7, 2, 16)


def test_unknown_answer_is_named() -> None:
    with pytest.raises(InstallError, match=r"redis_prot"):
        parse_answers({"install": {"redis_prot": 1}})


def test_absent_answers_are_named(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="ответы"):
        read_answers(tmp_path / "ответы.toml")


def test_example_of_answers_is_understood() -> None:
    example = OWN_LIST.with_name("answers.example.toml")
    answers = read_answers(example)
    assert answers.install.redis == "own"
    assert set(answers.settings) == {"portal", "databases", "branches"}
