"""Замена файла целиком: при сбое цел прежний; владелец и права остаются прежними."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from config.rights import restrict


def replace_text(path: Path, text: str) -> None:
    """Заменяет текст файла или пишет новый; и черновик, и новый файл не открыты никому ни на миг."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        restrict(draft)  # режима 0600 Windows не знает: новый файл открыт всем, кому открыта папка
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if not path.exists():
        os.replace(draft, path)
    elif sys.platform == "win32":
        _replace_on_windows(path, draft)
    else:
        shutil.copymode(path, draft)
        adopt(draft, path)
        os.replace(draft, path)


def adopt(path: Path, like: Path) -> None:
    """Отдаёт файл владельцу другого: записанное администратором должна читать служба."""
    if sys.platform != "win32":  # там владельца заменяет список доступа папки
        known = like.stat()
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)  # подменённый ссылкой никому не отдаётся
        with suppress(PermissionError), os.fdopen(descriptor):  # чужому владельцу файл отдаёт только root
            os.fchown(descriptor, known.st_uid, known.st_gid)


def _replace_on_windows(path: Path, draft: Path) -> None:
    """Заменяет файл, сохраняя его список доступа; проверено только типами: Windows здесь нет."""
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  # есть только на Windows
    if not kernel.ReplaceFileW(str(path), str(draft), None, 0x2, None, None):
        raise OSError(f"файл {path.name} занят: закройте его в редакторе и повторите")
