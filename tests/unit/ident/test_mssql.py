"""SQL Server: выбор драйвера, строка соединения, пересказ ошибок. Сам сервер здесь не запустить."""

import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from config.models import MssqlDatabase
from services.domain.errors import DatabaseError
from services.ident.mssql import (
    DRIVERS,
    MssqlConnector,
    choose_driver,
    connection_string,
    decoded,
    explain,
)

PASSWORD = "p;w}d=1"
V18, V17, V11 = (
    "ODBC Driver 18 for SQL Server",
    "ODBC Driver 17 for SQL Server",
    "ODBC Driver 11 for SQL Server",
)
NATIVE_11, NATIVE_10 = "SQL Server Native Client 11.0", "SQL Server Native Client 10.0"
OLD, FREETDS = "SQL Server", "FreeTDS"


def settings(**changes: Any) -> MssqlDatabase:
    """Строит настройки базы на именованном экземпляре."""
    usual = {
        "id": "D1",
        "server": "SRV-IDENT",
        "instance": "PZSQLSERVER",
        "database": "PZ",
        "login": "ident_reader",
        "password": PASSWORD,
    }
    return MssqlDatabase.model_validate({**usual, **changes})


def keys(driver: str, **changes: Any) -> dict[str, str]:
    """Разбирает строку соединения так, как это делает диспетчер драйверов: скобки берегут «;» и «=»."""
    found = re.findall(r"(\w+)=(\{(?:[^}]|}})*\}|[^;]*)", connection_string(settings(**changes), driver))
    return dict(found)


@pytest.mark.parametrize(
    ("installed", "best"),
    [
        ([OLD, V17, V18], V18),
        ([OLD, V17, NATIVE_11], V17),
        (
            ["ODBC Driver 13 for SQL Server", "ODBC Driver 13.1 for SQL Server"],
            "ODBC Driver 13.1 for SQL Server",
        ),
        ([OLD, V11], V11),
        ([OLD, NATIVE_10, NATIVE_11], NATIVE_11),
        ([FREETDS, OLD], OLD),
        (["SQLite3", FREETDS], FREETDS),
    ],
)
def test_the_newest_installed_driver_is_chosen(installed: list[str], best: str) -> None:
    assert choose_driver(installed) == best


@pytest.mark.parametrize("installed", [[], ["PostgreSQL Unicode", "Microsoft Access Driver (*.mdb)"]])
def test_without_a_driver_the_error_says_what_to_install(installed: list[str]) -> None:
    with pytest.raises(DatabaseError, match="поставьте ODBC Driver"):
        choose_driver(installed)


@pytest.mark.parametrize(
    ("changes", "server"),
    [
        ({}, "SRV-IDENT\\PZSQLSERVER"),
        ({"instance": None}, "SRV-IDENT"),
        ({"port": 1450}, "SRV-IDENT,1450"),
        ({"instance": None, "port": 1433}, "SRV-IDENT,1433"),
        ({"server": "10.0.0.5", "instance": "SQLEXPRESS"}, "10.0.0.5\\SQLEXPRESS"),
    ],
)
def test_the_address_names_the_instance_or_the_port(changes: dict[str, Any], server: str) -> None:
    assert keys(V17, **changes)["SERVER"] == server


@pytest.mark.parametrize(
    ("changes", "server", "port"),
    [
        ({}, "SRV-IDENT\\PZSQLSERVER", None),
        ({"port": 1450}, "SRV-IDENT", "1450"),
        ({"instance": None}, "SRV-IDENT", "1433"),
    ],
)
def test_freetds_takes_the_port_apart(changes: dict[str, Any], server: str, port: str | None) -> None:
    found = keys(FREETDS, **changes)
    assert (found["SERVER"], found.get("PORT"), found["TDS_Version"]) == (server, port, "7.3")


@pytest.mark.parametrize(
    ("driver", "encrypt", "expected"),
    [
        (V18, "optional", "optional"),
        (V18, "mandatory", "mandatory"),
        (V18, "strict", "strict"),
        (V17, "optional", "no"),
        (V17, "mandatory", "yes"),
        (V17, "strict", "yes"),
        (NATIVE_11, "mandatory", "yes"),
        (OLD, "mandatory", "yes"),
        (OLD, "optional", "no"),
    ],
)
def test_encryption_is_said_in_the_words_the_driver_knows(driver: str, encrypt: str, expected: str) -> None:
    assert keys(driver, encrypt=encrypt)["Encrypt"] == expected


@pytest.mark.parametrize(("encrypt", "expected"), [("optional", "request"), ("strict", "require")])
def test_freetds_has_its_own_word_for_encryption(encrypt: str, expected: str) -> None:
    found = keys(FREETDS, encrypt=encrypt)
    assert found["Encryption"] == expected
    assert "Encrypt" not in found


@pytest.mark.parametrize("driver", [V18, V17, V11, NATIVE_11])
def test_modern_drivers_say_they_only_read(driver: str) -> None:
    assert keys(driver)["ApplicationIntent"] == "ReadOnly"


@pytest.mark.parametrize("driver", [NATIVE_10, OLD, FREETDS])
def test_old_drivers_are_not_told_words_they_do_not_know(driver: str) -> None:
    assert "ApplicationIntent" not in keys(driver)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_password_with_any_signs_stays_one_value(driver: str) -> None:
    found = keys(driver)
    assert (found["UID"], found["PWD"], found["DATABASE"]) == ("{ident_reader}", "{p;w}}d=1}", "{PZ}")


def test_windows_login_sends_no_password() -> None:
    found = keys(V17, auth="windows", login=None, password=None)
    assert found["Trusted_Connection"] == "yes"
    assert not {"UID", "PWD"} & set(found)


def test_an_address_cannot_smuggle_another_key() -> None:
    assert keys(V17, server="SRV;Encrypt=no", instance=None, encrypt="mandatory")["Encrypt"] == "yes"


@pytest.mark.parametrize(
    ("state", "text", "advice"),
    [
        ("28000", "Login failed for user 'ident_reader'. (18456) (SQLDriverConnect)", "логин или пароль"),
        ("42000", 'Cannot open database "PZ" (4060) (SQLDriverConnect)', "нет такой базы"),
        ("42000", "The SELECT permission was denied (229) (SQLExecDirectW)", "право SELECT"),
        ("42000", "Lock request time out period exceeded. (1222) (SQLExecDirectW)", "занята"),
        ("42S02", "Invalid object name 'Appointments'. (208) (SQLExecDirectW)", "нет нужной таблицы"),
        ("42S22", "Invalid column name 'Commentt'. (207) (SQLExecDirectW)", "нет нужного столбца"),
        ("42000", "Could not continue scan with NOLOCK (601) (SQLExecDirectW)", "сдвинулись"),
        ("HYT00", "Login timeout expired (0) (SQLDriverConnect)", "не ответил вовремя"),
        ("HYT01", "Connection timeout expired", "не ответил вовремя"),
        (
            "08001",
            "Named Pipes Provider: Could not open a connection [53]. (53) (SQLDriverConnect)",
            "не найден",
        ),
        ("08S01", "Communication link failure (10054) (SQLExecDirectW)", "оборвалась"),
        ("40001", "Transaction was deadlocked (1205) (SQLExecDirectW)", "взаимной блокировки"),
        ("IM002", "Data source name not found", "поставьте ODBC Driver"),
        ("HY000", "что-то новое", "сбой драйвера"),
    ],
)
def test_an_error_says_what_to_check(state: str, text: str, advice: str) -> None:
    error = explain(Exception(state, f"[{state}] [Microsoft] {text}"))
    assert advice in str(error)
    assert f"SQLSTATE {state}" in str(error)


def test_an_error_never_shows_the_driver_text() -> None:
    text = f"[28000] Login failed for 'ident_reader'; PWD={PASSWORD}; Лунёва Алсу (18456) (SQLDriverConnect)"
    shown = str(explain(Exception("28000", text)))
    assert not any(secret in shown for secret in (PASSWORD, "ident_reader", "Лунёва"))


@pytest.mark.parametrize(
    "error", [Exception(), Exception(None), Exception("текст вместо кода"), Exception(5, 5)]
)
def test_an_error_without_codes_is_still_explained(error: Exception) -> None:
    assert "сбой драйвера" in str(explain(error))


class DriverError(Exception):
    """Ошибка поддельного драйвера."""


class Session:
    """Открытое соединение: запоминает, чем его настроили."""

    def __init__(self) -> None:
        self.timeout, self.told = 0, [""]

    def execute(self, sql: str) -> None:
        self.told.append(sql)

    def rollback(self) -> None:
        self.told.append("ROLLBACK")

    def add_output_converter(self, kind: int, convert: object) -> None:
        self.told.append(f"CONVERTER {kind}")


def fake_driver(connect: object) -> SimpleNamespace:
    """Строит модуль pyodbc: виды столбцов — как в его исходнике."""
    kinds = {"SQL_WCHAR": -8, "SQL_WVARCHAR": -9, "SQL_WLONGVARCHAR": -10}
    return SimpleNamespace(Error=DriverError, pooling=True, drivers=lambda: [V17], connect=connect, **kinds)


def test_reading_takes_no_locks_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """СПЕЦ 3.2.2 № 3: чтение не запирает таблиц, а занятой не ждёт дольше пяти секунд."""
    session, asked = Session(), {}

    def connect(string: str, **options: object) -> Session:
        asked.update(options)
        return session

    driver = fake_driver(connect)
    monkeypatch.setitem(sys.modules, "pyodbc", driver)
    assert MssqlConnector(settings()).open() is session
    assert "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED" in session.told
    assert "SET LOCK_TIMEOUT 5000" in session.told
    assert session.told[-1] == "ROLLBACK"
    assert asked["autocommit"] is False
    assert session.timeout > 0
    assert asked["readonly"] is True
    assert driver.pooling is False


def refused(monkeypatch: pytest.MonkeyPatch, state: str, text: str, network: str = "") -> str:
    """Возвращает, как пересказан отказ в соединении; ``network`` — что показал осмотр сети."""

    def connect(string: str, **options: object) -> Session:
        raise DriverError(state, f"[{state}] {text}")

    monkeypatch.setitem(sys.modules, "pyodbc", fake_driver(connect))
    connector = MssqlConnector(settings(), probe=lambda address: network)
    with pytest.raises(connector.errors) as caught:
        connector.open()
    assert connector.is_outage(caught.value) is not state.startswith(("28", "42"))
    return str(connector.explain(caught.value))


@pytest.mark.parametrize(
    ("state", "text"),
    [
        # github.com/microsoft/msphpsql/issues/1023: имя не найдено, а сказано о времени.
        (
            "HYT00",
            "[Microsoft][ODBC Driver 18]Login timeout expired (0) (SQLDriverConnect); [08001] TCP (11001)",
        ),
        # Так FreeTDS 1.3 отвечает на чужое имя, оборванный разговор и отказ в TLS.
        ("08001", "[FreeTDS][SQL Server]Unable to connect to data source (0) (SQLDriverConnect)"),
        (
            "08S01",
            "[FreeTDS]Unable to connect: Adaptive Server is unavailable (20009) (SQLDriverConnect)",
        ),
    ],
)
def test_a_refused_connection_is_told_by_the_network_not_by_the_driver(
    monkeypatch: pytest.MonkeyPatch, state: str, text: str
) -> None:
    assert "порт 1433 закрыт" in refused(monkeypatch, state, text, network="порт 1433 закрыт")
    assert "порт сервера базы открыт" in refused(monkeypatch, state, text)


@pytest.mark.parametrize(
    "text",
    [
        "TCP Provider: The certificate chain was issued by an authority that is not trusted. (-2146893019)",
        "SSL Provider: [error:0A000086:SSL routines::certificate verify failed:self-signed certificate] (-1)",
        "Поставщик SSL: Цепочка сертификатов выпущена центром, не имеющим доверия. (-2146893019)",
    ],
)
def test_a_bad_certificate_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    told = refused(monkeypatch, "08001", f"[Microsoft][ODBC Driver 18]{text} (SQLDriverConnect)")
    assert "сертификат сервера базы не прошёл проверку" in told


def test_a_server_without_encryption_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "SSL Provider: [error:0A000102:SSL routines::unsupported protocol] (-1) (SQLDriverConnect)"
    assert "не договорился о шифровании" in refused(monkeypatch, "08001", text)


@pytest.mark.parametrize(
    ("state", "code", "advice"), [("28000", 18456, "логин или пароль"), ("42000", 4060, "нет такой базы")]
)
def test_a_server_that_answered_is_not_looked_for(
    monkeypatch: pytest.MonkeyPatch, state: str, code: int, advice: str
) -> None:
    told = refused(monkeypatch, state, f"Login failed ({code}) (SQLDriverConnect)", network="порт закрыт")
    assert advice in told


def driver_error(state: str, text: str) -> Exception:
    """Строит ошибку драйвера."""
    return Exception(state, f"[{state}] {text} (SQLExecDirectW)")


@pytest.mark.parametrize(
    ("state", "text", "lost"),
    [
        ("08S01", "Communication link failure (0)", True),
        ("HY000", "TCP Provider: Error code 0x68 (104)", True),
        ("01000", "Connection reset (10054)", True),
        ("HY000", "Unexpected EOF from the server (20017)", True),
        ("HY000", "Could not continue scan with NOLOCK due to data movement. (601)", False),
        ("HY000", "Conversion failed (241)", False),
        ("01000", "Warning: Null value is eliminated (8153)", False),
    ],
)
def test_a_lost_connection_is_told_by_the_code(state: str, text: str, lost: bool) -> None:
    assert MssqlConnector(settings()).is_lost(driver_error(state, text)) is lost


@pytest.mark.parametrize("code", [601, 1205, 1222])
def test_a_collision_is_worth_a_second_try(code: int) -> None:
    assert MssqlConnector(settings()).is_collision(driver_error("HY000", f"Прервано ({code})"))


def test_a_driver_that_cannot_check_the_certificate_is_refused() -> None:
    with pytest.raises(DatabaseError, match="FreeTDS не проверяет сертификат"):
        connection_string(settings(encrypt="mandatory", trust_server_certificate=False), FREETDS)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_name_of_the_program_is_whole(driver: str) -> None:
    found = connection_string(settings(), driver).split(";")
    assert "APP=Ident-Bitrix24" in found[:-1]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Лунёва 🦷".encode("utf-16-le"), "Лунёва 🦷"),
        ("Ура 🦷".encode("utf-16-le")[:-2], "Ура "),
        ("🦷б".encode("utf-16-le")[2:], "б"),
        (b"", ""),
    ],
)
def test_half_a_surrogate_pair_costs_one_sign_not_the_row(raw: bytes, text: str) -> None:
    assert decoded(raw) == text
