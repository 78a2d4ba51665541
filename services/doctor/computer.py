"""Осмотр компьютера: Python, диск, права файлов, секреты, драйвер базы."""

import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from config.loader import key_file_of
from config.rights import strangers
from config.secrets import SecretError
from services.doctor.findings import Finding, fail, ok, warn

if TYPE_CHECKING:
    from config.models import Settings

PYTHONS = ((3, 11), (3, 16))
DISK_WARN, DISK_FAIL = 0.90, 0.99


def python(version: Sequence[int] = sys.version_info[:3]) -> Iterator[Finding]:
    low, high = PYTHONS
    told = ".".join(map(str, version))
    if not low <= tuple(version[:2]) < high:
        yield fail("python", f"Python {told}", "Поставьте Python от 3.11 до 3.15 и переустановите службу")
        return
    bits = struct.calcsize("P") * 8
    if bits < 64:
        yield warn(
            "python", f"Python {told}, {bits} бита", "Поставьте 64-битный Python: памяти хватит надолго"
        )
        return
    yield ok("python", f"Python {told}, {bits} бита")


def disk(folders: Sequence[Path], used: Callable[[Path], float]) -> Iterator[Finding]:
    for folder in folders:
        share = used(folder)
        text = f"диск папки {folder} занят на {share:.0%}"
        if share >= DISK_FAIL:
            yield fail("disk", text, "Освободите место: журналы уже ограничены, Redis может остановиться")
        elif share >= DISK_WARN:
            yield warn("disk", text, "Освободите место, пока его хватает")
        else:
            yield ok("disk", text)


def rights(settings_path: Path, settings: "Settings") -> Iterator[Finding]:
    """Проверяет, что настройки, ключ, журналы и состояние закрыты от чужих (ТЗ 5.4 № 4)."""
    key_file = settings.security.key_file or key_file_of({}, settings_path.parent)
    places = (
        ("rights.settings", settings_path, "файл настроек"),
        ("rights.key", key_file, "файл ключа"),
        ("rights.journals", settings.journal.folder, "папка журналов"),
        ("rights.state", settings.node.state_dir, "папка состояния"),
    )
    for code, path, name in places:
        if path.exists():
            yield _closed(code, path, name)
    for path in _newest_journals(settings.journal.folder):
        if strangers(path):
            yield _closed("rights.journals", path, "журнал")


def _newest_journals(folder: Path) -> list[Path]:
    """Возвращает по свежему файлу каждого журнала: на Windows о каждом файле спрашивает отдельная команда."""
    found = (sorted(folder.glob(f"{prefix}_log_*.txt")) for prefix in ("integration", "security"))
    return [files[-1] for files in found if files]


def _closed(code: str, path: Path, name: str) -> Finding:
    found = strangers(path)
    if not found:
        return ok(code, f"{name} {path}: посторонним доступа нет")
    who = ", ".join(found)
    mode = "700" if path.is_dir() else "600"
    if sys.platform == "win32":
        advice = f'Закройте: icacls "{path}" /inheritance:r и доступ только службе, SYSTEM, администраторам'
    else:
        advice = f"Закройте: chmod {mode} {path}"
    return fail(code, f"{name} {path}: доступ есть у посторонних ({who})", advice)


def secrets(settings_path: Path, settings: "Settings") -> Iterator[Finding]:
    """Говорит, как лежат секреты: с открытыми и с заготовками настройки не загрузились бы (ТЗ 5.4 № 1).

    Ключ узла читает сам: без открытых секретов загрузка настроек его не трогает, а узел без него не встанет.
    """
    from config.loader import application_key, read_raw
    from config.models import Settings
    from config.plain import is_secret
    from config.schema import secret_values

    raw = read_raw(settings_path)
    plain = any(is_secret(place, value) for place, value in secret_values(raw, Settings))
    text = "портал-эмулятор на этом компьютере: прятать нечего" if plain else "секреты зашифрованы"
    yield ok("secrets", text)
    try:
        application_key(settings)
    except SecretError as error:
        yield fail("secrets", f"узел не поднимется: {error}", "Ключ — [security] key_file настроек")


def driver(settings: "Settings", installed: Callable[[], Sequence[str]]) -> Iterator[Finding]:
    """Проверяет драйверы ODBC баз SQL Server: названный в настройках или лучший из установленных."""
    from services.domain.errors import DatabaseError
    from services.ident.mssql import choose_driver

    named = dict.fromkeys(base.driver for base in settings.databases if base.type == "mssql")
    present = installed() if named else ()
    for name in named:
        try:
            chosen = name or choose_driver(present)
        except DatabaseError as error:
            yield fail(
                "driver", str(error), "Поставьте ODBC Driver 17 или 18 for SQL Server с сайта Microsoft"
            )
            continue
        if chosen in present:
            yield ok("driver", f"драйвер базы: {chosen}")
        else:
            text = (
                f"драйвер базы {chosen} из настроек не установлен; есть {', '.join(present) or 'ни одного'}"
            )
            yield fail("driver", text, "Установите его или сотрите драйвер (driver) {in_bases}")


def entities(paths: Sequence[Path]) -> Iterator[Finding]:
    """Проверяет, что файлы добавленных сущностей загружаются (СПЕЦ 3.5.2)."""
    from config.loader import ConfigError
    from services.extensions import load_entities

    try:
        found = load_entities(paths)
    except (ConfigError, SyntaxError, ImportError) as error:
        yield fail(
            "entities", f"добавленная сущность не загрузилась: {error}", "Исправьте по docs/extending.md"
        )
        return
    if found:
        yield ok("entities", f"добавленные сущности: {', '.join(found)}")
