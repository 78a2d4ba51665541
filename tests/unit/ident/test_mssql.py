"""SQL Server: выбор драйвера, строка соединения, пересказ ошибок. Сам сервер здесь не запустить."""

import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from config.models import MssqlDatabase
from services.domain.errors import DatabaseError
from services.ident.mssql import DRIVERS, MssqlConnector, choose_driver, connection_string, explain

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


class Session:
    """Открытое соединение: запоминает, чем его настроили."""

    def __init__(self) -> None:
        self.timeout, self.told = 0, [""]

    def execute(self, sql: str) -> None:
        self.told.append(sql)


def test_reading_takes_no_locks_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """СПЕЦ 3.2.2 № 3: чтение не запирает таблиц, а занятой не ждёт дольше пяти секунд."""
    session, asked = Session(), {}

    def connect(string: str, **options: object) -> Session:
        asked.update(options)
        return session

    driver = SimpleNamespace(Error=Exception, pooling=True, drivers=lambda: [V17], connect=connect)
    monkeypatch.setitem(sys.modules, "pyodbc", driver)
    assert MssqlConnector(settings()).open() is session
    assert "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED" in session.told
    assert "SET LOCK_TIMEOUT 5000" in session.told
    assert session.timeout > 0
    assert asked["readonly"] is True
    assert driver.pooling is False
