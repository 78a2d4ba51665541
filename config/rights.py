"""Права на файлы настроек, ключа и журналов: читает только учётная запись службы (ТЗ 4.2.5, 5.4 № 4).

POSIX — режим 0600 (папка 0700). Windows — список доступа: система, администраторы и текущая учётная запись,
наследование снято; всякий, кого нет среди известных, — посторонний.
"""

import hashlib
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config import windows

SYSTEM_SID, ADMINISTRATORS_SID = "S-1-5-18", "S-1-5-32-544"
#: Службы установки: у каждой своя виртуальная учётная запись ``NT SERVICE\имя``.
SERVICES = ("IdentBitrixRedis", "IdentBitrixNode", "IdentBitrixFlower")
#: Сокращения SDDL тех, кому доступ положен: имена групп на языке Windows в описателе не встречаются.
ALIASES = {"SY": SYSTEM_SID, "BA": ADMINISTRATORS_SID}
BUILT_IN_ADMINISTRATOR, BUILT_IN_RID = "LA", "-500"
EVERYONE = "S-1-1-0"
NO_LOGIN = 2**32 - 1
#: Как назвать частых посторонних; остальные названы своим SID.
TITLES = {
    "WD": "все",
    EVERYONE: "все",
    "BU": "пользователи",
    "AU": "прошедшие проверку",
    "BG": "гости",
    "LG": "гость",
    "AN": "анонимные",
    "IU": "вошедшие в систему",
    "NU": "вошедшие по сети",
    "DU": "пользователи домена",
    "DG": "гости домена",
    "AC": "приложения Магазина",
    "CO": "создатель файла",
}
#: Разрешающая запись SDDL любого вида: простая, объектная, условная.
ALLOWING = re.compile(r"\((?:A|OA|XA|ZA);([^;]*);([^;]*);[^;]*;[^;]*;([^;)]+)")
ACCESS = re.compile(r"D:(?P<flags>[A-Z_]*)(?P<entries>\(.*)?", re.DOTALL)
NO_LIST = "NO_ACCESS_CONTROL"
#: Права SDDL, которые ничего не меняют; биты, которые меняют (запись, удаление, смена прав и хозяина).
READING = frozenset({"FR", "FX", "GR", "GX", "RC", "CC", "SW", "WP", "LO"})
WRITE_MASK = 0x500D0156
INHERIT_ONLY = "IO"
TRUSTED_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
OWNER = re.compile(r"O:(S-[0-9-]+|[A-Z]{2})")


def ignore_key_log() -> None:
    """Забывает SSLKEYLOGFILE: с ней Python и OpenSSL писали бы ключи всех соединений в файл на виду."""
    os.environ.pop("SSLKEYLOGFILE", None)


def restrict(path: Path) -> None:
    """Закрывает файл или папку от чужих; не вышло — OSError."""
    if sys.platform == "win32":
        WindowsRights().restrict(path)
    else:
        path.chmod(0o700 if path.is_dir() else 0o600)


def strangers(path: Path) -> list[str]:
    """Возвращает, кому лишнему открыт файл или папка; пусто — всё закрыто. Нет файла — OSError."""
    if sys.platform == "win32":
        return WindowsRights().strangers(path)
    return open_modes(path.stat().st_mode)


@cache
def account_name() -> str:
    """Возвращает имя того, кто выполняет программу; окружению не верит: кем вошли, помнит ядро."""
    if sys.platform == "win32":
        return windows.account_name()
    import os
    import pwd

    uid = _login_uid()
    try:
        return pwd.getpwuid(os.geteuid() if uid is None else uid).pw_name
    except KeyError:
        return str(os.geteuid() if uid is None else uid)


def _login_uid() -> int | None:
    """Возвращает номер вошедшего в систему: sudo и su его не меняют; у служб его нет."""
    try:
        uid = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == NO_LOGIN else uid


def open_modes(mode: int) -> list[str]:
    """Возвращает, кому кроме владельца открыт файл POSIX."""
    found = (("группе", stat.S_IRWXG), ("всем", stat.S_IRWXO))
    return [who for who, bits in found if mode & bits]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"права на {command[1]} не изменились: icacls ответила кодом {done.returncode}")


@dataclass(frozen=True, slots=True)
class WindowsRights:
    """Права Windows: ставит их icacls, читает вызов системы — в нём нет ни языка, ни кодировки."""

    run: Callable[[Sequence[str]], None] = _run
    describe: Callable[[Path], str] = windows.descriptor
    sid: Callable[[], str] = windows.account_sid
    icacls: Callable[[], str] = lambda: str(windows.system_folder() / "icacls.exe")

    def restrict(self, path: Path) -> None:
        """Оставляет доступ системе, администраторам и тому, кто выполняет программу."""
        # Сброс первым: замена списка не тронула бы записей, сделанных файлу кем-то прежде.
        self.run([self.icacls(), str(path), "/reset", "/q"])
        # В закрытой папке установки файл наследует её список доступа: в нём есть и учётные записи служб.
        if not (path.is_file() and not self.strangers(path.parent)):
            self.run([self.icacls(), str(path), "/inheritance:r", *self._grants(path), "/q"])

    def strangers(self, path: Path) -> list[str]:
        """Возвращает, кому лишнему открыт файл или папка."""
        return outsiders(self.describe(path), [self.sid()])

    def writers(self, path: Path) -> list[str]:
        """Возвращает, кто сверх администраторов и нас может менять файл или папку."""
        return writers(self.describe(path), [self.sid()])

    def foreign_owner(self, path: Path) -> str | None:
        """Возвращает хозяина файла, если это не система, не администраторы и не мы сами."""
        found = OWNER.match(self.describe(path))
        owner = found[1] if found else "неизвестно кому"
        return None if owner in _known([self.sid()]) else TITLES.get(owner, owner)

    def _grants(self, path: Path) -> list[str]:
        inherited = "(OI)(CI)" if path.is_dir() else ""
        allowed = dict.fromkeys((SYSTEM_SID, ADMINISTRATORS_SID, self.sid()))
        return [part for who in allowed for part in ("/grant:r", f"*{who}:{inherited}F")]


def outsiders(sddl: str, own: Collection[str]) -> list[str]:
    """Возвращает, кому описатель Windows (SDDL) даёт доступ сверх положенного.

    Положен он системе, администраторам, нашим службам и ``own``; списка нет вовсе — файл открыт всем.
    """
    known = {*_known(own), *map(service_sid, SERVICES)}
    return _titled(who for _, _, who in _allowing(sddl) if who not in known)


def writers(sddl: str, own: Collection[str]) -> list[str]:
    """Возвращает, кто сверх администраторов и своих может менять файл или папку."""
    known = {*_known(own), TRUSTED_INSTALLER}
    found = ((who, rights) for flags, rights, who in _allowing(sddl) if INHERIT_ONLY not in flags)
    return _titled(who for who, rights in found if who not in known and _writes(rights))


def _writes(rights: str) -> bool:
    if rights.startswith("0x"):
        return bool(int(rights, 16) & WRITE_MASK)
    return not {rights[place : place + 2] for place in range(0, len(rights), 2)} <= READING


def _allowing(sddl: str) -> list[tuple[str, str, str]]:
    """Возвращает разрешающие записи: признаки, права, кому; списка нет — всё разрешено всем."""
    access = ACCESS.search(sddl)
    if access is None or NO_LIST in access["flags"]:
        return [("", "FA", EVERYONE)]
    return ALLOWING.findall(access["entries"] or "")


def _titled(sids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(TITLES.get(sid, sid) for sid in sids))


def _known(own: Collection[str]) -> set[str]:
    """Возвращает SID системы, администраторов и своих; встроенный администратор в SDDL назван сокращением."""
    built_in = {BUILT_IN_ADMINISTRATOR} if any(sid.endswith(BUILT_IN_RID) for sid in own) else set()
    return {*ALIASES, *ALIASES.values(), *own, *built_in}


def service_sid(name: str) -> str:
    """Возвращает SID виртуальной учётной записи службы: Windows выводит его из имени."""
    digest = hashlib.sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    parts = (int.from_bytes(digest[place : place + 4], "little") for place in range(0, 20, 4))
    return "-".join(["S-1-5-80", *map(str, parts)])
