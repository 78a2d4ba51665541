"""SQL Server через pyodbc: выбор драйвера, строка соединения, пересказ ошибок."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from services.domain.errors import DatabaseError
from services.ident.probing import Address, fault

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
LOST_STATES = frozenset({"08S01", "08003", "08007"})
#: Коды порванного соединения: сокеты Windows и Linux, именованные каналы, DBNETLIB, FreeTDS (sybdb.h).
#: Сами по себе HY000 и 01000 о соединении не говорят: под ними приходит и отказ одного запроса.
LOST_CODES = frozenset(
    {11, 64, 104, 109, 121, 232, 233, 10053, 10054, 10058, 20003, 20004, 20006, 20017, 20047}
)
#: Секунд сверх предела драйвера: дольше его отмену не ждут.
GRACE = 1.0

#: Коды самого сервера точнее SQLSTATE.
NATIVE = {
    4060: "нет такой базы или доступа к ней: проверьте database и права логина",
    18456: "сервер базы не принял логин или пароль: проверьте login, password и auth",
    229: "логину не дано читать таблицы Ident: выдайте ему право SELECT",
    1205: "сервер базы прервал запрос из-за взаимной блокировки",
    1222: "таблица занята дольше пяти секунд",
    601: "данные сдвинулись во время чтения без блокировок",
    3952: 'в базе не включён snapshot: поставьте isolation = "read_uncommitted"',
}
COLLISIONS = frozenset({601, 1205, 1222})
EXPLANATIONS = (
    ("28", "сервер базы не принял логин или пароль: проверьте login, password и auth"),
    ("42S02", "в базе нет нужной таблицы: версия Ident отличается, поправьте запросы в sql_dir"),
    ("42S22", "в таблице нет нужного столбца: версия Ident отличается, поправьте запросы в sql_dir"),
    ("42", "сервер базы отказал в запросе: проверьте права на чтение и имя базы"),
    ("HYT", "сервер базы не ответил вовремя: он занят или недоступен по сети"),
    ("08001", "сервер базы не найден: проверьте server, instance, port и службу SQL Server Browser"),
    ("08", "связь с сервером базы оборвалась"),
    ("40001", "сервер базы прервал запрос из-за взаимной блокировки"),
    ("IM002", "не найден драйвер ODBC: поставьте ODBC Driver 17 или 18 for SQL Server"),
    ("01000", "драйвер ODBC не загружается: переустановите ODBC Driver for SQL Server"),
)
NATIVE_CODE = re.compile(r"\((\d{1,6})\)(?= \(SQL\w+\)|;|$)")
#: Отказ проверки сертификата: коды Windows (SEC_E_UNTRUSTED_ROOT, SEC_E_WRONG_PRINCIPAL, SEC_E_CERT_EXPIRED,
#: CERT_E_CN_NO_MATCH, CERT_E_UNTRUSTEDROOT) и слова OpenSSL.
CERTIFICATE = re.compile(
    r"-2146893019|-2146893022|-2146893016|-2146762481|-2146762487|certificate|сертификат", re.I
)
TLS = re.compile(r"SSL|TLS|encryption|шифрован", re.I)


def choose_driver(installed: Sequence[str]) -> str:
    """Возвращает лучший из установленных драйверов; ни одного — DatabaseError."""
    for driver in DRIVERS:
        if driver in installed:
            return driver
    raise DatabaseError("нет драйвера ODBC для SQL Server: поставьте ODBC Driver 17 или 18 for SQL Server")


def connection_string(settings: "MssqlDatabase", driver: str) -> str:
    """Составляет строку соединения; значения экранированы."""
    parts = {
        "DRIVER": _quoted(driver),
        # Не последним и без скобок: иначе не все драйверы отделяют закрывающую от имени.
        "APP": "Ident-Bitrix24",
        **_address(settings, driver),
        "DATABASE": _quoted(settings.database),
        **_login(settings),
        **_encryption(settings, driver),
    }
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _address(settings: "MssqlDatabase", driver: str) -> dict[str, str]:
    """Возвращает адрес; порт важнее имени экземпляра: с ним не нужна служба SQL Server Browser."""
    named = f"{settings.server}\\{settings.instance}" if settings.instance else settings.server
    if driver == "FreeTDS":
        by_port = settings.port is not None or not settings.instance
        port = {"PORT": str(settings.port or 1433)} if by_port else {}
        return {"SERVER": _guarded(settings.server if by_port else named), **port, "TDS_Version": "7.3"}
    return {"SERVER": _guarded(f"{settings.server},{settings.port}" if settings.port else named)}


def _login(settings: "MssqlDatabase") -> dict[str, str]:
    if settings.auth == "windows":
        return {"Trusted_Connection": "yes"}
    password = settings.password.get_secret_value() if settings.password else ""
    return {"UID": _quoted(settings.login or ""), "PWD": _quoted(password)}


def _encryption(settings: "MssqlDatabase", driver: str) -> dict[str, str]:
    """Возвращает ключи, которые поколение драйвера понимает; обязательное шифрование не теряется нигде."""
    wanted = settings.encrypt != "optional"
    if driver == "FreeTDS":
        if wanted and not settings.trust_server_certificate:
            # Ключа проверки в строке соединения у него нет, только в freetds.conf (src/odbc/connectparams.c).
            raise DatabaseError(
                "База Ident: драйвер FreeTDS не проверяет сертификат сервера: поставьте ODBC Driver 18 "
                "или разрешите trust_server_certificate = true"
            )
        return {"Encryption": "require" if wanted else "request"}
    if driver == "SQL Server":
        return {"Encrypt": _yes(wanted)}
    modern = MODERN.match(driver)
    return {
        # «strict» и «optional» знает только восемнадцатый.
        "Encrypt": settings.encrypt if modern and int(modern[1]) >= 18 else _yes(wanted),
        "TrustServerCertificate": _yes(settings.trust_server_certificate),
        **({"ApplicationIntent": "ReadOnly"} if modern or driver.endswith("11.0") else {}),
    }


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _quoted(value: str) -> str:
    return "{" + value.replace("}", "}}") + "}"


def _guarded(value: str) -> str:
    """Заключает в скобки только опасное: не всякий драйвер понимает скобки вокруг адреса."""
    return _quoted(value) if set(value) & set(";={}") else value


def explain(error: Exception) -> DatabaseError:
    """Пересказывает ошибку драйвера по её кодам; собственный текст опускается: в нём бывают данные."""
    state, native = sqlstate(error), native_code(error)
    codes = f"SQLSTATE {state or 'нет'}" + (f", код {native}" if native else "")
    advice = error.advice if isinstance(error, Unreachable) else _advice(state, native)
    return DatabaseError(f"База Ident: {advice} ({codes})")


def _advice(state: str, native: int | None) -> str:
    if native in NATIVE:
        return NATIVE[native]
    return next((advice for prefix, advice in EXPLANATIONS if state.startswith(prefix)), "сбой драйвера")


class Unreachable(Exception):
    """Соединение не открылось по вине сети или шифрования; ``advice`` — что проверить."""

    def __init__(self, error: Exception, advice: str) -> None:
        super().__init__(*error.args)
        self.advice = advice


def _of_tls(text: str) -> str:
    """Возвращает совет, если драйвер сам сказал о сертификате или шифровании; иначе пустую строку."""
    if CERTIFICATE.search(text):
        return (
            "сертификат сервера базы не прошёл проверку: установите на сервере сертификат, которому верит "
            "этот компьютер, или разрешите trust_server_certificate = true"
        )
    if TLS.search(text):
        return "сервер базы не договорился о шифровании: проверьте encrypt и версию TLS на сервере"
    return ""


def sqlstate(error: Exception) -> str:
    code = error.args[0] if error.args else ""
    return code if isinstance(code, str) and re.fullmatch(r"[0-9A-Z]{5}", code) else ""


def native_code(error: Exception) -> int | None:
    """Возвращает номер ошибки SQL Server, если драйвер его назвал."""
    found = NATIVE_CODE.findall(str(error.args[1])) if len(error.args) > 1 else []
    # Первой записью бывает «Login timeout expired (0)»; причина — в следующих.
    return next((int(code) for code in found if int(code)), None)


#: Сеть в порядке, а соединения нет: дальше виноваты шифрование или не тот сервер на порту.
PORT_OPEN = (
    "порт сервера базы открыт, но соединение не состоялось: проверьте encrypt и trust_server_certificate "
    "и что на этом порту SQL Server"
)


def decoded(raw: bytes) -> str:
    """Возвращает текст NVARCHAR; половина суррогатной пары в нём пропадает, строка остаётся."""
    return raw.decode("utf-16-le", "ignore")


class MssqlConnector:
    """Открывает SQL Server: только чтение, без блокировок, с пределами времени."""

    explain = staticmethod(explain)

    def __init__(self, settings: "MssqlDatabase", probe: Callable[[Address], str] = fault) -> None:
        self._settings, self._probe = settings, probe

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        import pyodbc

        return (pyodbc.Error, Unreachable)

    def patience(self, opening: bool) -> float:
        """Возвращает предел драйвера с запасом: неподтверждённой отмены он ждёт втрое дольше."""
        login = self._settings.login_timeout if opening else 0
        return login + self._settings.query_timeout + GRACE

    def open(self) -> Any:
        """Открывает соединение и включает чтение без блокировок."""
        import pyodbc

        # Пул диспетчера драйверов держал бы второе соединение после закрытия нашего.
        pyodbc.pooling = False
        driver = self._settings.driver or choose_driver(pyodbc.drivers())
        told = connection_string(self._settings, driver)
        try:
            # Без autocommit: что бы ни написали в файле запроса, его транзакция откатится.
            connection = pyodbc.connect(
                told, timeout=self._settings.login_timeout, autocommit=False, readonly=True
            )
        except pyodbc.Error as error:
            raise self._looked_into(error) from None
        try:
            self._prepare(connection)
        except pyodbc.Error:
            with suppress(pyodbc.Error):
                connection.close()
            raise
        return connection

    def _looked_into(self, error: Exception) -> Exception:
        """Возвращает ошибку с настоящей причиной: о сети драйверы говорят одно на всё."""
        if not sqlstate(error).startswith(("08", "HYT")) or native_code(error) in NATIVE:
            return error
        if advice := _of_tls(str(error.args[1:])):
            return Unreachable(error, advice)
        settings = self._settings
        found = self._probe(Address.of(settings.server, settings.instance, settings.port))
        return Unreachable(error, found or PORT_OPEN)

    def _prepare(self, connection: Any) -> None:
        import pyodbc

        # Строку NVARCHAR, обрезанную посреди знака, pyodbc разбирает строго и роняет всю страницу
        # (src/textenc.cpp: PyUnicode_DecodeUTF16 «strict»). Преобразователь получает её байтами UTF-16.
        for kind in (pyodbc.SQL_WVARCHAR, pyodbc.SQL_WCHAR, pyodbc.SQL_WLONGVARCHAR):
            connection.add_output_converter(kind, decoded)
        connection.timeout = self._settings.query_timeout
        level = self._settings.isolation.replace("_", " ").upper()
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        connection.execute("SET LOCK_TIMEOUT 5000")
        connection.rollback()

    def is_lost(self, error: Exception) -> bool:
        return sqlstate(error) in LOST_STATES or native_code(error) in LOST_CODES

    def is_outage(self, error: Exception) -> bool:
        """Отвечает, порвалось ли соединение или истёк предел времени."""
        return self.is_lost(error) or sqlstate(error).startswith(("08", "HYT"))

    def is_collision(self, error: Exception) -> bool:
        """Отвечает, стал ли запрос жертвой взаимной блокировки или занятой таблицы."""
        return sqlstate(error) == "40001" or native_code(error) in COLLISIONS
