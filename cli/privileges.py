"""Права команды: root выполняет её от имени того, чьи настройки, и ничего не оставляет в дампах памяти."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from config.rights import account_name


def become_owner(folder: Path) -> str | None:
    """Отдаёт права root владельцу папки настроек и возвращает его имя; отдавать нечего — None.

    Настройки, журналы и состояние принадлежат учётной записи служб, и под root в них нельзя ни читать, ни
    писать: ссылкой на их месте она увела бы root к чужому файлу, а настройками — к своему коду.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    try:
        owner = folder.stat()
    except OSError:
        return None
    if owner.st_uid == 0:
        return None
    account_name()  # пока ещё видно, кто выполняет команду на самом деле: его назовёт журнал безопасности
    os.setgroups([owner.st_gid])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    os.umask(0o077)
    return _name_of(owner.st_uid)


def forbid_dumps() -> None:
    """Запрещает снимки памяти упавшей программы: в ней открытые секреты и люди."""
    if sys.platform == "win32":
        from config.windows import forbid_reports

        forbid_reports()
        return
    import resource

    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _name_of(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
