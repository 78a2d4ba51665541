"""systemctl для проверок: запускает настоящие процессы по настоящим юнитам, но не трогает систему.

Юниты берутся из папки SYSTEMD_UNITS. Понимает то, чем пользуется установщик; перезапускает упавшее, как
велит Restart=, только ждёт десятую часть RestartSec.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

UNITS = Path(os.environ.get("SYSTEMD_UNITS", "/nonexistent"))
HASTE = 10


def main(arguments: list[str]) -> int:
    """Выполняет команду systemctl."""
    action, *rest = arguments
    name = next((word for word in rest if not word.startswith("-")), "")
    if action in ("stop", "disable"):
        return stop(name)
    actions: dict[str, Callable[[str], int]] = {
        "start": start,
        "is-active": tell,
        "enable": exists,
        "supervise": supervise,
    }
    return 0 if action == "daemon-reload" else actions[action](name)


def exists(name: str) -> int:
    """Проверяет, что юнит есть."""
    return 0 if (UNITS / name).is_file() else 1


def tell(name: str) -> int:
    """Говорит, работает ли юнит."""
    running = alive(name)
    print("active" if running else "inactive")
    return 0 if running else 3


def start(name: str) -> int:
    """Запускает надзор за юнитом."""
    if alive(name):
        return 0
    with log(name).open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, __file__, "supervise", name],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    pid_file(name).write_text(str(process.pid))
    return 0


def stop(name: str) -> int:
    """Останавливает надзор и ждёт."""
    if alive(name):
        pid = int(pid_file(name).read_text())
        os.kill(pid, signal.SIGTERM)
        while alive(name):
            time.sleep(0.05)
    pid_file(name).unlink(missing_ok=True)
    return 0


def supervise(name: str) -> int:
    """Держит процесс юнита запущенным."""
    unit = read_unit(UNITS / name)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    while not stopped:
        process = subprocess.Popen(
            shlex.split(unit["ExecStart"][0]),
            cwd=unit["WorkingDirectory"][0],
            # systemd начинает с почти пустого окружения.
            env={
                "PATH": "/usr/sbin:/usr/bin",
                "LANG": "C.UTF-8",
                **dict(line.split("=", 1) for line in unit.get("Environment", [])),
            },
        )
        main_pid(name).write_text(str(process.pid))
        while process.poll() is None and not stopped:
            time.sleep(0.05)
        if stopped:
            process.terminate()
            return end(process, float(unit["TimeoutStopSec"][0]))
        if unit["Restart"] != ["always"]:
            return process.returncode
        time.sleep(float(unit["RestartSec"][0]) / HASTE)
    return 0


def end(process: "subprocess.Popen[bytes]", seconds: float) -> int:
    """Ждёт вежливой остановки, потом убивает."""
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        print("УБИТ: вежливо не остановился", flush=True)
        return process.wait()


def read_unit(path: Path) -> dict[str, list[str]]:
    """Читает юнит: ключ → значения."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def alive(name: str) -> bool:
    """Отвечает, жив ли надзор."""
    try:
        pid = int(pid_file(name).read_text())
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, ValueError):
        return False
    return state != "Z"


def pid_file(name: str) -> Path:
    """Возвращает файл номера надзора."""
    return UNITS / f"{name}.pid"


def main_pid(name: str) -> Path:
    """Возвращает файл номера самого процесса."""
    return UNITS / f"{name}.main"


def log(name: str) -> Path:
    """Возвращает файл вывода."""
    return UNITS / f"{name}.log"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
