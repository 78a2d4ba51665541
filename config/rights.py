"""Права на файлы настроек, ключа и журналов: читает только учётная запись службы (ТЗ 4.2.5, 5.4 № 4).

POSIX — режим 0600 (папка 0700). Windows — список доступа: система, администраторы и текущая учётная запись,
наследование снято. Команды Windows и разбор их ответа проверены здесь с подделкой запуска, не на Windows.
"""

import getpass
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

Run = Callable[[Sequence[str]], None]

SYSTEM_SID, ADMINISTRATORS_SID = "*S-1-5-18", "*S-1-5-32-544"
#: Кому в SDDL доступа быть не должно: имя группы не зависит от языка Windows.
BROAD = {
    "WD": "все",
    "BU": "пользователи",
    "AU": "прошедшие проверку",
    "BG": "гости",
    "AN": "анонимные",
    "IU": "вошедшие в систему",
}
ALLOWED_ENTRY = re.compile(r"\(A;[^;]*;[^;]*;[^;]*;[^;]*;([^;)]+)[^)]*\)")


def restrict(path: Path, run: Run | None = None, platform: str = sys.platform) -> None:
    """Закрывает файл или папку от чужих."""
    if platform == "win32":
        chosen = run or _run
        closed = path.is_file() and not strangers(path.parent, chosen, platform)
        # В закрытой папке установки файл наследует её список доступа: в нём есть и учётные записи служб.
        chosen(inheriting_command(path) if closed else restricting_command(path))
    else:
        path.chmod(0o700 if path.is_dir() else 0o600)


def restricting_command(path: Path, account: str | None = None) -> list[str]:
    """Возвращает команду Windows, оставляющую доступ системе, администраторам и учётной записи."""
    inherited = "(OI)(CI)" if path.is_dir() else ""
    allowed = (SYSTEM_SID, ADMINISTRATORS_SID, account or getpass.getuser())
    grants = [part for name in allowed for part in ("/grant:r", f"{name}:{inherited}F")]
    return ["icacls", str(path), "/inheritance:r", *grants, "/q"]


def inheriting_command(path: Path) -> list[str]:
    """Возвращает команду Windows, оставляющую файлу доступ его папки."""
    return ["icacls", str(path), "/reset", "/q"]


def strangers(path: Path, run: Run | None = None, platform: str = sys.platform) -> list[str]:
    """Возвращает, кому лишнему открыт файл или папка; пусто — всё закрыто. Нет файла — OSError."""
    if platform == "win32":
        return broad_access(_sddl(path, run or _run))
    return open_modes(path.stat().st_mode)


def open_modes(mode: int) -> list[str]:
    """Возвращает, кому кроме владельца открыт файл POSIX."""
    found = (("группе", stat.S_IRWXG), ("всем", stat.S_IRWXO))
    return [who for who, bits in found if mode & bits]


def broad_access(sddl: str) -> list[str]:
    """Возвращает широкие группы, которым описатель Windows (SDDL) даёт доступ."""
    given = dict.fromkeys(ALLOWED_ENTRY.findall(sddl))
    return [BROAD[sid] for sid in given if sid in BROAD]


def _sddl(path: Path, run: Run) -> str:
    """Спрашивает у Windows описатель доступа: icacls пишет его в файл, на экран — на языке системы."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "acl.txt"
        run(["icacls", str(path), "/save", str(saved), "/q"])
        return saved.read_text(encoding="utf-16")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"{os.path.basename(command[0])} не изменила права: код {done.returncode}")
