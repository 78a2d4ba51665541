"""Дописывание строк в общий файл несколькими процессами: строка уходит одним системным вызовом.

POSIX: файл открыт с O_APPEND, и ядро само ставит каждую запись в конец под замком файла: строки не рвутся
и не затирают друг друга. Windows: O_APPEND у библиотеки C — это «перейти в конец, потом записать», между
ними вклинится другой процесс; поэтому файл открывается с единственным правом FILE_APPEND_DATA — тогда
в конец пишет сама NTFS. Ветвь Windows проверена только типами: Windows здесь нет.
"""

import os
import stat
import sys
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def open_for_append(path: Path) -> int:
    """Открывает файл для дописывания (и создаёт его доступным только владельцу); сбой — OSError."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    if sys.platform == "win32":
        return _open_on_windows(path)
    # Ссылка на месте журнала увела бы запись в чужой файл, очередь (FIFO) — остановила бы её.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        _accept(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _accept(descriptor: int, path: Path) -> None:
    """Убеждается, что это простой файл с одним именем; созданный под root отдаёт владельцу папки."""
    found, folder = os.fstat(descriptor), path.parent.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise OSError(f"{path.name} — не простой файл: удалите его")
    if os.geteuid() == 0 and found.st_uid != folder.st_uid:
        os.fchown(descriptor, folder.st_uid, folder.st_gid)


def append(descriptor: int, line: str, end: str = os.linesep) -> int:
    """Дописывает строку одним вызовом и возвращает число байтов; записано не всё — OSError.

    Строки кончаются так, как принято в системе: Блокнот Windows Server 2016 иначе показал бы одну строку.
    """
    data = (line + end).encode("utf-8", errors="replace")
    written = os.write(descriptor, data)
    if written != len(data):
        raise OSError("на диске кончилось место: строка записана не целиком")
    return written


def is_still(descriptor: int, path: Path) -> bool:
    """Отвечает, тот ли это ещё файл: его могли удалить или переименовать."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def _open_on_windows(path: Path) -> int:
    import ctypes
    import msvcrt

    append_data, synchronize = 0x0004, 0x00100000
    share_all, open_always, normal = 0x7, 4, 0x80
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.CreateFileW.restype = ctypes.c_void_p
    handle = kernel.CreateFileW(
        str(path), append_data | synchronize, share_all, None, open_always, normal, None
    )
    if handle in (None, ctypes.c_void_p(-1).value):
        raise OSError(f"файл журнала {path.name} не открылся")
    return int(msvcrt.open_osfhandle(handle, 0))  # type: ignore[attr-defined,unused-ignore]
