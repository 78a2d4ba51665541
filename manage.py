#!/usr/bin/env python3
"""Единая точка входа: ставит окружение и передаёт команду интеграции. Нужен только Python 3.11–3.15.

python manage.py demo     демонстрация: клиника, портал и интеграция на этом компьютере
python manage.py test     все проверки
python manage.py --help   остальные команды
"""

import hashlib
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
#: Наборы зависимостей: каждый следующий включает предыдущий.
LEVELS = ("runtime", "demo", "dev")
LEVEL_OF = {
    "demo": "demo",
    "docs": "dev",
    "test": "dev",
    "bench": "dev",
    "locks": "dev",
    "package": "package",
}
#: Пакет собирается в своём окружении: в нём нет ничего, чему не место в клинике.
OWN_PLACES = {"package": ROOT / ".venv-package"}
POINTER = "_ident_bitrix24.pth"
MINIMUM, TOO_NEW = (3, 11), (3, 16)
HELP = frozenset({"-h", "--help"})
NETWORK = re.compile(r"Retrying \(|ConnectionError|Temporary failure|timed out|ProxyError|SSLError|SSLCert")
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class NotInstalled(Exception):
    """Окружение не встало; текст говорит человеку, что ответил pip и что сделать."""


def main(arguments: list[str]) -> int:
    """Готовит окружение и передаёт ему команду; справку и отказ печатает, ничего не ставя."""
    from cli.console import speak_utf8

    speak_utf8()
    if not MINIMUM <= sys.version_info[:2] < TOO_NEW:
        found = ".".join(map(str, sys.version_info[:2]))
        print(f"Нужен Python от 3.11 до 3.15, а это {found}: поставьте подходящий.", file=sys.stderr)
        return 2
    if needs_no_environment(arguments):
        return told(arguments)
    if code := misunderstood(arguments):
        return code
    try:
        place = prepare(level_for(arguments))
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nПрервано. Следующий запуск продолжит установку.", file=sys.stderr)
        return 130
    return hand_over(place, arguments)


def needs_no_environment(arguments: Sequence[str]) -> bool:
    """Отвечает, что команде хватит голого Python: спрашивают справку или названа незнакомая команда."""
    from cli.commands import COMMANDS

    return not arguments or arguments[0] not in COMMANDS or not HELP.isdisjoint(arguments)


def told(arguments: list[str]) -> int:
    """Отвечает голым Python: модули команд грузят зависимости только для работы."""
    from cli.__main__ import main as answer

    try:
        return answer(arguments)
    except SystemExit as stop:  # так кончается справка argparse
        return int(stop.code or 0)


def misunderstood(arguments: Sequence[str]) -> int:
    """Возвращает код отказа, если ключи негодны: их проверяет голый Python, пока ничего не поставлено."""
    from cli.arguments import Arguments

    command = importlib.import_module(f"cli.{arguments[0].replace('-', '_')}")
    Arguments.only_understand = True
    try:
        command.main(list(arguments[1:]))
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        Arguments.only_understand = False
    return 0


def level_for(arguments: Sequence[str]) -> str:
    """Возвращает набор зависимостей, который нужен команде."""
    command = next((item for item in arguments if not item.startswith("-")), "")
    return LEVEL_OF.get(command, "runtime")


def prepare(level: str) -> Path:
    """Ставит окружение, если его нет или изменился список зависимостей; возвращает его папку."""
    place = OWN_PLACES.get(level, VENV)
    wanted = level if level in OWN_PLACES else max(level, installed_level(), key=LEVELS.index)
    target = {"level": wanted, "digest": lock_digest(wanted), "root": str(ROOT)}
    if stamp(place) == target:
        return place
    if not usable(place):
        create(place)
    mark(place).unlink(missing_ok=True)
    install(place, wanted)
    mark(place).write_text(json.dumps(target), encoding="utf-8")
    return place


def usable(place: Path) -> bool:
    """Отвечает, годится ли окружение: сделано этим Python в этой папке, и pip в нём цел."""
    try:
        made = re.search(r"^version\w* = (\d+)\.(\d+)", (place / "pyvenv.cfg").read_text("utf-8"), re.M)
    except OSError:
        return False
    same = made is not None and tuple(map(int, made.groups())) == sys.version_info[:2]
    if not same or stamp(place).get("root", str(ROOT)) != str(ROOT) or not python(place).exists():
        return False
    return not subprocess.run([*pip(place), "--version"], capture_output=True, check=False).returncode


def create(place: Path) -> None:
    """Делает пустое окружение; недоделанное убирает."""
    if importlib.util.find_spec("ensurepip") is None:
        found = ".".join(map(str, sys.version_info[:2]))
        raise NotInstalled(
            "В этом Python нет модуля ensurepip, окружение не сделать. На Debian и Ubuntu поставьте пакет "
            f"python{found}-venv и запустите снова."
        )
    say(f"Готовлю окружение {place.name} …")
    try:
        venv.create(place, with_pip=True, clear=place.exists())
    except subprocess.CalledProcessError as error:
        said = (error.output or b"").decode("utf-8", "replace")
        shutil.rmtree(place, ignore_errors=True)
        raise NotInstalled(f"{said}Окружение {place} не сделалось; выше — ответ Python.") from None


def install(place: Path, level: str) -> None:
    """Ставит ровно то, что в списке, сверяя контрольные суммы и ничего не подбирая; затем сам проект."""
    lock = lock_file(level)
    names = re.findall(r"^([\w.-]+)==", lock.read_text("utf-8"), re.M)
    if left := strangers(place, names):  # от прежнего списка: их программы заслонили бы нынешние
        watch(run_pip(place, "uninstall", "--yes", *left), ())
    say(f"Ставлю зависимости ({level}, до {len(names)} пакетов); при первом запуске это минута-другая …")
    common = ("install", "--no-deps", "--progress-bar", "off", "--disable-pip-version-check")
    watch(run_pip(place, *common, "--only-binary", ":all:", "--require-hashes", "-r", str(lock)), names)
    # Зависимостей у проекта уже нет, сборщик стоит: сеть не нужна.
    watch(run_pip(place, *common, "--no-index", "--no-build-isolation", "--editable", str(ROOT)), ())
    if os.name == "nt" and sys.version_info < (3, 13):
        (place / "Lib" / "site-packages" / POINTER).write_text(pointer(ROOT), encoding="ascii")
    watch(run_pip(place, "check", "--disable-pip-version-check"), ())


def pointer(root: Path) -> str:
    """Возвращает указатель на проект одними знаками ASCII.

    Указатели (.pth) pip пишет в UTF-8, а Python до 3.13 читает в кодировке Windows: папки с кириллицей он
    бы не нашёл.
    """
    return f"import sys; sys.path.append({str(root)!a})\n"


def strangers(place: Path, names: Sequence[str]) -> list[str]:
    """Возвращает пакеты окружения, которых нет в списке."""
    answer = run_pip(place, "list", "--format", "freeze", "--disable-pip-version-check")
    found = re.findall(r"^([\w.-]+)==", "\n".join(answer), re.M)
    ours = {plain(name) for name in (*names, "pip", "setuptools", "wheel", "ident-bitrix24")}
    return [name for name in found if plain(name) not in ours]


def plain(name: str) -> str:
    """Возвращает имя пакета так, как его сравнивает pip."""
    return re.sub(r"[-_.]+", "-", name).lower()


def run_pip(place: Path, *arguments: str) -> Iterator[str]:
    """Выполняет pip и отдаёт его строки; неудача — NotInstalled с концом его ответа без паролей."""
    environment = {**os.environ, "PYTHONUTF8": "1", "PIP_NO_INPUT": "1", "PYTHONUNBUFFERED": "1"}
    said: list[str] = []
    with subprocess.Popen(
        [*pip(place), *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            said.append(CREDENTIALS.sub("***@", line.rstrip()))
            yield said[-1]
    if process.returncode:
        raise NotInstalled("\n".join(["", *said[-15:], "", advice("\n".join(said))]))


def advice(said: str) -> str:
    """Возвращает, что делать: сеть виновата, только если на неё жалуется сам pip."""
    if NETWORK.search(said):
        return (
            "Зависимости не поставились: pip не дозвался каталога пакетов. Проверьте сеть и запустите снова."
        )
    if "No matching distribution" in said:
        return (
            "Зависимости не поставились: для этой системы или этого Python нет готового пакета (имя — выше)."
        )
    return "Зависимости не поставились; выше — ответ pip. Следующий запуск продолжит с этого места."


def watch(lines: Iterator[str], names: Sequence[str]) -> None:
    """Показывает ход установки: сколько пакетов получено из скольких."""
    total, done, shown = len(names), 0, time.monotonic()
    live = sys.stderr.isatty()
    for line in lines:
        if line.startswith("Ignoring "):  # строка списка для другой системы
            total -= 1
        elif line.startswith(("Collecting ", "Processing ")):  # из каталога или из папки колёс
            done += 1
            if live:
                print(
                    f"\r\033[K  получено {done} из {total}: {Path(line.split()[1]).name}",
                    end="",
                    file=sys.stderr,
                    flush=True,
                )
            elif time.monotonic() - shown > 5:
                say(f"  получено {done} из {total}")
                shown = time.monotonic()
        elif line.startswith("Installing collected") and names:
            say(("\r\033[K" if live else "") + f"  получено {done} из {total}; раскладываю …")


def say(text: str) -> None:
    """Говорит человеку, чем занята установка; вывод команды остаётся чистым."""
    print(text, file=sys.stderr, flush=True)


def mark(place: Path) -> Path:
    """Возвращает файл отметки: что в окружении уже стоит."""
    return place / "installed.json"


def stamp(place: Path) -> dict[str, str]:
    """Возвращает, что уже поставлено; прерванная установка отметки не оставляет."""
    try:
        found: dict[str, str] = json.loads(mark(place).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if python(place).exists() else {}


def installed_level() -> str:
    """Возвращает поставленный набор: больший не заменяется меньшим."""
    level = stamp(VENV).get("level", LEVELS[0])
    return level if level in LEVELS else LEVELS[0]


def lock_file(level: str) -> Path:
    """Возвращает список зависимостей набора."""
    return ROOT / "requirements" / f"{level}.lock"


def lock_digest(level: str) -> str:
    """Возвращает след списка зависимостей, описания проекта и версии Python."""
    content = lock_file(level).read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    return hashlib.sha256(content + repr(sys.version_info[:2]).encode()).hexdigest()


def python(place: Path) -> Path:
    """Возвращает Python окружения."""
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pip(place: Path) -> tuple[str, ...]:
    """Возвращает начало команды pip окружения."""
    return (str(python(place)), "-m", "pip")


def hand_over(place: Path, arguments: list[str]) -> int:
    """Передаёт команду Python окружения; на Windows ждёт его и возвращает его код."""
    environment = {**os.environ, "PYTHONUTF8": "1"}
    # -P: модули ищутся в окружении, где стоит проект, а не в текущей папке.
    command = [str(python(place)), "-P", "-m", "cli", *arguments]
    if os.name != "nt":
        os.execve(command[0], command, environment)
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
