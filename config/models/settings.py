"""Все настройки и то, что сверяется между разделами."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from config.models.alerts import AlertSettings
from config.models.base import Section, refuse_twins
from config.models.ident import BranchSettings, Database, MssqlDatabase, SqliteDatabase
from config.models.node import JournalSettings, NodeSettings, RedisSettings, SecuritySettings, SyncSettings
from config.models.pages import ApplicationSettings, FlowerSettings, MonitorSettings, WebSettings
from config.models.portal import PortalSettings, RetrySettings
from config.models.rules import RuleSettings
from services.domain.texts import folded


class Settings(Section):
    """Все настройки."""

    portal: PortalSettings
    redis: RedisSettings = RedisSettings()
    databases: tuple[Database, ...] = Field(min_length=1)
    branches: tuple[BranchSettings, ...] = Field(min_length=1)
    node: NodeSettings = NodeSettings()
    sync: SyncSettings = SyncSettings()
    retries: RetrySettings = RetrySettings()
    rules: RuleSettings = RuleSettings()
    journal: JournalSettings = JournalSettings()
    security: SecuritySettings = SecuritySettings()
    monitor: MonitorSettings = MonitorSettings()
    flower: FlowerSettings = FlowerSettings()
    alerts: AlertSettings = AlertSettings()
    web: WebSettings = WebSettings()
    application: ApplicationSettings | None = None

    retired: ClassVar[frozenset[str]] = frozenset({"schema"})

    @model_validator(mode="after")
    def _references_are_sound(self) -> Self:
        databases = [database.id for database in self.databases]
        refuse_twins(databases, "[[databases]] № {} id: имя {} стоит у двух баз, имена не повторяются")
        numbers = [branch.branch_id for branch in self.branches]
        refuse_twins(numbers, "[[branches]] № {} number: филиал {} описан дважды, номера не повторяются")
        for branch in self.branches:
            if branch.database not in databases:
                where = f"{self._place_of(branch)} филиал {branch.branch_id}"
                listed = ", ".join(databases)
                raise ValueError(f"{where}: базы {branch.database!r} нет в databases, есть {listed}")
        for database_id in databases:
            self._check_names(database_id)
            self._check_home(database_id)
        if unknown := sorted(set(self.node.branches) - set(numbers)):
            raise ValueError(
                f"[node] branches: филиалы {', '.join(unknown)} не описаны в branches, "
                f"есть {', '.join(numbers)}"
            )
        if self.application and (strangers := sorted(set(self.application.shims) - set(numbers))):
            raise ValueError(f"[application.shims]: филиалы {', '.join(strangers)} не описаны в branches")
        self._check_ports()
        return self

    def _check_ports(self) -> None:
        """Отказывает двум службам на одном порту этого компьютера: запустилась бы только первая."""
        taken = {self.redis.port: "[redis] url"} if self.redis.local else {}
        services = [("[flower] port", self.flower.port)]
        services += [("[monitor] port", self.monitor.port)] if self.monitor.enabled else []
        services += [("[web] port", self.web.port)] if self.web.enabled and self.application else []
        for name, port in services:
            if port and port in taken:
                raise ValueError(
                    f"{name}: порт {port} уже занят, он стоит и в {taken[port]}; назовите другой"
                )
            taken[port] = name

    def _check_home(self, database_id: str) -> None:
        mine = self.branches_of(database_id)
        homes = [branch for branch in mine if branch.home]
        if len(mine) > 1 and len(homes) != 1:
            listed = ", ".join(branch.branch_id for branch in mine)
            raise ValueError(
                f"{self._place_of(mine[1])} на базе {database_id} несколько филиалов ({listed}): "
                "ровно у одного должно стоять home = true, ему достаются записи без филиала"
            )

    def _check_names(self, database_id: str) -> None:
        """Отказывает одинаковым именам на одной базе: чей приём, по имени было бы не понять."""
        mine = self.branches_of(database_id)
        names = [name for branch in mine for name in {folded(n): n for n in branch.names}]
        twins = sorted({name for name in names if names.count(name) > 1})
        if twins:
            named = [(b, n) for b in mine for n in b.names if folded(n) == twins[0]]
            given = named[0][1]
            raise ValueError(
                f"{self._place_of(named[-1][0])} на базе {database_id} два филиала называются «{given}»: "
                "дайте им разные name и aliases, как в Ident (OwnCompanies), и одному из них — home = true"
            )

    def _place_of(self, branch: BranchSettings) -> str:
        """Возвращает место филиала в файле: сообщение назовёт его строку."""
        return f"[[branches]] № {self.branches.index(branch) + 1}"

    def branches_of(self, database_id: str) -> tuple[BranchSettings, ...]:
        return tuple(branch for branch in self.branches if branch.database == database_id)

    @property
    def served(self) -> tuple[BranchSettings, ...]:
        """Возвращает филиалы, которые ведёт этот компьютер (по умолчанию все)."""
        chosen = self.node.branches
        return tuple(branch for branch in self.branches if not chosen or branch.branch_id in chosen)

    def branch(self, branch_id: str) -> BranchSettings:
        """Возвращает филиал по коду; неизвестный — KeyError."""
        return {branch.branch_id: branch for branch in self.branches}[branch_id]

    def database(self, database_id: str) -> MssqlDatabase | SqliteDatabase:
        """Возвращает базу по имени; неизвестная — KeyError."""
        return {database.id: database for database in self.databases}[database_id]
