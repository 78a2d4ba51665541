"""Сборка программы PyInstaller: папка с исполняемым файлом, Python внутри (ТЗ 2.2).

Один файл (``--onefile``) не годится: он запускает два процесса и распаковывается при каждом старте.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from deploy.package.contents import DATA, DESCRIBED, DEVELOPMENT, MODULES, OURS, PROGRAM, UNUSED, WHOLE
from deploy.package.staging import stage

ENTRY = Path(__file__).with_name("entry.py")


class BuildError(Exception):
    """Программа не собралась; текст — конец вывода сборщика."""


def build_program(root: Path, work: Path) -> Path:
    """Собирает программу и возвращает её папку."""
    sources = work / "sources"
    stage(root, sources)
    # Вход лежит среди заготовки: рядом с настоящими исходниками сборщик взял бы их.
    entry = shutil.copy(ENTRY, sources / "program.py")
    command = [sys.executable, "-m", "PyInstaller", *arguments(sources, work), str(entry)]
    # Модули берутся только из заготовки: путь к исходникам в окружении увёл бы сборщик к ним.
    done = subprocess.run(
        command,
        cwd=sources,
        env={**os.environ, "PYTHONPATH": str(sources), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    (work / "build.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise BuildError("\n".join((done.stdout + done.stderr).splitlines()[-15:]))
    return work / "dist" / PROGRAM


def arguments(sources: Path, work: Path) -> list[str]:
    """Возвращает ключи PyInstaller."""
    return [
        "--noconfirm",
        "--onedir",
        "--console",
        # Собранная программа не смотрит на PYTHONUTF8: режим UTF-8 закладывается в неё.
        *("--python-option", "X utf8"),
        *("--name", PROGRAM),
        *("--distpath", str(work / "dist")),
        *("--workpath", str(work / "build")),
        *("--specpath", str(work)),
        *("--paths", str(sources)),
        *_each("--collect-submodules", (*OURS, *WHOLE)),
        *_each("--collect-data", ("flower", "apprise")),
        *_each("--hidden-import", MODULES),
        *_each("--copy-metadata", DESCRIBED),
        *_each("--exclude-module", (*UNUSED, *DEVELOPMENT)),  # .pth окружения показывает и их
        *_each("--add-data", (f"{sources / source}:{place}" for source, place in DATA)),
    ]


def _each(option: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)
