"""SQL Server через pyodbc: выбор драйвера, строка соединения, пересказ ошибок."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from services.domain.errors import DatabaseError

if TYPE_CHECKING:
    from config.models import MssqlDatabase

#: Драйверы по убыванию предпочтения; последние стоят в Windows с рождения.
DRIVERS = (
    "ODBC Driver 18 for SQL Server",
    "ODBC Driver 17 for SQL Server",
    "ODBC Driver 13.1 for SQL Server",
    "ODBC Driver 13 for SQL Server",
    "ODBC Driver 11 for SQL Server",
    "SQL Server Native Client 11.0",
    "SQL Server Native Client 10.0",
    "SQL Server",
    "FreeTDS",
)
MODERN = re.compile(r"ODBC Driver (\d+)")
LOST_STATES = frozenset({"08S01", "08003", "08007", "01000", "HY000"})

EXPLANATIONS = (
    ("28000", "сервер базы не принял логин или пароль: проверьте login, password и auth"),
    ("42000", "сервер базы отказал в запросе: проверьте права на чтение и имя базы"),
    ("HYT", "сервер базы не ответил вовремя: он занят или недоступен по сети"),
    ("08001", "сервер базы не найден: проверьте server, instance, port и службу SQL Server Browser"),
    ("08S01", "связь с сервером базы оборвалась"),
    ("40001", "сервер базы прервал запрос из-за взаимной блокировки"),
    ("42S02", "в базе нет нужной таблицы: версия Ident отличается, поправьте запросы в sql_dir"),
    ("42S22", "в таблице нет нужного столбца: версия Ident отличается, поправьте запросы в sql_dir"),
    ("IM002", "не найден драйвер ODBC: поставьте ODBC Driver 17 или 18 for SQL Server"),
    ("01000", "драйвер ODBC не загружается: переустановите ODBC Driver for SQL Server"),
)


def choose_driver(installed: Sequence[str]) -> str:
    """Возвращает лучший из установленных драйверов; ни одного — DatabaseError."""
    for driver in DRIVERS:
        if driver in installed:
            return driver
    raise DatabaseError("нет драйвера ODBC для SQL Server: поставьте ODBC Driver 17 или 18 for SQL Server")


def connection_string(settings: "MssqlDatabase", driver: str) -> str:
    """Составляет строку соединения; значения экранированы."""
    parts = {
        "DRIVER": f"{{{driver}}}",
        "SERVER": _server(settings),
        **({"PORT": str(settings.port or 1433), "TDS_Version": "7.3"} if driver == "FreeTDS" else {}),
        "DATABASE": _quoted(settings.database),
        **_login(settings),
        **_encryption(settings, driver),
        "APP": "{Ident-Bitrix24}",
    }
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _server(settings: "MssqlDatabase") -> str:
    if settings.port is not None:
        return f"{settings.server},{settings.port}"
    return f"{settings.server}\\{settings.instance}" if settings.instance else settings.server


def _login(settings: "MssqlDatabase") -> dict[str, str]:
    if settings.auth == "windows":
        return {"Trusted_Connection": "yes"}
    password = settings.password.get_secret_value() if settings.password else ""
    return {"UID": _quoted(settings.login or ""), "PWD": _quoted(password)}


def _encryption(settings: "MssqlDatabase", driver: str) -> dict[str, str]:
    """Возвращает ключи шифрования, которые драйвер понимает: «strict» знает только восемнадцатый."""
    modern = MODERN.match(driver)
    if modern is None:
        return {}
    mode = settings.encrypt if int(modern[1]) >= 18 else _yes(settings.encrypt != "optional")
    return {
        "Encrypt": mode,
        "TrustServerCertificate": _yes(settings.trust_server_certificate),
        "ApplicationIntent": "ReadOnly",
    }


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _quoted(value: str) -> str:
    return "{" + value.replace("}", "}}") + "}"


def explain(error: Exception) -> DatabaseError:
    """Пересказывает ошибку драйвера по SQLSTATE; её собственный текст опускается: в нём бывают данные."""
    state = sqlstate(error)
    for prefix, advice in EXPLANATIONS:
        if state.startswith(prefix):
            return DatabaseError(f"База Ident: {advice} (SQLSTATE {state})")
    return DatabaseError(f"База Ident: сбой драйвера (SQLSTATE {state or 'нет'})")


def sqlstate(error: Exception) -> str:
    """Возвращает код SQLSTATE из ошибки pyodbc."""
    code = error.args[0] if error.args else ""
    return code if isinstance(code, str) and re.fullmatch(r"[0-9A-Z]{5}", code) else ""


class MssqlConnector:
    """Открывает SQL Server: только чтение, без блокировок, с пределами времени."""

    explain = staticmethod(explain)

    def __init__(self, settings: "MssqlDatabase") -> None:
        self._settings = settings

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Возвращает ошибки pyodbc."""
        import pyodbc

        return (pyodbc.Error,)

    def open(self) -> Any:
        """Открывает соединение и включает чтение без блокировок."""
        import pyodbc

        # Пул диспетчера драйверов держал бы второе соединение после закрытия нашего.
        pyodbc.pooling = False
        driver = self._settings.driver or choose_driver(pyodbc.drivers())
        connection = pyodbc.connect(
            connection_string(self._settings, driver),
            timeout=self._settings.login_timeout,
            autocommit=True,
            readonly=True,
        )
        connection.timeout = self._settings.query_timeout
        level = self._settings.isolation.replace("_", " ").upper()
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        connection.execute("SET LOCK_TIMEOUT 5000")
        return connection

    def is_lost(self, error: Exception) -> bool:
        """Отвечает, порвалось ли соединение."""
        return sqlstate(error) in LOST_STATES
