"""Папки программы под Windows: занятый файл пережидается."""

from pathlib import Path

from installer.folders import place, remove, same


def test_open_file_of_windows_is_waited_for(tmp_path: Path) -> None:
    """Открытый файл не даёт ни заменить папку, ни удалить её."""
    new, target = filled(tmp_path / "new", "2"), filled(tmp_path / "1.0.0", "1")
    held = [(target / "a").open("rb")]
    place(new, target, lambda _: held.pop().close() if held else None)
    assert same(new, target)
    held = [(target / "a").open("rb")]
    remove(target, lambda _: held.pop().close() if held else None)
    assert not target.exists()


def filled(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "a").write_text(text, encoding="utf-8")
    return folder
