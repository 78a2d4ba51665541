"""Ident: базы и филиалы."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, SecretStr, Tag, model_validator

from config.models.base import Section, matching

DatabaseId = Annotated[
    str, matching(r"[A-Za-z0-9_-]{1,32}", "имя из латинских букв, цифр, «-» и «_», до 32 знаков")
]


class MssqlDatabase(Section):
    """База Ident на SQL Server."""

    type: Literal["mssql"] = "mssql"
    id: DatabaseId
    server: str = Field(min_length=1)
    instance: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    database: str = Field(min_length=1)
    auth: Literal["sql", "windows"] = "sql"
    login: str | None = None
    password: SecretStr | None = None
    driver: str | None = None
    encrypt: Literal["optional", "mandatory", "strict"] = "optional"
    trust_server_certificate: bool = True
    login_timeout: int = Field(default=10, ge=1, le=120)
    query_timeout: int = Field(default=30, ge=1, le=600)
    isolation: Literal["read_uncommitted", "snapshot"] = "read_uncommitted"

    @model_validator(mode="after")
    def _login_is_given(self) -> Self:
        if self.auth == "sql" and (not self.login or self.password is None):
            raise ValueError('для auth = "sql" нужны login и password')
        return self


class SqliteDatabase(Section):
    """База Ident в файле SQLite: демонстрация и проверки."""

    type: Literal["sqlite"]
    id: DatabaseId
    path: Path
    query_timeout: int = Field(default=30, ge=1, le=600)
    dialect: Literal["tsql", "sqlite"] = "tsql"


def _database_type(value: object) -> str:
    """Возвращает вид базы; не назван — SQL Server."""
    found = value.get("type", "mssql") if isinstance(value, dict) else getattr(value, "type", "mssql")
    return str(found)


Database = Annotated[
    Annotated[MssqlDatabase, Tag("mssql")] | Annotated[SqliteDatabase, Tag("sqlite")],
    Discriminator(_database_type),
]


class BranchSettings(Section):
    """Филиал: номер входит в ключ F1_…; ``aliases`` — его имена в Ident (OwnCompanies)."""

    number: int = Field(ge=1, le=9999)
    name: str = Field(min_length=1)
    database: str
    home: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def branch_id(self) -> str:
        """Возвращает код филиала: ``F1``."""
        return f"F{self.number}"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)
