"""Осмотр демонстрации: здоровая — без отказов; двадцать подложенных бед названы с верным советом."""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cli.doctor import main as doctor
from demo.portal.entities import Edit
from demo.portal.faults import Fault, FaultKind
from demo.portal.limits import SystemClock
from demo.portal.options import PortalOptions, WebhookKey
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from demo.site import Site
from services.advice import Front
from services.container import Services
from services.doctor.findings import Finding, Level
from services.doctor.run import Examination
from services.domain.outbox import Halt
from services.ports import PortalTraffic
from tests.support.redis_process import RedisProcess

ROOMY = {"rate": 1000.0, "threshold": 1000.0}


class HurriedClock(SystemClock):
    """Часы портала, убежавшие на десять минут."""

    def time(self) -> float:
        """Возвращает убежавшее время."""
        return super().time() + 600


@pytest.fixture(scope="module")
def durable_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """Redis с журналом на диске."""
    with RedisProcess(tmp_path_factory.mktemp("durable"), aof=True) as process:
        yield process


def build_site(folder: Path, portal: PortalServer, redis_url: str, extra: str = "") -> tuple[Site, Path]:
    """Строит демонстрацию с уведомлениями на портал."""
    site = Site(folder)
    site.prepare(fresh=True)
    path = site.write_settings(portal.url, redis_url, 120)
    text = path.read_text(encoding="utf-8") + f"\n[alerts]\nbitrix_users = [1]\n{extra}"
    path.write_text(text, encoding="utf-8")
    return site, path


def examined(path: Path, disk: float = 0.5) -> Mapping[str, list[Finding]]:
    """Осматривает установку; находки — по коду проверки."""
    services = Services(Site(path.parent).settings(path))
    found = defaultdict(list)
    for finding in Examination(services, path, disk=lambda _: disk).findings():
        found[finding.code].append(finding)
    services.close()
    return found


def watched(path: Path) -> None:
    """Отмечается за службу."""
    services = Services(Site(path.parent).settings(path))
    services.watch.run()
    services.close()


# --- здоровая ------------------------------------------------------------------------------------


def test_healthy_demo_has_no_failures(
    tmp_path: Path, durable_redis: RedisProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    with PortalServer(PortalOptions(**ROOMY)) as portal:
        _, path = build_site(tmp_path / "demo", portal, durable_redis.url)
        watched(path)
        code = doctor(["--config", str(path)])
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert "исправить 0" in shown
    headings = [line for line in shown.splitlines() if line and line[0] != "[" and line[0] != " "]
    bases = [f"База Ident {name}" for name in ("D1", "D3", "D4", "D5")]
    assert headings[:-1] == ["Этот компьютер", "Redis, служба, уведомления", *bases, "Портал"]
    assert "FAIL" not in shown


# --- больная -------------------------------------------------------------------------------------


def wound_bases(site: Site) -> None:
    """Ломает базы: одна пропала, у другой нет столбца, у третьей — индекса и верных отметок."""
    paths = {ledger.database_id: ledger.path for ledger in site.clinic.ledgers}
    paths["D5"].unlink()
    with closing(sqlite3.connect(paths["D4"])) as base, base:
        base.execute("ALTER TABLE Receptions RENAME COLUMN CheckIssued TO CheckGiven")
    with closing(sqlite3.connect(paths["D3"])) as base, base:
        base.execute("DROP INDEX Receptions_Changed")
        base.execute("UPDATE Receptions SET DateTimeChanged = '2020-01-01 00:00:00'")
        base.execute("UPDATE OwnCompanies SET Name = 'Филиал переименован' WHERE Name LIKE 'Филиал%'")


def wound_portal(portal: PortalServer, site: Site) -> None:
    """Ломает портал: нет поля и стадии, чужой вид поля, времена сдвинуты, стадия не того рода."""
    state = portal.state
    state.userfields[:] = [row for row in state.userfields if row["FIELD_NAME"] != "UF_CRM_FILIAL"]
    kinds = {row["FIELD_NAME"]: row for row in state.userfields}
    kinds["UF_CRM_CREATED_TIME"]["USER_TYPE_ID"] = "string"
    state.statuses[:] = [row for row in state.statuses if row["STATUS_ID"] != "C1:WAITING_LIST"]
    next(row for row in state.statuses if row["STATUS_ID"] == "C1:LOSE")["SEMANTICS"] = ""
    shift_dates(portal, site)


def shift_dates(portal: PortalServer, site: Site) -> None:
    """Кладёт на портал сделки, чьи времена ушли на два часа."""
    (ledger,) = [one for one in site.clinic.ledgers if one.database_id == "D1"]
    with closing(sqlite3.connect(ledger.path)) as base, base:
        rows = base.execute(
            "SELECT ID, PlanStart FROM Receptions WHERE PlanStart IS NOT NULL LIMIT 5"
        ).fetchall()
    for reception_id, start in rows:
        moved = datetime.fromisoformat(start) + timedelta(hours=2)
        fields = {
            "TITLE": "Сделка",
            "CATEGORY_ID": 1,
            "UF_CRM_RECEPTION_ID": f"F1_{reception_id}",
            "UF_CRM_START_TIME": f"{moved.isoformat()}+03:00",
        }
        with portal.state.changing():
            portal.portal.crm.add(DEAL, Edit(fields, 5))


def wound_service(path: Path) -> None:
    """Служба молчит десять минут, отправка стоит, метод портала почти исчерпан."""
    services = Services(Site(path.parent).settings(path))
    now = services.clock.now()
    services.store.stats.note("node", "watched_at", (now - timedelta(minutes=10)).isoformat())
    services.store.gate.halt(Halt("overload_limit", "REST портала остановлен", now))
    services.store.portal_stats.record(PortalTraffic(), {"crm.deal.add": 470.0}, [], now)
    services.close()


@pytest.fixture(scope="module")
def sick(
    tmp_path_factory: pytest.TempPathFactory, redis_process: RedisProcess
) -> Mapping[str, list[Finding]]:
    """Находки осмотра больной демонстрации."""
    folder = tmp_path_factory.mktemp("sick") / "demo"
    options = PortalOptions(**ROOMY, webhooks=(WebhookKey(scopes=("crm",)),), simple_crm=True)
    with redis_process.client() as client:
        client.flushall()
        client.config_set("maxmemory-policy", "allkeys-lru")
    with PortalServer(options, clock=HurriedClock()) as portal:
        site, path = build_site(folder, portal, redis_process.url)
        text = path.read_text(encoding="utf-8").replace(
            "category_id = 1", "category_id = 1\nrequests_per_second = 5"
        )
        path.write_text(text, encoding="utf-8")
        wound_bases(site)
        wound_portal(portal, site)
        wound_service(path)
        path.chmod(0o644)
        site.logs.mkdir(exist_ok=True)
        site.logs.chmod(0o755)
        (site.logs / "security_log_2026-01-01.txt").touch(0o644)
        found = examined(path, disk=0.995)
    with redis_process.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
    return found


FAULTS = [
    ("disk", Level.FAIL, "занят на 100%", "Освободите место"),
    ("rights.settings", Level.FAIL, "у посторонних (группе, всем)", "chmod 600"),
    ("rights.journals", Level.FAIL, "папка журналов", "chmod 700"),
    ("rights.journals", Level.FAIL, "security_log_2026-01-01.txt", "chmod 600"),
    ("redis.durability", Level.WARN, "журнал на диск не пишется", "appendonly yes"),
    ("redis.durability", Level.WARN, "очередь может быть выброшена", "noeviction"),
    ("service", Level.FAIL, "служба молчит 10 мин", "manage.py run"),
    ("sending", Level.FAIL, "REST портала остановлен", "portal resume"),
    ("ident.D5", Level.FAIL, "файл недоступен", "Проверьте сервер, сеть"),
    ("ident.D4.sql.receptions", Level.FAIL, "нет столбца r.CheckIssued", "config/sql/receptions.sql"),
    ("ident.D3.indexes", Level.WARN, "Receptions.DateTimeChanged", "создать индексы"),
    ("ident.D3.marks", Level.WARN, "DateTimeChanged не двигается", "смотрит и сами отметки"),
    ("ident.D3.branches", Level.WARN, "«Филиал переименован»", "aliases"),
    ("ident.D3.branches", Level.WARN, "среди организаций Ident нет", "Проверьте имя"),
    ("portal.scopes", Level.FAIL, "нет права im", "Отметьте im"),
    ("portal.field.UF_CRM_FILIAL", Level.FAIL, "на портале нет", "portal setup"),
    ("portal.field.UF_CRM_CREATED_TIME", Level.FAIL, "вида string, а нужно datetime", "Удалите его"),
    ("portal.stage.waiting_list", Level.FAIL, "C1:WAITING_LIST", "portal setup"),
    ("portal.stage.lose", Level.FAIL, "не того рода", "[portal.stages]"),
    ("portal.clock", Level.FAIL, "расходятся на", "сверку часов"),
    ("portal.dates", Level.FAIL, "сдвинуты на +2 ч", "utc_offset"),
    ("portal.rate", Level.WARN, "до 5 запросов", "Энтерпрайз"),
    ("portal.operating", Level.WARN, "crm.deal.add потратил 470", "роботов"),
    ("portal.mode", Level.WARN, "простой режим", "классический"),
]


@pytest.mark.parametrize(("code", "level", "text", "advice"), FAULTS, ids=[f"{f[0]}: {f[2]}" for f in FAULTS])
def test_planted_fault_is_named_with_the_right_advice(
    sick: Mapping[str, list[Finding]], code: str, level: Level, text: str, advice: str
) -> None:
    told = [f"{finding.level}: {finding.text} → {finding.told(Front.CONSOLE)}" for finding in sick[code]]
    assert any(text in finding.text and advice in finding.told(Front.CONSOLE) and finding.level is level
               for finding in sick[code]), told  # fmt: skip


def test_page_calls_to_its_sections_and_names_no_command(sick: Mapping[str, list[Finding]]) -> None:
    told = {finding.told(Front.PAGE) for found in sick.values() for finding in found}
    assert "Устраните причину и нажмите «Возобновить отправку»" in told
    assert any(text.startswith("Создайте недостающее: «Создать на портале»") for text in told)
    assert [text for text in told if re.search(r"manage\.py|ident-bitrix|\[\[|\[[a-z.]+\]", text)] == []


def test_what_is_not_broken_stays_well(sick: Mapping[str, list[Finding]]) -> None:
    for code in ("python", "redis.version", "ident.D1", "ident.D1.sql", "ident.D1.clock", "portal", "alerts"):
        assert [finding.level for finding in sick[code]] == [Level.OK], code


# --- то, что закрывает остальное -----------------------------------------------------------------


def test_revoked_webhook_is_named_first(tmp_path: Path, redis_url: str) -> None:
    with PortalServer(PortalOptions(**ROOMY)) as portal:
        _, path = build_site(tmp_path / "demo", portal, redis_url)
        portal.portal.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
        found = examined(path)
    (finding,) = found["portal"]
    assert finding.level is Level.FAIL
    assert "secrets set portal.webhook" in finding.told(Front.CONSOLE)
    assert "portal.fields" not in found


def test_bases_and_portal_are_examined_even_without_redis(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with PortalServer(PortalOptions(**ROOMY)) as portal:
        _, path = build_site(tmp_path / "demo", portal, "redis://127.0.0.1:1/0")
        assert doctor(["--json", "--config", str(path)]) == 1
    told = json.loads(capsys.readouterr().out)
    levels = {finding["check"]: finding["level"] for finding in told["findings"]}
    assert told["level"] == levels["redis"] == "fail"
    assert levels["ident.D1"] == levels["portal.fields"] == "ok"


def test_bad_settings_are_the_only_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[portal]\n", encoding="utf-8")
    assert doctor(["--json", "--config", str(path)]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["check"], finding["level"]) == ("settings", "fail")
    assert "webhook" in finding["text"]
