"""Папки программы: ставятся целиком; занятое пережидается, но не вечно."""

from collections.abc import Callable
from pathlib import Path

import pytest

from installer.folders import PAUSES, persist, place, same, swap
from installer.ports import InstallError


def filled(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def busy(times: int) -> Callable[[], None]:
    """Возвращает действие, которому столько раз отказано."""
    left = [PermissionError(13, "занято")] * times

    def action() -> None:
        if left:
            raise left.pop()

    return action


def test_new_folder_takes_the_place_of_the_former(tmp_path: Path) -> None:
    new, former = filled(tmp_path / "new", a="2", b="3"), filled(tmp_path / "1.0.0", a="1", c="4")
    place(new, former)
    assert same(new, former)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.0.0", "new"]


def test_leftovers_of_a_broken_try_do_not_hinder(tmp_path: Path) -> None:
    new = filled(tmp_path / "package", a="2")
    filled(tmp_path / "1.0.0.new", a="half")
    filled(tmp_path / "1.0.0.old", a="former")
    place(new, tmp_path / "1.0.0")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.0.0", "package"]


@pytest.mark.parametrize("change", ["a", "c"])
def test_folders_with_other_files_are_not_the_same(tmp_path: Path, change: str) -> None:
    one, other = filled(tmp_path / "one", a="1"), filled(tmp_path / "other", a="1")
    assert same(one, other)
    (other / change).write_text("x", encoding="utf-8")
    assert not same(one, other)


def test_busy_folder_is_waited_for(tmp_path: Path) -> None:
    pauses: list[float] = []
    persist(busy(3), tmp_path, pauses.append)
    assert pauses == list(PAUSES[:3])


def test_folder_busy_for_half_a_minute_is_named(tmp_path: Path) -> None:
    pauses: list[float] = []
    with pytest.raises(InstallError, match="держит другая программа"):
        persist(busy(100), tmp_path, pauses.append)
    assert sum(pauses) == 30


def test_swap_that_fails_returns_the_former(tmp_path: Path) -> None:
    target = filled(tmp_path / "1.0.0", a="1")
    with pytest.raises(InstallError):
        swap(tmp_path / "не доставленная", target, lambda _: None)
    assert (target / "a").read_text(encoding="utf-8") == "1"
    assert list(tmp_path.iterdir()) == [target]
