"""Окно и потоки программы: одна кодировка везде, цвета — только там, где их поймут."""

import os
import sys
from typing import Any


def speak_utf8() -> None:
    """Переводит потоки программы на UTF-8: собранная программа и Python с PYTHONUTF8=0 сами этого не делают.

    Иначе вывод в файл или в другую программу шёл бы в кодировке системы (cp1251, cp866, ASCII) и кончался бы
    сбоем на первой же букве, которой в ней нет.
    """
    for stream, errors in ((sys.stdin, "strict"), (sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors=errors)


def coloured(stream: Any = None, platform: str = sys.platform) -> bool:
    """Отвечает, поймёт ли окно цвета: не файл, не NO_COLOR, не старая консоль Windows."""
    shown = stream or sys.stdout
    if not shown.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return False
    if platform == "win32":
        from config.windows import paint_console

        return paint_console()
    return True
