"""Осмотр базы Ident: связь, права, запросы, отметки времени, индексы, филиалы, часы."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from services.doctor.findings import Finding, Level, fail, ok, warn
from services.domain.errors import DatabaseError
from services.ident.contract import SEARCHED, contracts
from services.ident.inspection import unknown_names
from services.ident.probing import Address

if TYPE_CHECKING:
    from config.models import MssqlDatabase, SqliteDatabase
    from services.ident.inspection import Inspection, Marks, Powers

MARKS_BACK = timedelta(days=30)
DRIFT_WARN = timedelta(minutes=2)
HALF_HOUR = timedelta(minutes=30)
RECENT = timedelta(hours=1)
SERVICE_DOMAIN, SERVICE_ACCOUNT = "NT SERVICE\\", "NT SERVICE\\IdentBitrixNode"
#: Свой компьютер: до него соединение не выходит в сеть.
OWN = frozenset({"localhost", "127.0.0.1", "::1"})


def base(
    database_id: str,
    inspection: "Inspection",
    names: Sequence[Sequence[str]],
    now: datetime,
    zone: timezone,
) -> Iterator[Finding]:
    """Осматривает базу; нет связи — остальное не проверить."""
    code = f"ident.{database_id}"
    try:
        database_now = inspection.now()
    except DatabaseError as error:
        advice = "Проверьте сервер, сеть и записанное о базе {in_bases}; без базы филиалы не обновляются"
        yield fail(code, str(error), advice)
        return
    yield ok(code, f"база {database_id} отвечает: {inspection.version()}")
    yield from rights(code, inspection.powers())
    yield moments(code, inspection.lost_fractions())
    yield from queries(code, inspection)
    yield marks(code, inspection.marks(database_now - MARKS_BACK))
    yield indexes(code, inspection.indexed())
    yield from companies(code, inspection.companies(), names)
    yield clock(code, database_now, now, zone)


def as_person(
    code: str, found: Iterator[Finding], account: str, read_at: datetime | None, now: datetime
) -> Iterator[Finding]:
    """Осматривает базу с ``auth = "windows"``: входит в неё тот, кто осматривает, а работать будет служба.

    Если сама служба недавно читала базу, вход её доказан; иначе осмотр говорит, что его не проверял, и
    отказ человеку отказом службе не считает.
    """
    if account.upper().startswith(SERVICE_DOMAIN):
        yield from found
        return
    if read_at is not None and now - read_at < RECENT:
        yield ok(f"{code}.login", "служба сама входит в базу: последняя выборка удалась")
    else:
        text = f"вход службы в базу не проверен: осмотр входит как {account}, служба — как {SERVICE_ACCOUNT}"
        advice = "Дайте ей логин (на другой сервер она входит как учётная запись этого компьютера)"
        yield warn(f"{code}.login", text, f"{advice} и повторите осмотр, когда служба поработает")
    for finding in found:
        refused = finding.code == code and finding.level is Level.FAIL
        yield warn(code, f"{account}: {finding.text}", finding.advice) if refused else finding


def rights(code: str, powers: "Powers") -> Iterator[Finding]:
    """Проверяет, что логин только читает; чего сервер не сказал, то и не утверждает."""
    where, advice = f"{code}.rights", "Дайте службе логин с одним правом SELECT: deploy/sql/ident_reader.sql"
    if powers.excess:
        yield warn(where, f"логин базы умеет лишнее: {', '.join(powers.excess)}", advice)
    elif powers.unknown:
        yield warn(where, f"сервер не сказал, может ли логин {', '.join(powers.unknown)}", advice)
    else:
        yield ok(where, "логин базы только читает")


def moments(code: str, lost: Sequence[str]) -> Finding:
    """Проверяет, что время доходит до сервера с долями секунды: по ним выборка узнаёт, где остановилась."""
    where = f"{code}.moments"
    if lost:
        text = f"сервер понял время иначе, чем послано: {', '.join(lost)}"
        return fail(
            where, text, "Поставьте ODBC Driver 17 или 18 for SQL Server: изменения читались бы не все"
        )
    return ok(where, "время доходит до сервера с долями секунды")


def encryption(code: str, settings: "MssqlDatabase | SqliteDatabase") -> Iterator[Finding]:
    """Проверяет, что соединение с чужим компьютером шифруется и сервер доказывает, что он тот самый."""
    if settings.type == "sqlite" or Address.of(settings.server, None, None).host in OWN:
        return
    where = f"{code}.encryption"
    if settings.encrypt == "optional":
        yield warn(
            where,
            "соединение с базой не обязано шифроваться: имена и телефоны пациентов видны в сети",
            'Сделайте шифрование обязательным (encrypt = "mandatory") {in_bases}',
        )
    elif settings.trust_server_certificate:
        yield warn(
            where,
            "сертификат сервера базы не проверяется: соединение шифруется, но отвечать может и не он",
            "Поставьте серверу доверенный сертификат, любому не верьте (trust_server_certificate) {in_bases}",
        )
    else:
        yield ok(where, "соединение с базой шифруется, сертификат сервера проверяется")


def queries(code: str, inspection: "Inspection") -> Iterator[Finding]:
    overridden = set(inspection.overridden())
    broken, known = False, contracts()
    for name, wanted in known.items():
        where = f"{code}.sql.{name}"
        whose = "свой файл в sql_dir" if name in overridden else "файл config/sql"
        try:
            absent = sorted(wanted - inspection.columns(name))
        except DatabaseError as error:
            broken = True
            advice = f"Версия Ident отличается: поправьте {whose}/{name}.sql (docs/ident.md)"
            yield fail(where, f"запрос {name}: {error}", advice)
            continue
        if absent:
            broken = True
            advice = f"Верните столбцы в {whose}/{name}.sql"
            yield fail(where, f"запрос {name} не даёт столбцов {', '.join(absent)}", advice)
    if not broken:
        yield ok(f"{code}.sql", f"все запросы ({len(known)}) подходят этой базе")


def marks(code: str, found: "Marks") -> Finding:
    """Судит, двигается ли DateTimeChanged, когда меняется состояние приёма."""
    where = f"{code}.marks"
    if not found.marked:
        return ok(where, "приёмов с отметками за 30 дней нет: DateTimeChanged не на чем проверить")
    share = found.unmoved / found.marked
    if share > 0.05:
        text = f"DateTimeChanged не двигается от отметок состояния: у {share:.0%} приёмов за 30 дней"
        advice = "Так бывает; выборка смотрит и сами отметки. Не убирайте их из своего changed_receptions.sql"
        return warn(where, text, advice)
    return ok(where, "DateTimeChanged двигается вместе с отметками состояния")


def indexes(code: str, existing: set[tuple[str, str]]) -> Finding:
    absent = [f"{table}.{column}" for table, column in SEARCHED if (table, column) not in existing]
    if absent:
        text = f"нет индексов по {', '.join(absent)}: выборка читает таблицу целиком"
        return warn(f"{code}.indexes", text, "Попросите администратора базы создать индексы: docs/ident.md")
    return ok(f"{code}.indexes", "столбцы, по которым ищут изменения, с индексами")


def companies(code: str, found: Sequence[str], names: Sequence[Sequence[str]]) -> Iterator[Finding]:
    where = f"{code}.branches"
    unknown, absent = unknown_names(found, names)
    for name in unknown:
        text = f"организация «{name}» из Ident не описана ни у одного филиала"
        advice = "Её приёмы уходят от домашнего филиала с этим именем; {name_company}"
        yield warn(where, text, advice)
    for name in absent:
        text = f"филиала «{name}» среди организаций Ident нет; есть: {', '.join(found) or 'ни одной'}"
        yield warn(where, text, "Проверьте имя филиала {in_branches}")
    if not unknown and not absent:
        yield ok(where, "имена филиалов совпадают с организациями Ident")


def clock(code: str, database_now: datetime, now: datetime, zone: timezone) -> Finding:
    where = f"{code}.clock"
    drift = database_now - now.astimezone(zone).replace(tzinfo=None)
    if abs(drift) <= DRIFT_WARN:
        return ok(where, "часы базы верны")
    halves = round(drift / HALF_HOUR)
    if halves and abs(drift - halves * HALF_HOUR) <= DRIFT_WARN:
        text = f"часы базы отличаются ровно на {halves / 2:+g} ч"
        return fail(where, text, "Времена приёмов уходят со сдвигом: поправьте пояс (utc_offset) {in_rules}")
    text = f"часы базы отличаются на {drift.total_seconds() / 60:+.0f} мин"
    return warn(where, text, "Включите на сервере базы и на этом компьютере сверку часов")
