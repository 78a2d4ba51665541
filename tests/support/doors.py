"""Чужая среда: голое окружение, свежая копия проекта, другие версии Python."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sys.executable).parent
#: Без каталогов пользователя и pyenv: только система.
SYSTEM = "/usr/bin:/bin"
MINORS = ("3.11", "3.12", "3.13", "3.14", "3.15")


def bare(home: Path, *first: Path) -> dict[str, str]:
    """Возвращает среду ``env -i`` с одними PATH и HOME; названные папки стоят в PATH первыми."""
    return {"PATH": ":".join([*map(str, first), SYSTEM]), "HOME": str(home)}


def fresh_copy(folder: Path) -> Path:
    """Возвращает копию проекта без окружения и состояния: то, что дал бы git clone."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def pythons() -> Mapping[str, Path]:
    """Возвращает по одному Python каждой версии: того выпуска, чей pip самый старый."""
    places = [Path("/usr/bin"), Path("/usr/local/bin")]
    kept = Path.home() / ".pyenv" / "versions"
    if kept.is_dir():
        places += [version / "bin" for version in kept.iterdir()]
    own = {f"{sys.version_info[0]}.{sys.version_info[1]}": Path(sys._base_executable)}  # type: ignore[attr-defined]
    for minor in MINORS:
        brought = {path: _pip(path) for path in (place / f"python{minor}" for place in places)}
        if usable := [path for path, pip in brought.items() if pip]:
            own[minor] = min(usable, key=brought.__getitem__)
    return own


def _pip(python: Path) -> tuple[int, ...]:
    """Возвращает версию pip, которую принесёт этот Python; окружение им не сделать — пусто."""
    if not python.exists():
        return ()
    command = [str(python), "-c", "import ensurepip, venv; print(ensurepip.version())"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    return tuple(map(int, asked.stdout.strip().split("."))) if asked.returncode == 0 else ()


@contextmanager
def running(
    command: str, folder: Path, environment: Mapping[str, str], output: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Держит команду оболочки, как её написал бы человек; в конце убивает всё, что от неё осталось."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        left = family(process.pid)
        process.terminate()
        psutil.wait_procs(left, timeout=40)
        for one in left:
            if one.is_running():
                one.kill()
        process.wait()


def family(pid: int) -> list[psutil.Process]:
    """Возвращает процесс и всех его потомков."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def text_of(path: Path) -> str:
    """Возвращает вывод команды."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
