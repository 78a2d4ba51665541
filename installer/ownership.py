"""Владение папками Linux: root забирает их у службы и отдаёт обратно, не ходя по ссылкам.

Службы считаются взломанными: в их папках могут лежать ссылки на чужие файлы. Поэтому каждый файл открывается
от своей папки и без перехода по ссылке, а меняется владелец у открытого, а не у имени.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from installer.ports import InstallError

CLOSED = 0o700


def take(*folders: Path) -> None:
    """Забирает у службы папки со всем, что внутри; лежит там не только простое — не трогает ни одной."""
    there = [folder for folder in folders if folder.exists() or folder.is_symlink()]
    for change in (_look, _take):
        for folder in there:
            with _opened(folder) as descriptor:
                change(descriptor, folder)


def give(folder: Path, uid: int, gid: int) -> None:
    """Отдаёт папку и всё в ней; сама папка — последней, чтобы раньше времени в ней ничего не подменили."""
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(folder) as descriptor:
        _give(descriptor, folder, (uid, gid))


def close(folder: Path) -> None:
    """Оставляет папку root: её содержимого не трогает, но войти в неё больше никто не может."""
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(folder) as descriptor:
        os.fchown(descriptor, 0, 0)
        os.fchmod(descriptor, CLOSED)


def _look(descriptor: int, place: Path) -> None:
    for inner, path in _inside(descriptor, place):
        if _is_folder(inner):
            _look(inner, path)


def _take(descriptor: int, place: Path) -> None:
    os.fchown(descriptor, 0, 0)
    for inner, path in _inside(descriptor, place):
        if _is_folder(inner):
            _take(inner, path)


def _give(descriptor: int, place: Path, owner: tuple[int, int]) -> None:
    if _is_folder(descriptor):
        for inner, path in _inside(descriptor, place):
            _give(inner, path, owner)
        os.fchmod(descriptor, CLOSED)
    os.fchown(descriptor, *owner)


def _inside(descriptor: int, place: Path) -> Iterator[tuple[int, Path]]:
    """Открывает по очереди всё, что лежит в папке; исчезнувшее тем временем пропускает."""
    for name in sorted(os.listdir(descriptor)):
        with suppress(FileNotFoundError), _opened(place / name, name, descriptor) as inner:
            yield inner, place / name


@contextmanager
def _opened(path: Path, name: str | None = None, parent: int | None = None) -> Iterator[int]:
    """Открывает папку или простой файл с единственным именем; ссылка и всё прочее — InstallError."""
    try:
        descriptor = os.open(name or path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InstallError(_refusal(path)) from error
    try:
        found = os.fstat(descriptor)
        if not (stat.S_ISREG(found.st_mode) and found.st_nlink == 1) and not _is_folder(descriptor):
            raise InstallError(_refusal(path))
        yield descriptor
    finally:
        os.close(descriptor)


def _is_folder(descriptor: int) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


def _refusal(path: Path) -> str:
    return f"{path} — не простой файл: сам он там не появляется. Выясните, чей он, удалите и повторите."
