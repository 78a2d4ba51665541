"""Осмотр по порядку: компьютер, Redis и служба, базы, портал."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config.rights import account_name
from services.doctor import computer, ident, portal, state
from services.doctor.findings import Finding, Level, performed
from services.domain.errors import DatabaseError, SyncError
from services.domain.keys import parse_uid
from services.ident.inspection import open_inspection
from services.journal.daily import disk_used

if TYPE_CHECKING:
    from services.bitrix.client import BitrixClient
    from services.bitrix.portal_admin import PortalAdmin
    from services.container import Services

SAMPLE = 10


class Examination:
    """Осмотр одной установки."""

    def __init__(
        self,
        services: "Services",
        settings_path: Path,
        disk: Callable[[Path], float] = disk_used,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._services, self._path, self._disk, self._now = services, settings_path, disk, now
        self._settings = services.settings

    def findings(self) -> Iterator[Finding]:
        yield from self._computer()
        for finding in performed(
            "redis", lambda: state.redis(self._services.store.redis, self._settings.redis.address)
        ):
            yield finding
            if finding.code == "redis" and finding.level is Level.FAIL:
                yield from self._without_redis()
                return
        yield from performed("service", lambda: state.service(self._services))
        yield from performed("alerts", lambda: state.alerts(self._services))
        yield from self._bases()
        yield from self._portal(self._services.client)

    def _computer(self) -> Iterator[Finding]:
        from services.container import nearest

        folders = list(
            dict.fromkeys(map(nearest, (self._settings.journal.folder, self._settings.node.state_dir)))
        )
        yield from performed("python", computer.python)
        yield from performed("disk", lambda: computer.disk(folders, self._disk))
        yield from performed("rights", lambda: computer.rights(self._path, self._settings))
        yield from performed("secrets", lambda: computer.secrets(self._path, self._settings))
        yield from performed("entities", lambda: computer.entities(self._settings.node.entities))
        yield from performed("driver", lambda: computer.driver(self._settings, _drivers))

    def _without_redis(self) -> Iterator[Finding]:
        """Осматривает базы и портал, когда Redis нет: предел запросов держит сама программа."""
        from services.bitrix.lone import open_lone_client

        yield from self._bases()
        client = open_lone_client(self._settings.portal)
        try:
            yield from self._portal(client)
        finally:
            client.close()

    def _bases(self) -> Iterator[Finding]:
        for database in self._settings.databases:
            yield from performed(f"ident.{database.id}", partial(self._base, database.id))

    def _base(self, database_id: str) -> Iterator[Finding]:
        names = [branch.names for branch in self._settings.branches_of(database_id)]
        database, now = self._settings.database(database_id), self._now()
        inspection = open_inspection(database, self._settings.node.sql_dir)
        yield from ident.encryption(f"ident.{database_id}", database)
        try:
            found = ident.base(database_id, inspection, names, now, self._settings.rules.zone)
            if getattr(database, "auth", "") == "windows":
                code, read_at = f"ident.{database_id}", self._read_at(database_id)
                found = ident.as_person(code, found, account_name(), read_at, now)
            yield from found
        finally:
            inspection.close()

    def _read_at(self, database_id: str) -> datetime | None:
        """Возвращает, когда служба последний раз прочла базу; не знает — None."""
        stats = self._services.store.stats
        branches = self._settings.branches_of(database_id)
        try:
            told = [stats.notes(branch.branch_id).get("last_success") for branch in branches]
        except SyncError:
            return None
        return max((datetime.fromisoformat(moment) for moment in told if moment), default=None)

    def _portal(self, client: "BitrixClient") -> Iterator[Finding]:
        from services.bitrix.portal_admin import PortalAdmin

        admin, settings = PortalAdmin(client), self._settings.portal
        for finding in performed("portal", lambda: portal.webhook(admin)):
            yield finding
            if finding.level is Level.FAIL:
                return
        notifies = bool(self._settings.alerts.bitrix_users)
        checks: Sequence[tuple[str, Callable[[], Iterator[Finding]]]] = (
            ("portal.scopes", lambda: portal.scopes(admin.scopes(), notifies)),
            ("portal.fields", lambda: portal.fields(settings, admin.fields())),
            ("portal.keys", lambda: portal.keys(settings, admin.editable())),
            ("portal.stages", lambda: portal.stages(settings, admin.stages(settings.category_id))),
            ("portal.clock", lambda: iter([portal.clock(admin.time(), self._now())])),
            ("portal.dates", lambda: iter([portal.dates(self._pairs(admin))])),
            ("portal.limits", lambda: portal.limits(settings, self._operating(client), admin.is_simple())),
        )
        for code, check in checks:
            yield from performed(code, check)

    def _operating(self, client: "BitrixClient") -> dict[str, float]:
        """Возвращает время методов: и по ответам осмотра, и по отчётам службы."""
        try:
            told = dict(self._services.store.portal_stats.operating())
        except SyncError:
            told = {}
        return {**told, **client.operating.spent()}

    def _pairs(self, admin: "PortalAdmin") -> list[tuple[datetime, datetime]]:
        """Возвращает времена начала последних приёмов: в Ident и на портале."""
        settings = self._settings
        table = settings.portal.field_table
        sample = admin.sample(settings.portal.category_id, table["reception_id"], table["start_time"])
        pairs = []
        for uid, shown in sample[:SAMPLE]:
            start = self._start_of(uid)
            if start is not None:
                pairs.append((start.replace(tzinfo=settings.rules.zone), shown))
        return pairs

    def _start_of(self, uid: str) -> datetime | None:
        """Возвращает начало приёма в Ident; чужая запись или недоступная база — None."""
        try:
            parsed = parse_uid(uid)
            database_id = self._settings.branch(parsed.branch_id).database
            rows = self._services.source(database_id).read([parsed.number])
        except (SyncError, DatabaseError, KeyError):
            return None
        return rows[0].plan_start if rows else None


def _drivers() -> Sequence[str]:
    import pyodbc

    found: Sequence[str] = pyodbc.drivers()
    return found
