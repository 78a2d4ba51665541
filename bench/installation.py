"""Установка целиком для замеров веса: Redis, портал, пять филиалов и процессы — узлом или ролями."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench.floor import Pace
from bench.work import Visit, register
from config.loader import CONFIG_VARIABLE, load_settings
from demo.broker import broker, free_port
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from demo.site import STAGES, to_toml
from services.container import Services
from services.ident.sqlite import clinic_now, to_sqlite
from services.ident.statements import SQL_DIR, parse_statement, read_sql
from tests.fakes_ident import SmallIdent
from tests.support.odbc import DATABASES, FakeServer

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS, STOP_SECONDS = 180.0, 60.0
#: Первые строки расписания (выборка, сверка, планы) уходят при запуске: замеру они мешали бы.
SETTLE_SECONDS = 2.0
PORTAL = PortalOptions(latency_ms=120, write_ms=80, read_ms=15)
PACE = Pace(latency=0.12, read=0.015, write=0.08, rate=2.0, burst=2)

Sections = Mapping[str, Mapping[str, object]]

FLOWER = ("-m", "cli", "flower")
#: Состав: узел служебного компьютера и те же работы отдельными процессами (Procfile).
NODE: Mapping[str, Sequence[str]] = {"узел": ("-m", "cli", "run"), "flower": FLOWER}
ROLES: Mapping[str, Sequence[str]] = {
    "worker": ("-m", "cli", "run", "--only", "worker"),
    "beat": ("-m", "cli", "run", "--only", "beat"),
    "web": ("-m", "cli", "web"),
    "flower": FLOWER,
}


def every(seconds: float) -> Sections:
    """Возвращает настройки установки, читающей изменения раз в столько секунд."""
    return {"sync": {"interval": seconds}}


@dataclass(frozen=True, slots=True)
class Clinic:
    """Филиал замера: его код и база."""

    branch_id: str
    ident: SmallIdent

    @property
    def database_id(self) -> str:
        """Возвращает имя базы."""
        return f"D{self.branch_id[1:]}"


class Installation:
    """Запущенные процессы и клиники, в которых можно записывать и отмечать приёмы."""

    def __init__(
        self,
        folder: Path,
        portal: PortalServer,
        redis_url: str,
        branches: Iterable[int],
        sections: Sections = MappingProxyType({}),
    ) -> None:
        self.folder, self.portal, self._sections = folder, portal, sections
        self.variables: dict[str, str] = {}
        self.clinics = [self._clinic(number) for number in branches]
        self.path = folder / "settings.toml"
        self.path.write_text(to_toml(self._settings(redis_url)), encoding="utf-8")
        self.services = Services(load_settings(self.path))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._visits: dict[int, int] = {}

    def pretend_sql_server(self) -> None:
        """Подставляет процессам поддельный pyodbc с готовыми переводами: без sqlglot, как в клинике."""
        ready = self.folder / "statements.json"
        ready.write_text(json.dumps(ready_statements()), encoding="utf-8")
        (clinic,) = self.clinics
        self.variables = {**FakeServer(clinic.ident.path).variables, "FAKE_ODBC_SQL": str(ready)}
        text = self.path.read_text(encoding="utf-8")
        own = f'type = "sqlite"\npath = "{clinic.ident.path}"'
        if own not in text:
            raise RuntimeError("раздел базы в настройках замера выглядит иначе")
        server = "".join(
            f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
            for key, value in DATABASES[0].items()
            if key != "id"
        )
        self.path.write_text(text.replace(own, server), encoding="utf-8")

    def start(self, roles: Mapping[str, Sequence[str]]) -> None:
        """Запускает процессы."""
        environment = {
            **os.environ,
            CONFIG_VARIABLE: str(self.path),
            "PYTHONUTF8": "1",
            **self.variables,
        }
        for name, arguments in roles.items():
            with (self.folder / f"{name}.log").open("ab") as output:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, *arguments], env=environment, stdout=output, stderr=output, cwd=ROOT
                )

    def stop(self) -> None:
        """Останавливает процессы."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(timeout=STOP_SECONDS)
        self.services.close()

    def book(self, count: int, clinic: Clinic) -> list[Visit]:
        """Записывает новых пациентов одного филиала."""
        number = int(clinic.branch_id[1:])
        start = self._visits.get(number, 0)
        visits = [Visit(start + order, number) for order in range(1, count + 1)]
        self._visits[number] = start + count
        register(clinic.ident, visits)
        return visits

    def await_work(self) -> float:
        """Ждёт, пока узел ответит на выборку каждого филиала; возвращает секунды ожидания."""
        started = time.monotonic()
        for clinic in self.clinics:
            send_extract(self.path, clinic.branch_id)
        while not all(self._extracted(clinic) for clinic in self.clinics):
            if time.monotonic() - started > READY_SECONDS:
                raise RuntimeError("узел не поднялся: смотрите журналы процессов")
            time.sleep(0.02)
        ready = time.monotonic() - started
        time.sleep(SETTLE_SECONDS)
        self.check_alive()
        return ready

    def check_alive(self) -> None:
        """Поднимает ошибку, если какой-то процесс умер: без него замер солгал бы."""
        if dead := [name for name, process in self.processes.items() if process.poll() is not None]:
            logs = "; ".join(
                (self.folder / f"{name}.log").read_text(errors="replace")[-600:] for name in dead
            )
            raise RuntimeError(f"умерли процессы замера: {', '.join(dead)}: {logs}")

    def _extracted(self, clinic: Clinic) -> bool:
        return "last_success" in self.services.store.stats.notes(clinic.branch_id)

    def await_sent(self, total: int, seconds: float = 600.0) -> None:
        """Ждёт, пока на портале не станет столько сделок и очередь не опустеет."""
        deadline = time.monotonic() + seconds
        while self.done() < total or self.waiting():
            self.check_alive()
            if time.monotonic() > deadline:
                raise RuntimeError("замер не закончился: приёмы не дошли")
            time.sleep(0.1)

    @property
    def page(self) -> str:
        """Возвращает адрес страницы наблюдения."""
        return f"http://127.0.0.1:{self.services.settings.monitor.port}/"

    def done(self) -> int:
        """Возвращает, сколько сделок на портале."""
        from demo.portal.schema import DEAL

        return len(self.portal.state.entities[DEAL])

    def waiting(self) -> int:
        """Возвращает, сколько записей ждёт отправки."""
        return sum(self.services.store.outbox.size(clinic.branch_id) for clinic in self.clinics)

    def _clinic(self, number: int) -> Clinic:
        folder = self.folder / f"D{number}"
        folder.mkdir(parents=True, exist_ok=True)
        return Clinic(f"F{number}", SmallIdent(folder, clinic_now()))

    def _settings(self, redis_url: str) -> dict[str, object]:
        stages = {str(stage): code for stage, code in STAGES.items()}
        return {
            "portal": {"webhook": self.portal.url, "stages": stages, **self._sections.get("portal", {})},
            "redis": {"url": redis_url},
            "databases": [
                {"id": clinic.database_id, "type": "sqlite", "path": str(clinic.ident.path)}
                for clinic in self.clinics
            ],
            "branches": [
                {
                    "number": int(clinic.branch_id[1:]),
                    "name": f"Филиал {clinic.branch_id}",
                    "aliases": ["Филиал Фучика"],
                    "database": clinic.database_id,
                }
                for clinic in self.clinics
            ],
            "node": {"state_dir": str(self.folder), **self._sections.get("node", {})},
            # На этом компьютере может работать и другая установка: порты — свои.
            "flower": {"port": free_port()},
            "monitor": {"port": free_port()},
            "sync": {"interval": 120.0, "first_run_pause": 0.0, **self._sections.get("sync", {})},
            "journal": {"folder": str(self.folder / "logs")},
        }


@contextmanager
def installed(
    folder: Path,
    roles: Mapping[str, Sequence[str]],
    branches: int = 1,
    options: PortalOptions = PORTAL,
    sql_server: bool = False,
    sections: Sections = MappingProxyType({}),
) -> Iterator[Installation]:
    """Поднимает установку и останавливает её в конце; ``sql_server`` — путь pyodbc вместо SQLite."""
    with ExitStack() as stack:
        redis = stack.enter_context(broker(folder / "redis"))
        portal = stack.enter_context(PortalServer(options))
        installation = Installation(folder, portal, redis.url, range(1, branches + 1), sections)
        stack.callback(installation.stop)
        if sql_server:
            installation.pretend_sql_server()
        installation.start(roles)
        yield installation


def ready_statements() -> dict[str, str]:
    """Возвращает переводы всех запросов на SQLite."""
    texts = [parse_statement(read_sql(path.stem)).text for path in SQL_DIR.glob("*.sql")]
    return {text: to_sqlite(text) for text in texts}


def send_extract(settings: Path, branch_id: str) -> None:
    """Ставит выборку в очередь так же, как расписание."""
    from celery import Celery

    import celeryconfig
    from tasks.names import EXTRACT, queue_of

    with Celery(config_source=celeryconfig.deployment(load_settings(settings))) as app:
        app.conf.update(accept_content=["json"], task_serializer="json")
        app.send_task(EXTRACT, (branch_id,), queue=queue_of(branch_id), priority=3)
