"""Узел: Redis, филиалы и потоки, сроки обмена, журналы, ключ."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from config.models.base import LOCAL_HOST, Between, CertificateFile, Section, matching

SECOND, DAY = timedelta(seconds=1), 86_400


def _redis_url(value: SecretStr) -> SecretStr:
    """Проверяет адрес Redis; значение в сообщение не попадает: в нём бывает пароль."""
    text = value.get_secret_value()
    form = "ожидается redis://127.0.0.1:6379/0 или rediss://имя:пароль@сервер:6380/0"
    escaped = "знаки # / ? [ ] @ : и % в пароле пишут кодами %23 %2F %3F %5B %5D %40 %3A %25"
    try:
        address = urlsplit(text)
        port = address.port
    except ValueError:
        raise ValueError(f"{form}; {escaped}") from None
    if address.query:
        raise ValueError("после «?» ничего не пишут: проверку сертификата не отключают, свой центр — ca_file")
    known = address.scheme in ("redis", "rediss") and re.fullmatch(r"(?:/\d{0,4})?", address.path)
    if not known or not address.hostname or address.fragment or port == 0 or re.search(r"\s", text):
        raise ValueError(f"{form}; {escaped}")
    if address.scheme == "redis" and not _is_local(text):
        raise ValueError("Redis на другом компьютере: связь шифруют, адрес — rediss:// (docs/cluster.md)")
    return value


def _is_local(url: str) -> bool:
    return LOCAL_HOST.fullmatch(urlsplit(url).netloc.rsplit("@", 1)[-1]) is not None


class RedisSettings(Section):
    """Redis: брокер и хранилище состояния."""

    url: Annotated[SecretStr, AfterValidator(_redis_url)] = SecretStr("redis://127.0.0.1:6379/0")
    prefix: Annotated[
        str, matching(r"[a-z0-9_-]{1,32}", "имя из строчных латинских букв, цифр, «-» и «_», до 32 знаков")
    ] = "ident"
    ca_file: CertificateFile | None = None

    retired: ClassVar[frozenset[str]] = frozenset({"socket_timeout"})

    @property
    def tls(self) -> bool:
        return self.url.get_secret_value().startswith("rediss://")

    @property
    def local(self) -> bool:
        return _is_local(self.url.get_secret_value())

    @property
    def port(self) -> int:
        """Возвращает порт; не назван — 6379."""
        return urlsplit(self.url.get_secret_value()).port or 6379

    @property
    def address(self) -> str:
        """Возвращает адрес для человека: сервер и порт, без имени и пароля."""
        return f"{urlsplit(self.url.get_secret_value()).hostname}:{self.port}"


class NodeSettings(Section):
    """Этот компьютер: какие филиалы он ведёт и сколько записей отправляет одновременно."""

    branches: tuple[str, ...] = ()
    concurrency: int = Field(default=500, ge=1, le=1000)
    upserts_per_second: Annotated[float, Between(0.1, 10_000, "реже очередь растёт быстрее, чем уходит")] = (
        1000.0
    )
    sql_dir: Path | None = None
    state_dir: Path = Path("var")
    entities: tuple[Path, ...] = ()

    retired: ClassVar[frozenset[str]] = frozenset({"stuck_after"})


class SyncSettings(Section):
    """Выборка и повторы.

    Задают немногое; остальные сроки — доли срока аренды: погибший узел держит запись, замок выборки и
    расписание не дольше неё.
    """

    interval: Annotated[timedelta, Between(1, DAY, "чаще раза в секунду база Ident не успеет ответить")] = (
        timedelta(seconds=120)
    )
    overlap: Annotated[
        timedelta, Between(60, DAY, "Ident пишет отметки времени с опозданием, и приёмы терялись бы", demo=1)
    ] = timedelta(minutes=10)
    first_run: Annotated[
        timedelta, Between(3600, 3660 * DAY, "без прошлого первый запуск ничего не прочтёт")
    ] = timedelta(days=7)
    first_run_pause: Annotated[timedelta, Between(0, 60, "пауза назад не идёт")] = timedelta(seconds=5)
    reconcile_interval: Annotated[
        timedelta, Between(300, 7 * DAY, "сверка читает всё окно приёмов и заняла бы базу целиком", demo=1)
    ] = timedelta(hours=1)
    reconcile_back: Annotated[timedelta, Between(0, 366 * DAY, "окно сверки назад")] = timedelta(days=7)
    reconcile_ahead: Annotated[timedelta, Between(0, 366 * DAY, "окно сверки вперёд")] = timedelta(days=90)
    lease: Annotated[
        timedelta, Between(65, 3600, "портал отвечает до минуты, и запись взял бы второй отправитель", demo=1)
    ] = timedelta(seconds=100)

    retired: ClassVar[frozenset[str]] = frozenset(
        {
            "packet_pause",
            "large_change",
            "redrive_interval",
            "hint_timeout",
            "turn",
            "revival",
            "outbox_warning",
        }
    )

    #: Пауза между пакетами по 50, когда изменений за проход больше ``large_change`` (СПЕЦ 3.1.2).
    packet_pause: ClassVar[timedelta] = SECOND
    large_change: ClassVar[int] = 200
    #: Глубина очереди филиала, о которой предупреждают (ТЗ 4.1.3).
    outbox_warning: ClassVar[int] = 1000

    @property
    def redrive_interval(self) -> timedelta:
        """Возвращает, как часто обходить очередь: кого пора подсказать снова."""
        return min(self.interval, 15 * SECOND)

    @property
    def hint_timeout(self) -> timedelta:
        """Возвращает, через сколько подсказать непосланную запись снова."""
        return self.lease * 0.9

    @property
    def turn(self) -> timedelta:
        """Возвращает срок замка выборки и сверки: убитый узел держит их не дольше, живой продлевает."""
        return max(self.lease / 2, 2 * SECOND)

    @property
    def revival(self) -> timedelta:
        """Возвращает, через сколько пробовать снова записи, отказавшие по временной причине."""
        return self.lease * 9

    @property
    def stuck_after(self) -> timedelta:
        """Возвращает, сколько узел может ничего не исполнять: дольше — завершится (ТЗ 3.3.1)."""
        return min(max(self.lease * 0.9, 5 * SECOND), 90 * SECOND)


class JournalSettings(Section):
    """Журналы: папка, срок хранения и предел за сутки (30 суток помещаются в 500 МБ: СПЕЦ 3.2.2)."""

    folder: Path = Path("logs")
    level: Literal["DEBUG", "INFO", "WARNING"] = "INFO"
    keep_days: int = Field(default=30, ge=1, le=3660)
    daily_limit_mb: int = Field(default=15, ge=1, le=10_000)


class SecuritySettings(Section):
    """Ключ, которым закрыты оттиски телефонов и личные данные в сообщениях."""

    key: SecretStr | None = None
    key_file: Path | None = None
