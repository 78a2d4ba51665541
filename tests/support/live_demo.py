"""Живая демонстрация под наблюдением: что прошло через Redis, что показал Flower, что осталось в журналах."""

import base64
import binascii
import json
import os
import re
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import redis
import requests
from celery import Celery

import celeryconfig
from config.loader import load_settings
from demo.broker import free_port
from monitoring.flower import LOGIN, password
from tasks.names import UPSERT, queue_of
from tests.support.node import ROOT, eventually

BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
PAGES = (
    "",
    "dashboard",
    "workers",
    "tasks",
    "broker",
    "metrics",
    "api/workers?refresh=1",
    "api/queues/length",
)


class Tap:
    """Подслушивает Redis: каждая команда целиком, тела сообщений Celery — расшифрованными из base64."""

    def __init__(self, url: str) -> None:
        self.commands: list[str] = []
        self._client = redis.Redis.from_url(url, decode_responses=True)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def client(self) -> redis.Redis:
        """Возвращает клиента того же Redis."""
        return self._client

    def _listen(self) -> None:
        with suppress(redis.RedisError, OSError), self._client.monitor() as monitor:
            for command in monitor.listen():
                self.commands.append(unfolded(str(command["command"])))


def unfolded(text: str) -> str:
    """Возвращает текст вместе со всем, что в нём записано base64 и через \\uXXXX."""
    hidden = [decoded for found in BASE64.findall(text) if (decoded := _decoded(found))]
    plain = text.encode("ascii", "backslashreplace").decode("unicode_escape", "replace")
    return "\n".join([text, plain, *hidden])


def _decoded(text: str) -> str:
    try:
        found = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    with suppress(ValueError):
        found += json.dumps(json.loads(found), ensure_ascii=False)
    return found


class LiveDemo:
    """Запущенная демонстрация: её Redis, Flower и журналы."""

    def __init__(self, folder: Path, tap: Tap, flower: str, output: Path) -> None:
        self.folder, self.tap, self.flower, self.output = folder, tap, flower, output
        self._auth = (LOGIN, password(folder))

    def task_ids(self) -> list[str]:
        """Возвращает задачи, которые знает Flower."""
        return list(self._tasks())

    def finished(self, name: str) -> int:
        """Возвращает, сколько задач с таким именем Flower видел удачными."""
        rows = self._tasks().values()
        return sum(row.get("name") == name and row.get("state") == "SUCCESS" for row in rows)

    def hinted(self) -> list[str]:
        """Возвращает ключи приёмов, чьи подсказки прошли через Redis."""
        found = (re.findall(r'\[\["(F\d_\d+)"\], \{\}', command) for command in list(self.tap.commands))
        return list(dict.fromkeys(uid for uids in found for uid in uids))

    def hint_again(self) -> None:
        """Повторяет подсказки, когда Flower уже слушает: начатое раньше него он мог пропустить."""
        eventually(lambda: self._page("api/workers?refresh=1") not in ("", "{}"))
        settings = load_settings(self.folder / "settings.toml")
        with Celery(config_source=celeryconfig.deployment(settings)) as app:
            app.conf.update(accept_content=["json"], task_serializer="json")
            for uid in self.hinted():
                branch_id = uid.partition("_")[0]
                app.send_task(UPSERT, (uid,), queue=queue_of(branch_id))

    def pages(self) -> dict[str, str]:
        """Возвращает страницы Flower: общие, таблицу задач и страницы самих задач."""
        table = (
            "tasks/datatable?draw=1&start=0&length=500&search[value]=&order[0][column]=0&order[0][dir]=asc"
        )
        names = [*PAGES, f"{table}&columns[0][data]=name", "api/tasks?limit=2000"]
        names += [f"task/{number}" for number in self.task_ids()[:20]]
        return {name: unfolded(self._page(name)) for name in names}

    def stored(self) -> str:
        """Возвращает всё, что лежит в Redis сейчас."""
        client = self.tap.client
        return "\n".join(unfolded(f"{key} {_value(client, key)}") for key in client.scan_iter())

    def _tasks(self) -> dict[str, Any]:
        with suppress(ValueError):
            found: dict[str, Any] = json.loads(self._page("api/tasks?limit=2000"))
            return found
        return {}

    def _page(self, name: str) -> str:
        """Возвращает страницу; Flower ещё не слушает — пусто, отказал во входе — ошибка."""
        try:
            answer = requests.get(self.flower + name, auth=self._auth, timeout=20)
        except requests.ConnectionError:
            return ""
        assert answer.status_code != HTTPStatus.UNAUTHORIZED, f"Flower не пустил на {name}"
        return answer.text


def _value(client: redis.Redis, key: str) -> object:
    readers = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda name: client.lrange(name, 0, -1),
        "set": client.smembers,
        "zset": lambda name: client.zrange(name, 0, -1, withscores=True),
    }
    reader = readers.get(str(client.type(key)))
    return reader(key) if reader else ""


@contextmanager
def live_demo(folder: Path) -> Iterator[LiveDemo]:
    """Держит демонстрацию: Redis под наблюдением с самого начала."""
    output = folder.with_suffix(".txt")
    command = [sys.executable, "-m", "cli", "demo", "--state", str(folder), "--port", str(free_port())]
    variables = {**os.environ, "PYTHONUTF8": "1"}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--minutes", "5"], stdout=file, stderr=file, env=variables, cwd=ROOT
        )
    try:
        settings = folder / "settings.toml"
        eventually(settings.exists)
        tap = Tap(tomllib.loads(settings.read_text(encoding="utf-8"))["redis"]["url"])
        eventually(lambda: "Flower:" in output.read_text(encoding="utf-8"))
        (flower,) = re.findall(r"Flower:\s+(\S+)", output.read_text(encoding="utf-8"))
        yield LiveDemo(folder, tap, flower, output)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=90)
