"""Почему проверка не идёт под Windows: закрытый список, по слову на причину.

Проверка называет причину пометкой ``@pytest.mark.windows_cannot("слово")``; другой пропуск под Windows —
провал (``test_suites.py``).
"""

import ctypes
import sys

import pytest

REASONS = {
    "posix": "проверяет устройство POSIX: режимы файлов, сигналы, fork, /proc, /dev",
    "systemd": "проверяет службы Linux",
    "wine": "Wine этого не умеет, Windows умеет: на ней проверка пойдёт",
}


def skip_on_windows(items: list[pytest.Item], platform: str = sys.platform) -> None:
    """Пропускает то, чему под этой Windows не пройти."""
    for item in items:
        mark = item.get_closest_marker("windows_cannot")
        if mark is None:
            continue
        (reason,) = mark.args
        if reason not in REASONS:
            raise pytest.UsageError(f"{item.nodeid}: причины «{reason}» нет в tests/windows/reasons.py")
        if platform == "win32" and (reason != "wine" or under_wine()):
            item.add_marker(pytest.mark.skip(reason=reason))


def under_wine() -> bool:
    """Отвечает, не Wine ли эта Windows."""
    return hasattr(getattr(ctypes, "windll").ntdll, "wine_get_version")  # noqa: B009
