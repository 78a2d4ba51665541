"""Проверки формы настроек на живых базе и портале: находки осмотра и списки, из которых выбирают."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from config.explain import explain
from config.loader import ConfigError
from config.models import Database, MssqlDatabase, PortalSettings, RuleSettings, SqliteDatabase
from config.models.base import DEMONSTRATION
from services.doctor import ident, portal
from services.doctor.findings import Finding, fail, ok, performed, warn

if TYPE_CHECKING:
    from services.bitrix.portal_admin import PortalAdmin
    from services.container import Services

DATABASE: TypeAdapter[MssqlDatabase | SqliteDatabase] = TypeAdapter(Database)
TARIFF = (
    "тариф вебхуку не виден: 2 запроса в секунду годятся любому, 5 — только «Энтерпрайзу»"
    " (портал → «Мой тариф»)"
)


@dataclass
class Checked:
    """Итог проверки: находки, списки для полей формы и организации Ident, которых ни у кого нет."""

    findings: list[Finding] = field(default_factory=list)
    lists: dict[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    companies: list[tuple[str, str]] = field(default_factory=list)


def check(slug: str, raw: Mapping[str, Any], services: "Callable[[], Services]") -> Checked:
    """Выполняет проверку раздела; ``raw`` — черновик с открытыми секретами, ``services`` — службы по нему."""
    checked = Checked()
    work: Mapping[str, Callable[[], Iterator[Finding]]] = {
        "bases": lambda: _bases(raw, checked),
        "branches": lambda: _branches(raw, checked),
        "portal": lambda: _portal(raw, checked),
        "stages": lambda: _stages(raw, checked),
        "fields": lambda: _fields(raw, checked),
        "alerts": lambda: _alerts(services),
    }
    checked.findings += performed(slug, lambda: _told(work[slug]))
    return checked


def _told(work: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from work()
    except ConfigError as error:
        yield fail("settings", str(error), "Исправьте отмеченное и повторите")
    except ValidationError as error:
        yield fail("settings", explain(error), "Исправьте отмеченное и повторите")


def _bases(raw: Mapping[str, Any], checked: Checked) -> Iterator[Finding]:
    from installer.commands import run
    from installer.sql_servers import drivers, find_servers

    checked.lists["databases.server"] = [(one.title, "") for one in find_servers(run)]
    checked.lists["databases.driver"] = [(name, "") for name in drivers()]
    zone = RuleSettings.model_validate(raw.get("rules", {})).zone
    for row in raw.get("databases", []):
        names = _names(raw, row.get("id"))
        with _inspection(raw, row) as (base, inspection):
            for finding in ident.base(base.id, inspection, names, datetime.now(UTC), zone):
                if names or not finding.code.endswith(".branches"):
                    yield finding
        yield from ident.encryption(f"ident.{base.id}", base)


def _branches(raw: Mapping[str, Any], checked: Checked) -> Iterator[Finding]:
    from services.ident.inspection import unknown_names

    known = []
    for row in raw.get("databases", []):
        with _inspection(raw, row) as (base, inspection):
            companies = inspection.companies()
        checked.companies += [(base.id, name) for name in unknown_names(companies, _names(raw, base.id))[0]]
        known += [(name, base.id) for name in companies]
        yield ok(
            "companies", f"база {base.id}: организаций в Ident — {len(companies)}: {', '.join(companies)}"
        )
    checked.lists["branches.name"] = known


def _names(raw: Mapping[str, Any], database_id: object) -> list[tuple[str, ...]]:
    """Возвращает, под какими именами описаны филиалы базы."""
    return [
        (str(branch.get("name")), *branch.get("aliases", []))
        for branch in raw.get("branches", [])
        if branch.get("database") == database_id
    ]


def _portal(raw: Mapping[str, Any], checked: Checked) -> Iterator[Finding]:
    with open_admin(raw) as (settings, admin):
        yield from portal.webhook(admin)
        yield from portal.scopes(admin.scopes(), bool(raw.get("alerts", {}).get("bitrix_users")))
        yield ok("portal.tariff", TARIFF)
        pipelines = {one.category_id: one.name for one in admin.pipelines()}
        checked.lists["portal.category_id"] = [(str(number), name) for number, name in pipelines.items()]
        told = ", ".join(f"{number} «{name}»" for number, name in pipelines.items())
        if settings.category_id in pipelines:
            yield ok("portal.pipeline", f"воронки: {told}")
        else:
            yield warn(
                "portal.pipeline",
                f"воронки {settings.category_id} нет; есть {told}",
                "Выберите другую или создайте: «Создать на портале», при первой установке — следующий шаг",
            )


def _stages(raw: Mapping[str, Any], checked: Checked) -> Iterator[Finding]:
    with open_admin(raw) as (settings, admin):
        existing = admin.stages(settings.category_id)
        checked.lists["portal.stages"] = [(row.status_id, row.name) for row in existing]
        yield from portal.stages(settings, existing)


def _fields(raw: Mapping[str, Any], checked: Checked) -> Iterator[Finding]:
    with open_admin(raw) as (settings, admin):
        existing = admin.fields()
        checked.lists["portal.fields"] = sorted(existing.items())
        yield from portal.fields(settings, existing)


def _alerts(services: "Callable[[], Services]") -> Iterator[Finding]:
    from services.alerts.trial import try_channels

    with closing(services()) as opened:
        for name, refusal in try_channels(
            opened.channels(), opened.settings.alerts, datetime.now(UTC), opened.settings.rules.zone
        ):
            yield (
                fail("alerts", f"{name}: не дошло — {refusal}", "")
                if refusal
                else ok("alerts", f"{name}: отправлено")
            )


@contextmanager
def _inspection(
    raw: Mapping[str, Any], row: Mapping[str, Any]
) -> Iterator[tuple[MssqlDatabase | SqliteDatabase, Any]]:
    """Открывает базу черновика с теми же запросами, что у узла: своими из sql_dir, если они есть."""
    from services.ident.inspection import open_inspection

    base, own = DATABASE.validate_python(row), raw.get("node", {}).get("sql_dir")
    with closing(open_inspection(base, Path(own) if own else None)) as inspection:
        yield base, inspection


@contextmanager
def open_admin(raw: Mapping[str, Any]) -> "Iterator[tuple[PortalSettings, PortalAdmin]]":
    """Открывает портал черновика; общего счёта запросов здесь нет: предел держит сама проверка."""
    from services.bitrix.lone import open_lone_client
    from services.bitrix.portal_admin import PortalAdmin

    settings = PortalSettings.model_validate(raw.get("portal", {}), context={DEMONSTRATION: True})
    with closing(open_lone_client(settings)) as client:
        yield settings, PortalAdmin(client)
