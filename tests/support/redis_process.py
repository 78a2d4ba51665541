"""Настоящий redis-server для проверок: запуск, остановка, убийство, перезапуск."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from demo.broker import free_port, redis_server

START_SECONDS = 20.0


class RedisProcess:
    """Сервер на своём порту и в своей папке; ``aof`` — с журналом на диске."""

    def __init__(self, folder: Path, aof: bool = False, **variables: str) -> None:
        self._folder, self._aof, self._environment = folder, aof, {**os.environ, **variables}
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Возвращает адрес сервера."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """Возвращает клиента."""
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=5)

    def start(self) -> None:
        """Запускает сервер и ждёт ответа."""
        program = redis_server()
        assert program is not None, "нет redis-server"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [
                program,
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)),
                *("--save", "", "--appendonly", "yes" if self._aof else "no"),
            ],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def stop(self, sign: int = signal.SIGTERM) -> None:
        """Останавливает сервер."""
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(timeout=20)
            self._process = None
            self._wait_for_silence()

    def signal(self, sign: int) -> None:
        """Посылает серверу сигнал."""
        assert self._process is not None
        self._process.send_signal(sign)

    def kill(self) -> None:
        """Убивает сервер без предупреждения."""
        self.stop(signal.SIGKILL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_for_silence(self) -> None:
        """Ждёт, пока порт не закроется: заменитель сервера под Wine кончается чуть раньше его самого."""
        deadline = time.monotonic() + START_SECONDS
        with suppress(OSError):
            while time.monotonic() < deadline:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                time.sleep(0.02)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with self.client() as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    assert time.monotonic() < deadline, "redis-server не поднялся"
                    time.sleep(0.02)
                else:
                    return
