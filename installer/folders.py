"""Папки программы: ставятся только целиком, чужие руки на них пережидаются."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from installer.ports import InstallError
from installer.supplies import digest

#: Сколько ждать перед каждой новой попыткой: антивирус и указатель Windows держат свежие файлы секунды.
PAUSES = (0.5, 1.0, 2.0, 4.0, 7.5, 15.0)

Pause = Callable[[float], None]


def same(one: Path, other: Path) -> bool:
    return other.is_dir() and contents(one) == contents(other)


def place(source: Path, target: Path, pause: Pause = time.sleep) -> None:
    draft = target.with_name(f"{target.name}.new")
    remove(draft, pause)
    shutil.copytree(source, draft)
    if os.name == "posix":
        _open_to_services(draft)
    swap(draft, target, pause)


def swap(draft: Path, target: Path, pause: Pause = time.sleep) -> None:
    """Ставит папку на место прежней: после любого сбоя там стоит целая — либо прежняя, либо новая."""
    former = target.with_name(f"{target.name}.old")
    remove(former, pause)
    if target.exists():
        persist(lambda: os.replace(target, former), target, pause)
    try:
        persist(lambda: os.replace(draft, target), target, pause)
    except InstallError:
        with suppress(OSError):
            os.replace(former, target)
        raise
    with suppress(InstallError):  # новая уже на месте; остаток прежней сотрёт следующая замена
        remove(former, pause)


def remove(folder: Path, pause: Pause = time.sleep) -> None:
    """Удаляет папку; нет её — ничего, занята и через полминуты — InstallError."""

    def once() -> None:
        if folder.exists():
            shutil.rmtree(folder)

    persist(once, folder, pause)


def persist(action: Callable[[], object], path: Path, pause: Pause) -> None:
    """Повторяет действие над папкой или файлом, пока его держит другая программа."""
    for seconds in (*PAUSES, None):
        try:
            action()
            return
        except OSError as error:
            if seconds is None:
                raise InstallError(
                    f"{path} держит другая программа ({error.strerror}): закройте её и повторите."
                ) from None
            pause(seconds)


def contents(folder: Path) -> Mapping[str, str]:
    """Возвращает файлы папки: имя от неё → SHA-256."""
    return {path.relative_to(folder).as_posix(): digest(path) for path in folder.rglob("*") if path.is_file()}


def _open_to_services(folder: Path) -> None:
    """Даёт службам читать программу, с какой бы маской прав её ни распаковали."""
    for path in (folder, *folder.rglob("*")):
        runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if runnable else 0o644)
