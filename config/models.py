"""Модели настроек: один файл TOML, неизвестные ключи отклоняются, значения неизменны (design 2.12)."""

import re
from collections.abc import Iterable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from services.domain.mapping import DEFAULT_FIELDS, DEFAULT_IMMUTABLE, FieldTable
from services.domain.stages import Stage, StageTable
from services.domain.validation import REQUIRED

LOOPBACK = r"(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])"
WEBHOOK = re.compile(rf"(?:https://[^\s/?#@]+|http://{LOOPBACK}(?::\d+)?)/rest/\d+/[^\s/?#]+/?")
OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


def _refuse_strangers(name: str, values: Iterable[str], known: Iterable[str]) -> None:
    if strangers := sorted(set(values) - set(known)):
        raise ValueError(f"{name}: нет полей {', '.join(strangers)}")


def _refuse_twins(name: str, values: list[str]) -> None:
    twins = sorted({value for value in values if values.count(value) > 1})
    if twins:
        raise ValueError(f"{name}: повторяется {', '.join(twins)}")


class Section(BaseModel):
    """Раздел настроек: неизменный, лишние ключи — ошибка, значения ошибок не печатаются."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _webhook(value: SecretStr) -> SecretStr:
    if not WEBHOOK.fullmatch(value.get_secret_value()):
        raise ValueError("ожидается https://портал/rest/номер/код/ (http — только для этого компьютера)")
    return value


Webhook = Annotated[SecretStr, AfterValidator(_webhook)]


class PortalSettings(Section):
    """Портал Bitrix24 и его пределы."""

    #: Адрес входящего вебхука с кодом; права crm и im. Менять: при замене или утечке кода.
    webhook: Webhook
    #: Запросов к порталу в секунду на все процессы одного Redis. Менять: тариф «Энтерпрайз» — 5; меньше, если
    #: с того же адреса в интернете на портал ходят другие программы.
    requests_per_second: float = Field(default=2.0, gt=0, le=50)
    #: Сколько запросов можно отправить подряд без паузы, если до этого молчали. Менять: 1 — ровный поток.
    burst: int = Field(default=2, ge=1, le=50)
    #: Наибольшее число команд в одном пакете. Менять: меньше, если портал отвечает на пакет дольше 30 с.
    batch_size: int = Field(default=50, ge=1, le=50)
    #: Секунды на соединение с порталом. Менять: на очень плохой связи.
    connect_timeout: float = Field(default=5.0, gt=0)
    #: Секунды ожидания ответа; портал держит запрос до 60 с. Менять: не меньше 61, иначе исход создания
    #: станет неясным раньше времени.
    read_timeout: float = Field(default=65.0, gt=0)
    #: Секунды, на которые отправка ждёт попутчиков в пакет. Менять: не нужно.
    linger: float = Field(default=0.03, ge=0, le=1)
    #: Секунды работы одного метода за 10 минут, после которых метод отдыхает (с запасом 10 с). Менять: если
    #: портал отвечает OPERATION_TIME_LIMIT раньше.
    operating_limit: float = Field(default=480.0, gt=0)
    #: Номер воронки сделок; 0 — общая. Менять: воронка на портале другая.
    category_id: int = Field(default=1, ge=0)
    #: Ответственный за новые сделки и контакты (номер сотрудника портала); пусто — владелец вебхука. Менять:
    #: сделки должны попадать куратору.
    assigned_by_id: int | None = None
    #: Код источника (SOURCE_ID) новых контактов; пусто — портал поставит свой. Менять: нужен отчёт по
    #: источникам.
    contact_source_id: str | None = None
    #: Коды стадий: стадия → STATUS_ID; не названные берутся из МАП 2.5.1. Менять: почти всегда — код длиннее
    #: 22 знаков вместе с «C1:» портал не примет (docs/mapping.md).
    stages: dict[Stage, str] = Field(default_factory=dict)
    #: Имена полей сделки: поле → имя на портале; не названные — из таблицы docs/mapping.md. Менять: поля на
    #: портале уже есть под другими именами.
    fields: dict[str, str] = Field(default_factory=dict)

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

    #: Адрес Redis с паролем, если он есть. Менять: Redis на другом компьютере или порту.
    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    #: Начало всех ключей. Менять: несколько установок на одном Redis.
    prefix: str = Field(default="ident", pattern=r"[a-z0-9_-]{1,32}")
    #: Секунды ожидания ответа Redis. Менять: не нужно.
    socket_timeout: float = Field(default=10.0, gt=0)


class MssqlDatabase(Section):
    """База Ident на SQL Server."""

    #: Вид базы. Менять: не нужно, умолчание — SQL Server.
    type: Literal["mssql"] = "mssql"
    #: Имя базы в настройках; входит в UF_CRM_IDENT_PATIENT. Менять: нельзя после первой отправки.
    id: str = Field(pattern=r"[A-Za-z0-9_-]{1,32}")
    #: Имя или адрес компьютера с SQL Server. Менять: при установке.
    server: str = Field(min_length=1)
    #: Имя экземпляра, например PZSQLSERVER; ищется через службу SQL Server Browser. Менять: при установке.
    instance: str | None = None
    #: Порт; если назван, имя экземпляра не нужно. Менять: SQL Server Browser выключен.
    port: int | None = Field(default=None, ge=1, le=65535)
    #: Имя базы Ident. Менять: при установке.
    database: str = Field(min_length=1)
    #: Чем входить: sql — логин и пароль, windows — учётная запись службы. Менять: при установке.
    auth: Literal["sql", "windows"] = "sql"
    #: Логин с правом только читать (deploy/sql/ident_reader.sql). Менять: при установке.
    login: str | None = None
    #: Пароль логина. Менять: при смене пароля.
    password: SecretStr | None = None
    #: Имя драйвера ODBC; пусто — лучший из установленных. Менять: если выбранный сам драйвер не подходит
    #: серверу.
    driver: str | None = None
    #: Шифрование соединения с базой; strict знает только драйвер 18. Менять: база за пределами своей сети —
    #: mandatory.
    encrypt: Literal["optional", "mandatory", "strict"] = "optional"
    #: Верить самодельному сертификату сервера. Менять: на сервере настоящий сертификат — false.
    trust_server_certificate: bool = True
    #: Секунды на вход в базу. Менять: медленная сеть.
    login_timeout: int = Field(default=10, ge=1)
    #: Секунды на один запрос. Менять: большая база без индексов (docs/ident.md).
    query_timeout: int = Field(default=30, ge=1)
    #: Чтение без блокировок: read_uncommitted или snapshot, если он включён в базе. Менять: администратор
    #: базы просит snapshot.
    isolation: Literal["read_uncommitted", "snapshot"] = "read_uncommitted"

    @model_validator(mode="after")
    def _login_is_given(self) -> Self:
        if self.auth == "sql" and (not self.login or self.password is None):
            raise ValueError('для auth = "sql" нужны login и password')
        return self


class SqliteDatabase(Section):
    """База Ident в файле SQLite: демонстрация и проверки."""

    #: Вид базы: файл SQLite с той же схемой. Менять: только для демонстрации и проверок.
    type: Literal["sqlite"]
    #: Имя базы в настройках. Менять: не нужно.
    id: str = Field(pattern=r"[A-Za-z0-9_-]{1,32}")
    #: Файл базы. Менять: не нужно.
    path: Path
    #: Секунды ожидания занятого файла. Менять: не нужно.
    query_timeout: int = Field(default=30, ge=1)


Database = Annotated[MssqlDatabase | SqliteDatabase, Field(discriminator="type")]


class BranchSettings(Section):
    """Филиал: номер входит в ключ F1_…; ``aliases`` — его имена в Ident (OwnCompanies)."""

    #: Номер филиала: входит в ключ F1_12345. Менять: нельзя после первой отправки, иначе сделки создадутся
    #: заново.
    number: int = Field(ge=1, le=9999)
    #: Имя филиала: так оно пишется в UF_CRM_FILIAL и так ищется в Ident. Менять: при установке.
    name: str = Field(min_length=1)
    #: Имя базы из [[databases]]. Менять: филиал переехал на другую базу.
    database: str
    #: Филиалу достаются приёмы базы без филиала («Не указан»). Менять: на базе несколько филиалов — true
    #: ровно у одного.
    home: bool = False
    #: Другие имена филиала в Ident (OwnCompanies.Name). Менять: в Ident организация названа иначе, чем
    #: филиал.
    aliases: tuple[str, ...] = ()

    @property
    def branch_id(self) -> str:
        """Возвращает код филиала: ``F1``."""
        return f"F{self.number}"


class NodeSettings(Section):
    """Этот компьютер: какие филиалы он ведёт и сколько записей отправляет одновременно."""

    #: Филиалы этого компьютера, например F1; пусто — все описанные. Менять: на каждом компьютере свои.
    branches: tuple[str, ...] = ()
    #: Сколько записей отправляется одновременно; в пуле prefork — не больше числа ядер. Менять: меньше на
    #: слабом компьютере; пакеты станут мельче.
    concurrency: int = Field(default=100, ge=1, le=500)
    #: Тормоз Celery: сколько записей в секунду один процесс берёт в работу. Менять: только чтобы
    #: притормозить; предел портала держит не он (docs/decisions/0004-limit-at-http-level.md).
    upserts_per_second: float = Field(default=1000.0, gt=0)
    #: Папка со своими файлами запросов вместо config/sql. Менять: версия Ident отличается (docs/ident.md).
    sql_dir: Path | None = None
    #: Папка для файла расписания Celery. Менять: у службы нет прав на папку var.
    state_dir: Path = Path("var")


class SyncSettings(Section):
    """Выборка и повторы."""

    #: Промежуток между выборками (СПЕЦ 3.1.1). Менять: по желанию; 120 с — из документов.
    interval: timedelta = timedelta(seconds=120)
    #: На сколько назад от курсора перечитывать изменения. Менять: Ident пишет отметки времени с большим
    #: опозданием.
    overlap: timedelta = timedelta(minutes=10)
    #: За сколько времени читать изменения, когда курсора нет (СПЕЦ 3.1.3). Менять: нужна более глубокая
    #: первая загрузка.
    first_run: timedelta = timedelta(days=7)
    #: Пауза между пакетами по 50, когда изменений больше large_change (СПЕЦ 3.1.2). Менять: не нужно.
    packet_pause: timedelta = timedelta(seconds=1)
    #: Пауза между пакетами при первом запуске (СПЕЦ 3.1.3). Менять: первую загрузку надо ускорить или
    #: замедлить.
    first_run_pause: timedelta = timedelta(seconds=5)
    #: С какого числа изменений за проход начинаются паузы. Менять: не нужно.
    large_change: int = Field(default=200, ge=50)
    #: Как часто обходить очередь: кого пора подсказать снова. Менять: не нужно.
    redrive_interval: timedelta = timedelta(seconds=15)
    #: Как часто сверять всё окно приёмов. Менять: реже, если сверка нагружает базу.
    reconcile_interval: timedelta = timedelta(hours=1)
    #: Сверка: сколько назад от времени базы по началу приёма. Менять: прошлые приёмы правят позже недели.
    reconcile_back: timedelta = timedelta(days=7)
    #: Сверка: сколько вперёд по началу приёма. Менять: записывают дальше трёх месяцев.
    reconcile_ahead: timedelta = timedelta(days=90)
    #: На сколько запись достаётся отправляющему; погибший узел держит её не дольше. Менять: не меньше 65 с —
    #: дольше портал запрос не держит.
    lease: timedelta = timedelta(seconds=100)
    #: Через сколько подсказать непосланную запись снова. Менять: не нужно.
    hint_timeout: timedelta = timedelta(minutes=2)
    #: Глубина очереди филиала, о которой предупреждать (ТЗ 4.1.3). Менять: не нужно.
    outbox_warning: int = Field(default=1000, ge=1)


def _offset(value: str) -> str:
    if not OFFSET.fullmatch(value):
        raise ValueError('ожидается смещение вида "+03:00"')
    return value


class RuleSettings(Section):
    """Правила, которые можно менять без кода (постановления 1, 4, 6)."""

    #: Часовой пояс базы Ident. Менять: клиника не по московскому времени.
    utc_offset: Annotated[str, AfterValidator(_offset)] = "+03:00"
    #: Отмена переводит в LOSE и сделку на ручной стадии (постановление 1). Менять: кураторы так договорились.
    cancel_moves_manual_stage: bool = False
    #: Чей контакт берёт сделку: phone — любой с этим телефоном (тёзка впереди), phone_and_name — только с тем
    #: же ФИО (постановление 6). Менять: на одном телефоне бывает вся семья и контакты надо разделить.
    contact_matching: Literal["phone", "phone_and_name"] = "phone"
    #: Поля, которые обновление не трогает (МАП 2.3.4, постановление 4). Менять: убрать поле, чтобы оно
    #: обновлялось.
    immutable_fields: tuple[str, ...] = DEFAULT_IMMUTABLE
    #: Поля, без которых запись отклоняется (СПЕЦ 2.2.1); телефон обязателен всегда. Менять: в Ident поле не
    #: заполняют, а записи нужны.
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
    """Журналы."""

    #: Папка журналов. Менять: при установке.
    folder: Path = Path("logs")
    #: Самые мелкие события, которые записываются. Менять: DEBUG — на время поиска неполадки.
    level: Literal["DEBUG", "INFO", "WARNING"] = "INFO"
    #: Сколько суток хранить журналы (СПЕЦ 2.6.2). Менять: не нужно.
    keep_days: int = Field(default=30, ge=1)


class SecuritySettings(Section):
    """Ключ, которым закрыты оттиски телефонов и личные данные в сообщениях."""

    #: Ключ для оттисков телефонов и запечатанных сообщений; пусто — выводится из вебхука. Менять: вебхуки
    #: узлов одного портала разные, а Redis общий.
    key: SecretStr | None = None
    #: Файл ключа: для значений enc:… и вместо key; без него секреты открываются файлом ident-bitrix.key рядом
    #: с настройками. Менять: ключ лежит в другом месте.
    key_file: Path | None = None


class Settings(Section):
    """Все настройки."""

    portal: PortalSettings
    redis: RedisSettings = RedisSettings()
    databases: tuple[Database, ...] = Field(min_length=1)
    branches: tuple[BranchSettings, ...] = Field(min_length=1)
    node: NodeSettings = NodeSettings()
    sync: SyncSettings = SyncSettings()
    rules: RuleSettings = RuleSettings()
    journal: JournalSettings = JournalSettings()
    security: SecuritySettings = SecuritySettings()

    @model_validator(mode="after")
    def _references_are_sound(self) -> Self:
        databases = [database.id for database in self.databases]
        _refuse_twins("databases.id", databases)
        _refuse_twins("branches.number", [branch.branch_id for branch in self.branches])
        for branch in self.branches:
            if branch.database not in databases:
                raise ValueError(f"branches {branch.branch_id}: базы {branch.database!r} нет в databases")
        for database_id in databases:
            self._check_home(database_id)
        known = {branch.branch_id for branch in self.branches}
        if unknown := sorted(set(self.node.branches) - known):
            raise ValueError(f"node.branches: филиалы {', '.join(unknown)} не описаны в branches")
        return self

    def _check_home(self, database_id: str) -> None:
        mine = self.branches_of(database_id)
        homes = [branch for branch in mine if branch.home]
        if len(mine) > 1 and len(homes) != 1:
            raise ValueError(f"база {database_id}: ровно у одного её филиала должно стоять home = true")

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
