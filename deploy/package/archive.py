"""Архив пакета: программа, установщик, документы, чужие программы и контрольные суммы."""

import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from config.version import version
from deploy.package.bill import write_bill
from deploy.package.contents import PROGRAM
from deploy.package.papers import write_papers
from installer.package import write_sums
from installer.supplies import OWN_LIST
from installer.supplies import supplies as known_supplies

WINDOWS_SCRIPTS = ("install.ps1", "update.ps1", "uninstall.ps1")


def assemble(root: Path, program: Path, supplies: Sequence[Path], folder: Path, platform: str) -> None:
    """Раскладывает содержимое пакета в папку; прежнее стирается."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(program, folder / "program")
    if platform == "win32":
        for name in WINDOWS_SCRIPTS:
            shutil.copyfile(root / "deploy" / "windows" / name, folder / name)
    (folder / "supplies").mkdir()
    for path in (*supplies, OWN_LIST):
        shutil.copyfile(path, folder / "supplies" / path.name)
    shutil.copytree(root / "deploy" / "sql", folder / "sql")
    shutil.copyfile(
        root / "installer" / "templates" / "answers.example.toml", folder / "answers.example.toml"
    )
    write_papers(root, folder, platform)
    inside = [supply for supply in known_supplies() if (folder / "supplies" / supply.file).is_file()]
    write_bill(root, folder, version(), inside)
    write_sums(folder)


def pack(folder: Path, archive: Path) -> Path:
    """Сжимает папку в zip, сохраняя право на запуск."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as opened:
        for path in _files(folder):
            opened.write(path, Path(folder.name, path.relative_to(folder)).as_posix())
    return archive


def archive_name(version: str, platform: str = sys.platform) -> str:
    """Возвращает имя архива: программа, версия, система."""
    import platform as machine

    system = {"win32": "windows", "linux": "linux"}.get(platform, platform)
    kind = machine.machine().lower().replace("amd64", "x86_64")
    return f"{PROGRAM}-{version}-{system}-{kind}"


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names))


def unpack(archive: Path, folder: Path) -> Path:
    """Распаковывает архив, возвращая право на запуск; возвращает единственную папку внутри."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
        for entry in opened.infolist():
            if (entry.external_attr >> 16) & stat.S_IXUSR:
                (folder / entry.filename).chmod(0o755)
        top = opened.namelist()[0].split("/")[0]
    return folder / top
