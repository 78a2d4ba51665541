"""Модели настроек: один файл TOML, неизвестные ключи отклоняются, значения неизменны."""

import re
from collections.abc import Iterable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    model_validator,
)

from services.domain.alarms import Limits
from services.domain.errors import Family
from services.domain.mapping import DEFAULT_FIELDS, DEFAULT_IMMUTABLE, FieldTable
from services.domain.retries import SCHEDULES
from services.domain.stages import Stage, StageTable
from services.domain.validation import REQUIRED

LOOPBACK = r"(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])"
WEBHOOK = re.compile(rf"(?:https://[^\s/?#@]+|http://{LOOPBACK}(?::\d+)?)/rest/\d+/[^\s/?#]+/?")
OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
ORIGIN = re.compile(rf"https://[A-Za-z0-9.-]+(?::\d+)?|http://{LOOPBACK}(?::\d+)?")
LOCAL_HOST = re.compile(rf"{LOOPBACK}(?::\d+)?")
#: Серверы авторизации Bitrix24: другому токен сотрудника не показывают.
OAUTH_HOSTS = ("oauth.bitrix24.tech", "oauth.bitrix.info")
SDK_HOSTS = ("api.bitrix24.com", "api.bitrix24.tech")


def _refuse_strangers(name: str, values: Iterable[str], known: Iterable[str]) -> None:
    if strangers := sorted(set(values) - set(known)):
        raise ValueError(f"{name}: нет полей {', '.join(strangers)}; есть {', '.join(sorted(known))}")


def _refuse_twins(values: list[str], complaint: str) -> None:
    twins = sorted({value for value in values if values.count(value) > 1})
    if twins:
        raise ValueError(complaint.format(", ".join(twins)))


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


class Section(BaseModel):
    """Раздел настроек: неизменный, лишние ключи — ошибка, значения ошибок не печатаются."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _webhook(value: SecretStr) -> SecretStr:
    if not WEBHOOK.fullmatch(value.get_secret_value()):
        raise ValueError("ожидается https://портал/rest/номер/код/; http годится только для этого компьютера")
    return value


Webhook = Annotated[SecretStr, AfterValidator(_webhook)]


class PortalSettings(Section):
    """Портал Bitrix24 и его пределы."""

    webhook: Webhook
    requests_per_second: float = Field(default=2.0, gt=0, le=50)
    burst: int = Field(default=2, ge=1, le=50)
    batch_size: int = Field(default=50, ge=1, le=50)
    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=65.0, gt=0)
    ca_file: Path | None = None
    linger: float = Field(default=0.03, ge=0, le=1)
    uncertainty: timedelta = timedelta(seconds=65)
    operating_limit: float = Field(default=480.0, gt=0)
    category_id: int = Field(default=1, ge=0)
    assigned_by_id: int | None = None
    contact_source_id: str | None = None
    stages: dict[Stage, str] = Field(default_factory=dict)
    fields: dict[str, str] = Field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Возвращает адрес портала без пути и секрета: https://имя."""
        return "/".join(self.webhook.get_secret_value().split("/")[:3])

    @property
    def stage_table(self) -> StageTable:
        """Возвращает таблицу стадий: по умолчанию — из МАП 2.5.1."""
        return StageTable.build(self.category_id, self.stages)

    @property
    def field_table(self) -> FieldTable:
        """Возвращает таблицу имён полей сделки: по умолчанию — из МАП 2.2."""
        return FieldTable.build(self.fields)

    @model_validator(mode="after")
    def _tables_are_sound(self) -> Self:
        _ = self.stage_table, self.field_table
        return self


class RedisSettings(Section):
    """Redis: брокер и хранилище состояния."""

    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    prefix: str = Field(default="ident", pattern=r"[a-z0-9_-]{1,32}")
    socket_timeout: float = Field(default=10.0, gt=0)
    #: Корневой сертификат общего Redis (PEM): адрес начинается с rediss://. Менять: у Redis свой
    #: удостоверяющий центр (docs/cluster.md).
    ca_file: Path | None = None

    @property
    def tls(self) -> bool:
        """Отвечает, зашифрована ли связь с Redis."""
        return self.url.get_secret_value().startswith("rediss://")

    @property
    def local(self) -> bool:
        """Отвечает, на этом ли компьютере Redis."""
        host = urlsplit(self.url.get_secret_value()).netloc.rsplit("@", 1)[-1]
        return LOCAL_HOST.fullmatch(host) is not None


class MssqlDatabase(Section):
    """База Ident на SQL Server."""

    type: Literal["mssql"] = "mssql"
    id: str = Field(pattern=r"[A-Za-z0-9_-]{1,32}")
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
    login_timeout: int = Field(default=10, ge=1)
    query_timeout: int = Field(default=30, ge=1)
    isolation: Literal["read_uncommitted", "snapshot"] = "read_uncommitted"

    @model_validator(mode="after")
    def _login_is_given(self) -> Self:
        if self.auth == "sql" and (not self.login or self.password is None):
            raise ValueError('для auth = "sql" нужны login и password')
        return self


class SqliteDatabase(Section):
    """База Ident в файле SQLite: демонстрация и проверки."""

    type: Literal["sqlite"]
    id: str = Field(pattern=r"[A-Za-z0-9_-]{1,32}")
    path: Path
    query_timeout: int = Field(default=30, ge=1)
    #: На каком SQL написаны файлы запросов: tsql — перекладывается sqlglot, sqlite — берётся как есть (из
    #: node.sql_dir). Менять: sqlglot не установлен, как в готовой программе.
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
        """Возвращает все имена филиала."""
        return (self.name, *self.aliases)


class NodeSettings(Section):
    """Этот компьютер: какие филиалы он ведёт и сколько записей отправляет одновременно."""

    branches: tuple[str, ...] = ()
    concurrency: int = Field(default=200, ge=1, le=500)
    upserts_per_second: float = Field(default=1000.0, gt=0)
    sql_dir: Path | None = None
    state_dir: Path = Path("var")
    stuck_after: timedelta = timedelta(seconds=90)
    #: Файлы Python добавленных сущностей, запрос — рядом, с тем же именем и окончанием .sql
    #: (docs/extending.md). Менять: надо переносить в сделки не только приёмы.
    entities: tuple[Path, ...] = ()


Steps = Annotated[
    tuple[Annotated[timedelta, Field(gt=timedelta(), le=timedelta(minutes=15))], ...], Field(min_length=1)
]


class RetrySettings(Section):
    """Расписания повторов по семействам сбоев, секунды (СПЕЦ 3.3.2).

    ``breaker`` — сколько молчит отправка, когда портал лежит. После последней ступени база и портал
    пробуются раз в цикл выборки.
    """

    network: Steps = SCHEDULES[Family.NETWORK]
    api: Steps = SCHEDULES[Family.API]
    database: Steps = SCHEDULES[Family.DATABASE]
    store: Steps = SCHEDULES[Family.STORE]
    breaker: Steps = (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=1))

    @property
    def schedules(self) -> dict[Family, tuple[timedelta, ...]]:
        """Возвращает расписания по семействам."""
        return {family: getattr(self, family.value) for family in Family}


class SyncSettings(Section):
    """Выборка и повторы."""

    interval: timedelta = timedelta(seconds=120)
    overlap: timedelta = timedelta(minutes=10)
    first_run: timedelta = timedelta(days=7)
    packet_pause: timedelta = timedelta(seconds=1)
    first_run_pause: timedelta = timedelta(seconds=5)
    large_change: int = Field(default=200, ge=50)
    redrive_interval: timedelta = timedelta(seconds=15)
    reconcile_interval: timedelta = timedelta(hours=1)
    reconcile_back: timedelta = timedelta(days=7)
    reconcile_ahead: timedelta = timedelta(days=90)
    lease: timedelta = timedelta(seconds=100)
    hint_timeout: timedelta = timedelta(seconds=90)
    turn: timedelta = timedelta(seconds=20)
    revival: timedelta = timedelta(minutes=15)
    outbox_warning: int = Field(default=1000, ge=1)


def _offset(value: str) -> str:
    if not OFFSET.fullmatch(value):
        raise ValueError('ожидается смещение вида "+03:00" (Москва и Казань), а не имя пояса')
    if int(value[1:3]) > 14 or int(value[4:]) > 59:
        raise ValueError('такого пояса нет: ожидается смещение от "-12:00" до "+14:00"')
    return value


class RuleSettings(Section):
    """Правила, которые можно менять без кода (постановления 1, 4, 6)."""

    utc_offset: Annotated[str, AfterValidator(_offset)] = "+03:00"
    cancel_moves_manual_stage: bool = False
    contact_matching: Literal["phone", "phone_and_name"] = "phone"
    immutable_fields: tuple[str, ...] = DEFAULT_IMMUTABLE
    required_fields: tuple[str, ...] = tuple(REQUIRED)

    @model_validator(mode="after")
    def _fields_are_known(self) -> Self:
        _refuse_strangers("immutable_fields", self.immutable_fields, DEFAULT_FIELDS)
        _refuse_strangers("required_fields", self.required_fields, REQUIRED)
        return self

    @property
    def zone(self) -> timezone:
        """Возвращает часовой пояс базы Ident."""
        match = OFFSET.fullmatch(self.utc_offset)
        assert match is not None
        shift = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-shift if match[1] == "-" else shift)


class JournalSettings(Section):
    """Журналы: папка, срок хранения и предел за сутки (30 суток помещаются в 500 МБ: СПЕЦ 3.2.2)."""

    folder: Path = Path("logs")
    level: Literal["DEBUG", "INFO", "WARNING"] = "INFO"
    keep_days: int = Field(default=30, ge=1)
    #: Предел журнала за сутки, МБ; дальше пишутся только предупреждения и ошибки. Менять: журнал обрывается
    #: раньше полуночи.
    daily_limit_mb: int = Field(default=15, ge=1)


class SecuritySettings(Section):
    """Ключ, которым закрыты оттиски телефонов и личные данные в сообщениях."""

    key: SecretStr | None = None
    key_file: Path | None = None


class MonitorSettings(Section):
    """Страница наблюдения; слышна только этому компьютеру (ТЗ 4.4.4)."""

    #: Показывать ли страницу наблюдения. Менять: на узле, за которым смотрят с другого компьютера.
    enabled: bool = True
    #: Порт страницы наблюдения на 127.0.0.1. Менять: порт занят.
    port: int = Field(default=8025, ge=0, le=65535)
    #: Пароль страницы; пусто — пускать каждого, кто сидит за этим компьютером. Менять: за компьютером
    #: работают и другие (python manage.py secrets set monitor.password).
    password: SecretStr | None = None


class FlowerSettings(Section):
    """Flower: страница задач Celery; слышна только этому компьютеру, вход по паролю."""

    #: Порт Flower на 127.0.0.1. Менять: порт занят.
    port: int = Field(default=5555, ge=1, le=65535)
    #: Сколько последних задач помнить. Менять: меньше — меньше памяти.
    max_tasks: int = Field(default=1000, ge=100, le=100_000)


class EmailSettings(Section):
    """Почта для уведомлений."""

    #: Почтовый сервер. Менять: при установке.
    host: str = Field(min_length=1)
    #: Порт почтового сервера: 587 для STARTTLS, 465 для TLS. Менять: сервер слушает другой.
    port: int = Field(default=587, ge=1, le=65535)
    #: Шифрование: starttls, tls или none (только для сервера на этом же компьютере). Менять: порт 465 — tls.
    security: Literal["starttls", "tls", "none"] = "starttls"
    #: Логин почтового сервера; пусто — без входа. Менять: при установке.
    login: str | None = None
    #: Пароль почтового сервера. Менять: python manage.py secrets set alerts.email.password.
    password: SecretStr | None = None
    #: От кого письма. Менять: при установке.
    sender: str = Field(pattern=r"[^@\s]+@[^@\s]+")
    #: Кому письма. Менять: при установке.
    to: tuple[Annotated[str, Field(pattern=r"[^@\s]+@[^@\s]+")], ...] = Field(min_length=1)
    #: Корневые сертификаты почтового сервера с собственным сертификатом. Менять: письма не уходят из-за
    #: сертификата.
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _network_needs_tls(self) -> Self:
        if self.security == "none" and not re.fullmatch(LOOPBACK, self.host):
            raise ValueError('security = "none" годится только для почтового сервера на этом компьютере')
        return self


class AlertSettings(Section):
    """Уведомления администратору и их пороги (СПЕЦ 2.6.4)."""

    #: Почта; раздела нет — писем не будет. Менять: при установке.
    email: EmailSettings | None = None
    #: Номера сотрудников портала, которым слать уведомления. Менять: при установке.
    bitrix_users: tuple[Annotated[int, Field(ge=1)], ...] = ()
    #: Адреса apprise (Telegram и другие); нужна библиотека apprise. Менять: нужен ещё один канал.
    apprise: tuple[SecretStr, ...] = ()
    #: Доля ошибок за час, выше которой тревога (ТЗ 3.3.4). Менять: не нужно.
    error_share: float = Field(default=0.10, gt=0, le=1)
    #: Сколько неотправленных записей в час терпимо (ТЗ 5.3 № 5). Менять: не нужно.
    errors_per_hour: int = Field(default=10, ge=1)
    #: Сколько отклонённых записей в час терпимо (МАП 4.1). Менять: не нужно.
    rejected_per_hour: int = Field(default=10, ge=1)
    #: Сколько приёмов без филиала в час терпимо (МАП 5.1). Менять: не нужно.
    no_branch: int = Field(default=5, ge=1)
    #: Сколько филиал может не обновляться. Менять: клиника закрывает базу на ночь.
    silence: timedelta = Field(default=timedelta(minutes=30), ge=timedelta(minutes=5))
    #: Сколько база Ident может не отвечать до тревоги. Менять: сервер базы перезапускают по расписанию.
    ident_lost: timedelta = Field(default=timedelta(minutes=3), ge=timedelta(minutes=1))

    def limits(self, outbox_capacity: int) -> Limits:
        """Возвращает пороги тревог."""
        return Limits(
            error_share=self.error_share,
            errors_per_hour=self.errors_per_hour,
            rejected_per_hour=self.rejected_per_hour,
            no_branch=self.no_branch,
            silence=self.silence,
            ident_lost=self.ident_lost,
            outbox_capacity=outbox_capacity,
        )


def _origin(value: str) -> str:
    if not ORIGIN.fullmatch(value):
        raise ValueError("ожидается https://имя или https://имя:порт (http — только для этого компьютера)")
    return value


Origin = Annotated[str, AfterValidator(_origin)]


class WebSettings(Section):
    """Страницы узла: ответы вкладке «План лечения»; по умолчанию слышны только этому компьютеру."""

    #: Показывать ли страницы узла. Менять: false — узел без страниц, их держит другой процесс (web).
    enabled: bool = True
    #: Адрес, на котором слышны ответы вкладке. Менять: "0.0.0.0" — для компьютеров клиники, вместе с
    #: сертификатом (docs/lan_access.md).
    host: str = Field(default="127.0.0.1", min_length=1)
    #: Порт ответов вкладке. Менять: порт занят.
    port: int = Field(default=8443, ge=0, le=65535)
    #: Файл сертификата с цепочкой (PEM). Менять: вместе с host.
    certificate: Path | None = None
    #: Файл ключа сертификата (PEM). Менять: вместе с certificate.
    private_key: Path | None = None
    #: Адреса страниц, которым браузер отдаст ответ (CORS): откуда портал открывает приложение.
    #: Менять: при установке приложения (docs/lan_access.md).
    origins: tuple[Origin, ...] = ()
    #: Сколько секунд вкладка ждёт ответа Ident. Менять: база отвечает дольше.
    deadline: timedelta = Field(default=timedelta(seconds=10), gt=timedelta(), le=timedelta(seconds=30))

    @model_validator(mode="after")
    def _network_needs_tls(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate и private_key указывают вместе")
        if self.certificate is None and not LOCAL_HOST.fullmatch(self.host):
            raise ValueError(
                "чтобы слушать сеть, нужны certificate и private_key: данные идут только по https"
            )
        return self


def _oauth(value: str) -> str:
    if value not in OAUTH_HOSTS and not LOCAL_HOST.fullmatch(value):
        raise ValueError(f"ожидается {' или '.join(OAUTH_HOSTS)}")
    return value


def _sdk(value: str) -> str:
    origin = "/".join(value.split("/")[:3])
    if origin not in [f"https://{host}" for host in SDK_HOSTS] and not LOCAL_HOST.fullmatch(origin[7:]):
        raise ValueError(f"ожидается адрес на {' или '.join(SDK_HOSTS)}")
    return value


class ApplicationSettings(Section):
    """Локальное приложение портала: чьи токены принимать и где страница спрашивает планы."""

    #: Код приложения (client_id) с его страницы на портале. Менять: приложение создано заново.
    client_id: str = Field(pattern=r"[A-Za-z0-9._-]{3,100}")
    #: Постоянный номер портала (member_id). Менять: другой портал.
    member_id: str = Field(pattern=r"[A-Za-z0-9._-]{3,100}")
    #: Сервер авторизации: oauth.bitrix24.tech или oauth.bitrix.info. Менять: токены не узнаются, хотя
    #: client_id и member_id верны.
    oauth: Annotated[str, AfterValidator(_oauth)] = OAUTH_HOSTS[0]
    #: Адрес сценария BX24 для страницы приложения. Менять: портал живёт на api.bitrix24.tech.
    sdk: Annotated[str, AfterValidator(_sdk)] = f"https://{SDK_HOSTS[0]}/api/v1/"
    #: Где страница спрашивает планы: https://имя:порт узла; пусто — только сохранённые копии.
    #: Менять: при установке.
    shim: Origin | None = None
    #: То же по филиалам: F3 = "https://…". Менять: у филиалов свои узлы.
    shims: dict[str, Origin] = Field(default_factory=dict)

    @property
    def oauth_url(self) -> str:
        """Возвращает адрес сервера авторизации."""
        return f"{'https' if self.oauth in OAUTH_HOSTS else 'http'}://{self.oauth}/"


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

    @model_validator(mode="after")
    def _references_are_sound(self) -> Self:
        databases = [database.id for database in self.databases]
        _refuse_twins(databases, "[[databases]] id: имя {} стоит у двух баз, имена не повторяются")
        numbers = [branch.branch_id for branch in self.branches]
        _refuse_twins(numbers, "[[branches]] number: филиал {} описан дважды, номера не повторяются")
        for branch in self.branches:
            if branch.database not in databases:
                raise ValueError(
                    f"[[branches]] филиал {branch.branch_id}: базы {branch.database!r} нет в databases, "
                    f"есть {', '.join(databases)}"
                )
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
        return self

    def _check_home(self, database_id: str) -> None:
        mine = self.branches_of(database_id)
        homes = [branch for branch in mine if branch.home]
        if len(mine) > 1 and len(homes) != 1:
            listed = ", ".join(branch.branch_id for branch in mine)
            raise ValueError(
                f"[[branches]] на базе {database_id} несколько филиалов ({listed}): ровно у одного должно "
                "стоять home = true, ему достаются записи без филиала"
            )

    def _check_names(self, database_id: str) -> None:
        """Отказывает одинаковым именам на одной базе: чей приём, по имени было бы не понять."""
        mine = self.branches_of(database_id)
        names = [name for branch in mine for name in {_folded(n): n for n in branch.names}]
        twins = sorted({name for name in names if names.count(name) > 1})
        if twins:
            given = next(n for branch in mine for n in branch.names if _folded(n) == twins[0])
            raise ValueError(
                f"[[branches]] на базе {database_id} два филиала называются «{given}»: дайте им разные name "
                "и aliases, как в Ident (OwnCompanies), и одному из них — home = true"
            )

    def branches_of(self, database_id: str) -> tuple[BranchSettings, ...]:
        """Возвращает филиалы базы."""
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
