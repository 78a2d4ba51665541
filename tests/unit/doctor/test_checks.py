"""Проверки осмотра на краях: версии, базы SQL Server, часы, секреты, беды самой проверки."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp, parse

from config.models import MssqlDatabase, SecuritySettings, Settings
from config.secrets import new_key, write_key
from services.advice import Front, worded
from services.doctor import computer, ident, portal, state
from services.doctor.findings import Finding, Level, fail, ok, performed, warn, worst
from services.domain.errors import ApiError, DatabaseError, FatalError, NetworkError, SyncError
from services.ident.contract import columns_of, contracts
from services.ident.inspection import Inspection, Marks, Powers, unknown_names
from services.ident.statements import SQL_DIR, parse_statement, read_sql
from tests.unit.ident.test_sql_files import CONTRACT, TOO_NEW

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MOSCOW = timezone(timedelta(hours=3))
SERVER_FILES = sorted(path.stem for path in (SQL_DIR / "doctor").glob("*.sql"))


V18 = "ODBC Driver 18 for SQL Server"


def level_of(found: Iterator[Finding] | Finding) -> Level:
    """Возвращает уровень единственной находки."""
    (one,) = [found] if isinstance(found, Finding) else list(found)
    assert one.level is Level.OK or one.advice
    return one.level


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10, 9), Level.FAIL), ((3, 11, 0), Level.OK), ((3, 15, 2), Level.OK), ((3, 16, 0), Level.FAIL)],
)
def test_python_of_supported_versions(version: Sequence[int], level: Level) -> None:
    assert level_of(computer.python(version)) is level


@pytest.mark.parametrize(("used", "level"), [(0.5, Level.OK), (0.9, Level.WARN), (0.99, Level.FAIL)])
def test_room_on_the_disk(used: float, level: Level, tmp_path: Path) -> None:
    assert level_of(computer.disk([tmp_path], lambda _: used)) is level


@pytest.mark.parametrize(
    ("text", "level"), [("5.0.14", Level.FAIL), ("6.2.14", Level.OK), ("8.8.0", Level.OK)]
)
def test_redis_of_supported_versions(text: str, level: Level) -> None:
    assert level_of(state.version(text)) is level


@pytest.mark.parametrize(
    ("watched", "level"),
    [(None, Level.WARN), (NOW - timedelta(minutes=4), Level.FAIL), (NOW - timedelta(minutes=2), Level.OK)],
)
def test_heartbeat_of_the_service(watched: datetime | None, level: Level) -> None:
    assert level_of(state.heartbeat(watched, NOW)) is level


@pytest.mark.parametrize(
    ("drift", "level"),
    [
        (timedelta(), Level.OK),
        (timedelta(minutes=2), Level.OK),
        (timedelta(minutes=17), Level.WARN),
        (timedelta(hours=-1), Level.FAIL),
        (timedelta(hours=4, seconds=30), Level.FAIL),
    ],
)
def test_clock_of_the_base(drift: timedelta, level: Level) -> None:
    there = NOW.astimezone(MOSCOW).replace(tzinfo=None) + drift
    assert level_of(ident.clock("ident.D1", there, NOW, MOSCOW)) is level


@pytest.mark.parametrize(
    ("marks", "level"), [(Marks(0, 0), Level.OK), (Marks(100, 5), Level.OK), (Marks(100, 6), Level.WARN)]
)
def test_marks_of_a_reception(marks: Marks, level: Level) -> None:
    assert level_of(ident.marks("ident.D1", marks)) is level


def test_login_that_can_write_is_named() -> None:
    (found,) = ident.rights("ident.D1", Powers(["менять строки", "управлять всем сервером (sysadmin)"]))
    assert found.level is Level.WARN
    assert "менять строки" in found.text
    assert "ident_reader.sql" in found.advice


def test_rights_the_server_does_not_tell_are_unknown() -> None:
    (found,) = ident.rights("ident.D1", Powers(unknown=["менять таблицы"]))
    assert (found.level, "не сказал" in found.text) == (Level.WARN, True)


def test_login_that_only_reads_is_right() -> None:
    assert level_of(next(ident.rights("ident.D1", Powers()))) is Level.OK


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"encrypt": "optional"}, Level.WARN),
        ({"encrypt": "mandatory", "trust_server_certificate": True}, Level.WARN),
        ({"encrypt": "mandatory", "trust_server_certificate": False}, Level.OK),
    ],
)
def test_encryption_to_another_computer(changes: dict[str, Any], level: Level) -> None:
    (found,) = ident.encryption("ident.D1", server("SRV-IDENT", **changes))
    assert found.level is level


@pytest.mark.parametrize("name", ["localhost", ".\\PZSQLSERVER", "(local)", "127.0.0.1"])
def test_encryption_within_the_computer_is_not_asked_for(name: str) -> None:
    assert list(ident.encryption("ident.D1", server(name, encrypt="optional"))) == []


def server(name: str, **changes: Any) -> MssqlDatabase:
    """Строит настройки базы на сервере."""
    usual: dict[str, Any] = {"id": "D1", "server": name, "database": "PZ", "auth": "windows"}
    return MssqlDatabase(**usual, **changes)


@pytest.mark.parametrize(
    ("returned", "level"),
    [
        (("2024-12-30 10:00:00.003333", "2024-12-30 10:00:00.996667"), Level.OK),
        (("2024-12-30 10:00:00.003000", "2024-12-30 10:00:00.997000"), Level.OK),
        (("2024-12-30 10:00:00.000000", "2024-12-30 10:00:00.000000"), Level.FAIL),
        (("2024-12-30 10:00:00.003333", "2024-12-30 10:00:01.000000"), Level.FAIL),
    ],
)
def test_moment_makes_the_round_trip_with_its_fraction(returned: tuple[str, str], level: Level) -> None:
    answers = iter(returned)

    class Clock:
        def ask(self, name: str, **values: object) -> list[Mapping[str, object]]:
            return [{"moment": next(answers)}]

    lost = Inspection(Clock(), False, None).lost_fractions()  # type: ignore[arg-type]
    assert level_of(ident.moments("ident.D1", lost)) is level


class ServerSource:
    """Ответы SQL Server на вопросы осмотра."""

    def __init__(self, rows: Mapping[str, list[Mapping[str, object]]]) -> None:
        self._rows = rows

    def ask(self, name: str, **values: object) -> list[Mapping[str, object]]:
        """Возвращает строки."""
        return self._rows[name]


def test_rights_of_a_sql_server_login_are_read() -> None:
    rights = {
        "can_insert": 0,
        "can_update": 1,
        "can_delete": 0,
        "can_alter": None,
        "tables": 2,
        "is_admin": 0,
    }
    source = ServerSource({"doctor/login_rights": [rights]})
    powers = Inspection(source, False, None).powers()  # type: ignore[arg-type]
    assert powers == Powers(["менять строки", "писать в отдельные таблицы"], ["менять таблицы"])


def test_version_of_a_sql_server_is_read() -> None:
    source = ServerSource({"doctor/server_version": [{"version": "15.0.2000.5", "edition": "Express"}]})
    assert Inspection(source, False, None).version() == "SQL Server 15.0.2000.5 Express"  # type: ignore[arg-type]


def test_names_are_compared_whatever_the_case_and_spaces() -> None:
    known = [("Филиал Фучика", "ООО «Зуб»"), ("Филиал Победы",)]
    assert unknown_names(["филиал  фучика", "Чужая"], known) == (["Чужая"], ["Филиал Победы"])


def test_contract_of_the_doctor_is_that_of_the_files() -> None:
    assert {name: set(columns) for name, columns in contracts().items()} == {
        k: set(v) for k, v in CONTRACT.items()
    }


def test_columns_are_read_past_nested_queries_and_comments() -> None:
    sql = """-- AS лишний,
    SELECT TOP (1) a.X AS one, (SELECT TOP (1) b.Y AS inner_one FROM b) AS [two]
    FROM a AS t, c AS d"""
    assert columns_of(sql) == {"one", "two"}


@pytest.mark.parametrize("name", SERVER_FILES)
def test_question_of_the_doctor_is_one_reading_select_of_old_servers(name: str) -> None:
    (tree,) = parse(read_sql(f"doctor/{name}"), dialect="tsql")
    assert isinstance(tree, exp.Select)
    assert TOO_NEW.findall(parse_statement(read_sql(f"doctor/{name}")).text) == []
    named = read_sql(f"doctor/{name}").split("Столбцы:")[1]
    assert all(column in named for column in tree.named_selects)


def test_override_of_the_installer_is_named_in_the_advice(tmp_path: Path) -> None:
    (tmp_path / "receptions.sql").write_text("SELECT 1 AS reception_id", encoding="utf-8")

    class Narrow:
        def overridden(self) -> list[str]:
            return ["receptions"]

        def columns(self, name: str) -> set[str]:
            return set(contracts()[name]) if name != "receptions" else {"reception_id"}

    (found,) = ident.queries("ident.D1", Narrow())  # type: ignore[arg-type]
    assert "не даёт столбцов" in found.text
    assert "sql_dir/receptions.sql" in found.advice


@pytest.mark.parametrize(
    ("hours", "level"),
    [([], Level.OK), ([0, 0, 1], Level.OK), ([3, 3, 0], Level.FAIL), ([1, 2, 3], Level.OK)],
)
def test_shift_of_dates_is_seen_when_most_share_it(hours: list[int], level: Level) -> None:
    pairs = [(NOW, NOW + timedelta(hours=hour)) for hour in hours]
    assert level_of(portal.dates(pairs)) is level


def clinic() -> Settings:
    """Возвращает настройки с одним филиалом."""
    return Settings.model_validate(
        {
            "portal": {"webhook": "http://127.0.0.1/rest/1/x/", "category_id": 1},
            "databases": [{"id": "D1", "type": "sqlite", "path": "x"}],
            "branches": [{"number": 1, "name": "x", "database": "D1"}],
        }
    )


@pytest.mark.parametrize(
    ("editable", "level"),
    [
        ({"UF_CRM_RECEPTION_ID"}, Level.WARN),
        ({"UF_CRM_IDENT_PATIENT", "TITLE"}, Level.WARN),
        ({"TITLE", "UF_CRM_FILIAL"}, Level.OK),
    ],
)
def test_key_fields_open_to_everyone_are_named(editable: set[str], level: Level) -> None:
    (found,) = portal.keys(clinic().portal, editable)
    assert found.level is level
    assert (level is Level.OK) or any(name in found.text for name in editable)


def test_code_of_a_stage_too_long_is_named() -> None:
    settings = clinic()
    from services.bitrix.portal_admin import StageRow

    found = list(portal.stages(settings.portal, [StageRow(1, "C1:WON", "Успешно", 10, "S")]))
    assert any("длиннее 22 знаков" in finding.text for finding in found)


def test_no_driver_says_which_to_install() -> None:
    settings = Settings.model_construct(
        databases=(MssqlDatabase(id="D1", server="s", database="d", auth="windows"),)
    )
    assert level_of(next(computer.driver(settings, list))) is Level.FAIL
    assert level_of(next(computer.driver(settings, lambda: ["ODBC Driver 18 for SQL Server"]))) is Level.OK


@pytest.mark.parametrize(
    ("installed", "level"),
    [
        (["FreeTDS", "ODBC Driver 18 for SQL Server"], Level.OK),
        (["ODBC Driver 18 for SQL Server"], Level.FAIL),
    ],
)
def test_driver_named_in_the_settings_is_the_one_examined(installed: list[str], level: Level) -> None:
    settings = Settings.model_construct(databases=(server("SRV", driver="FreeTDS"),))
    (found,) = computer.driver(settings, lambda: installed)
    assert (found.level, "FreeTDS" in found.text) == (level, True)


@pytest.mark.parametrize(
    ("webhook", "text"),
    [("http://127.0.0.1/rest/1/s3cr3t/", "прятать нечего"), ("enc:gAAAA", "секреты зашифрованы")],
)
def test_secrets_of_the_file(tmp_path: Path, webhook: str, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'[portal]\nwebhook = "{webhook}"\n', encoding="utf-8")
    write_key(tmp_path / "key", new_key())
    (found,) = computer.secrets(path, keyed(tmp_path))
    assert (found.level, text in found.text) == (Level.OK, True)
    assert "s3cr3t" not in found.text + found.advice


def test_key_the_node_would_not_start_without_is_read_by_the_examination(tmp_path: Path) -> None:
    """Без зашифрованных секретов настройки загружаются и без ключа, а узел без него не встаёт."""
    path = tmp_path / "settings.toml"
    path.write_text('[portal]\nwebhook = "http://127.0.0.1/rest/1/s3cr3t/"\n', encoding="utf-8")
    _, found = computer.secrets(path, keyed(tmp_path))
    assert found.level is Level.FAIL
    assert "нет файла ключа" in found.text


def keyed(folder: Path) -> Settings:
    """Строит настройки с файлом ключа в папке."""
    return Settings.model_construct(security=SecuritySettings(key_file=folder / "key"))


def test_trouble_of_a_check_is_a_finding_too() -> None:
    def broken() -> Iterator[Finding]:
        yield ok("x", "начало")
        raise ValueError("Лунёва Алсу")

    def lost() -> Iterator[Finding]:
        raise DatabaseError("База Ident: нет связи")
        yield

    found = [*performed("x", broken), *performed("y", lost)]
    assert [finding.level for finding in found] == [Level.OK, Level.FAIL, Level.FAIL]
    assert "Лунёва" not in "".join(finding.text for finding in found)
    assert found[2].text == "База Ident: нет связи"
    assert found[1].text.startswith("проверка x не выполнилась: ValueError в test_checks, строка ")


@pytest.mark.parametrize(
    ("error", "expected", "never"),
    [
        (NetworkError("портал не отвечает"), "Проверьте интернет", "вебхук и впишите"),
        (ApiError("внутренняя ошибка портала"), "подождите", "впишите"),
        (FatalError("портал не принял вебхук", "unauthorized"), "secrets set portal.webhook", "интернет"),
    ],
    ids=["сети нет", "временный отказ", "вебхук отозван"],
)
def test_advice_follows_the_kind_of_the_error(error: SyncError, expected: str, never: str) -> None:
    advice = worded(portal.advice_for(error), Front.CONSOLE)
    assert expected in advice
    assert never not in advice


def test_worst_level_decides() -> None:
    assert worst([ok("a", ""), warn("b", "", "x")]) is Level.WARN
    assert worst([ok("a", ""), warn("b", "", "x"), fail("c", "", "y")]) is Level.FAIL
    assert worst([]) is Level.OK


def test_added_entities_are_loaded_before_the_service_is(tmp_path: Path) -> None:
    good = Path(__file__).resolve().parents[2] / "data" / "entities" / "waiting_list.py"
    broken = tmp_path / "calls.py"
    broken.write_text("def (", encoding="utf-8")
    broken.with_suffix(".sql").write_text("SELECT 1", encoding="utf-8")
    assert level_of(computer.entities([good])) is Level.OK
    assert level_of(computer.entities([broken])) is Level.FAIL
    assert level_of(computer.entities([tmp_path / "none.py"])) is Level.FAIL
    assert list(computer.entities([])) == []


REFUSED = fail("ident.D1", "База Ident: вход отклонён", "Проверьте логин")


@pytest.mark.parametrize(
    ("account", "read_at", "levels"),
    [
        ("NT SERVICE\\IdentBitrixNode", None, {"ident.D1": Level.FAIL}),
        ("КЛИНИКА\\иванов", None, {"ident.D1.login": Level.WARN, "ident.D1": Level.WARN}),
        ("КЛИНИКА\\иванов", NOW - timedelta(days=2), {"ident.D1.login": Level.WARN, "ident.D1": Level.WARN}),
        ("КЛИНИКА\\иванов", NOW - timedelta(minutes=2), {"ident.D1.login": Level.OK, "ident.D1": Level.WARN}),
    ],
)
def test_login_of_a_person_is_not_taken_for_the_login_of_the_service(
    account: str, read_at: datetime | None, levels: Mapping[str, Level]
) -> None:
    found = list(ident.as_person("ident.D1", iter([REFUSED]), account, read_at, NOW))
    assert {finding.code: finding.level for finding in found} == levels
    assert all(finding.advice for finding in found if finding.level is not Level.OK)
