#!/usr/bin/env python3
"""Единая точка входа: ставит окружение и передаёт команду интеграции. Нужен только Python 3.11–3.13.

python manage.py demo     демонстрация: клиника, портал и интеграция на этом компьютере
python manage.py test     все проверки
python manage.py --help   остальные команды
"""

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
#: Наборы зависимостей: каждый следующий включает предыдущий.
LEVELS = ("runtime", "demo", "dev")
LEVEL_OF = {"demo": "demo", "docs": "demo", "test": "dev", "bench": "dev"}
MINIMUM, TOO_NEW = (3, 11), (3, 14)


def main(arguments: list[str]) -> int:
    """Готовит окружение и передаёт ему команду."""
    if not MINIMUM <= sys.version_info[:2] < TOO_NEW:
        found = ".".join(map(str, sys.version_info[:2]))
        print(f"Нужен Python 3.11, 3.12 или 3.13, а это {found}: поставьте подходящий.", file=sys.stderr)
        return 2
    try:
        prepare(level_for(arguments))
    except subprocess.CalledProcessError:
        print("Зависимости не поставились: проверьте доступ к сети и запустите снова.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nПрервано. Следующий запуск продолжит установку.", file=sys.stderr)
        return 130
    return hand_over(arguments)


def level_for(arguments: list[str]) -> str:
    """Возвращает набор зависимостей, который нужен команде."""
    command = next((item for item in arguments if not item.startswith("-")), "")
    return LEVEL_OF.get(command, "runtime")


def prepare(level: str) -> None:
    """Ставит окружение, если его нет или изменился список зависимостей."""
    wanted = max(level, installed_level(), key=LEVELS.index)
    digest = lock_digest(wanted)
    if stamp() == {"level": wanted, "digest": digest}:
        return
    if not python().exists():
        print("Готовлю окружение .venv …", file=sys.stderr)
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    print(f"Ставлю зависимости ({wanted}); при первом запуске это занимает минуту-другую …", file=sys.stderr)
    STAMP.unlink(missing_ok=True)
    install(lock_file(wanted))
    STAMP.write_text(json.dumps({"level": wanted, "digest": digest}), encoding="utf-8")


def install(lock: Path) -> None:
    """Ставит зависимости ровно по списку с контрольными суммами."""
    command = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--require-hashes", "-r", str(lock)], check=True, cwd=ROOT)


def stamp() -> dict[str, str]:
    """Возвращает, что уже поставлено; прерванная установка отметки не оставляет."""
    try:
        found: dict[str, str] = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if python().exists() else {}


def installed_level() -> str:
    """Возвращает поставленный набор: больший не заменяется меньшим."""
    level = stamp().get("level", LEVELS[0])
    return level if level in LEVELS else LEVELS[0]


def lock_file(level: str) -> Path:
    """Возвращает список зависимостей набора."""
    return ROOT / "requirements" / f"{level}.lock"


def lock_digest(level: str) -> str:
    """Возвращает след списка зависимостей и версии Python."""
    content = lock_file(level).read_bytes() + repr(sys.version_info[:2]).encode()
    return hashlib.sha256(content).hexdigest()


def python() -> Path:
    """Возвращает Python окружения."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def hand_over(arguments: list[str]) -> int:
    """Передаёт команду Python окружения; на Windows ждёт его и возвращает его код."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": path}
    command = [str(python()), "-m", "cli", *arguments]
    if os.name != "nt":
        os.execve(command[0], command, environment)
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
