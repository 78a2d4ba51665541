"""Загрузка настроек: файл TOML → проверенная модель; ошибки называют ключ и говорят, что ожидается."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from config.secrets import KEY_FILE_NAME, PREFIX, SecretError, decrypt, read_key, read_keys

if TYPE_CHECKING:
    from config.models import Settings

CONFIG_VARIABLE = "IDENT_BITRIX_CONFIG"
DEFAULT_FILE = Path("config/settings.toml")
PATH_KEYS = frozenset(
    {
        "path",
        "sql_dir",
        "folder",
        "key_file",
        "state_dir",
        "certificate",
        "private_key",
        "ca_file",
        "entities",
    }
)
#: Кавычки, которые ставит вместо прямых текстовый редактор.
CURLY = re.compile("[«»“”„‘’]")
#: Раздел, которых бывает несколько, в одинарных скобках.
SINGLE = re.compile(r"^\s*\[(branches|databases)\]", re.MULTILINE)
TOML_MISTAKES: Mapping[str, str] = {
    "Invalid value": "непонятное значение: строки берут в кавычки, да и нет пишут true и false",
    "Unescaped": "обратную черту в двойных кавычках удваивают или берут одинарные кавычки",
    "Invalid hex value": "обратную черту в двойных кавычках удваивают или берут одинарные кавычки",
    "Cannot overwrite": "ключ написан дважды",
    "Cannot declare": "раздел написан дважды",
    "Expected '='": "после имени ключа ожидается знак «=»",
    "Illegal character": "значение строки продолжается на другой строке или не закрыта кавычка",
    "Expected ']": "не закрыта квадратная скобка",
    "Unclosed array": "не закрыта квадратная скобка списка",
    "Unclosed inline table": "не закрыта фигурная скобка",
    "Unterminated string": "не закрыта кавычка",
    "Expected newline": "после значения лишнее: один ключ — одна строка",
    "Invalid statement": "строка не похожа ни на раздел [имя], ни на ключ = значение",
    "Invalid initial character": "имя ключа начинается с недопустимого знака",
    "Invalid date": "такой даты или времени не бывает",
    "Duplicate inline": "ключ написан дважды",
    "Cannot redefine": "ключ написан дважды",
}


#: Настройки, прочитанные раз на всю жизнь процесса (config/apart.py).
settled: "dict[Path, Settings]" = {}


class ConfigError(Exception):
    """Настройки не годятся; текст говорит, что исправить, и не содержит значений."""


def settings_file(option: str | os.PathLike[str] | None = None) -> Path:
    """Возвращает путь к настройкам: ключ --config, затем переменная, затем config/settings.toml."""
    return Path(option or os.environ.get(CONFIG_VARIABLE) or DEFAULT_FILE).absolute()


def load_settings(option: str | os.PathLike[str] | None = None) -> "Settings":
    """Читает и проверяет настройки; относительные пути считаются от файла настроек."""
    path = settings_file(option)
    if path in settled:
        return settled[path]
    text = read_text(path)
    return parse_settings(_parsed(text, path), path.parent, path, text)


def read_raw(path: Path) -> Mapping[str, object]:
    """Читает файл настроек, не проверяя значений; не читается или не TOML — ConfigError."""
    return _parsed(read_text(path), path)


def parse_settings(
    raw: Mapping[str, object], base: Path, file: Path | None = None, text: str = ""
) -> "Settings":
    """Проверяет разобранный TOML; любая беда — ConfigError с файлом, строкой и ключом."""
    from pydantic import ValidationError

    from config.explain import explain

    try:
        settings = _validated(opened(raw, base))
    except ValidationError as error:
        raise ConfigError(explain(error, file, text)) from None
    _refuse_unusable(raw, settings, file)
    return settings


def _validated(opened: Mapping[str, object]) -> "Settings":
    """Проверяет значения; модели и pydantic грузит лишь здесь: справка команд обходится голым Python."""
    from config.models import Settings
    from config.models.base import DEMONSTRATION
    from config.plain import is_local

    portal = opened.get("portal")
    webhook = str(portal.get("webhook", "")) if isinstance(portal, Mapping) else ""
    return Settings.model_validate(opened, context={DEMONSTRATION: is_local(webhook)})


def _refuse_unusable(raw: Mapping[str, object], settings: "Settings", file: Path | None) -> None:
    """Отказывает тому, с чем узел не начал бы работать: открытым секретам, заготовкам, чужой базе."""
    from config.plain import complaint

    told = complaint(raw, settings.portal.webhook.get_secret_value()) or _foreign_database(settings)
    if told:
        where = f" ({file})" if file is not None else ""
        raise ConfigError(f"Настройки не годятся{where}: {told}")


def _foreign_database(settings: "Settings") -> str | None:
    from config.models import SqliteDatabase

    for database in settings.databases:
        if isinstance(database, SqliteDatabase) and database.dialect == "tsql" and not find_spec("sqlglot"):
            return (
                f"[[databases]] {database.id}: база SQLite бывает только у демонстрации, здесь нужна база "
                'Ident: type = "mssql", server, database (docs/ident.md)'
            )
    return None


def opened(raw: Mapping[str, object], base: Path) -> dict[str, object]:
    """Возвращает настройки с открытыми секретами и полными путями; ключ не подошёл — ConfigError."""
    return _decrypted(_walk(raw, lambda key, value: _rooted(key, value, base)), base)


def value_complaint(raw: Mapping[str, object], base: Path, place: Sequence[str | int]) -> str | None:
    """Возвращает, чем не годится одно значение файла; файл целиком может быть ещё не готов."""
    from pydantic import ValidationError

    from config.explain import faults, key_of

    try:
        plain: Mapping[str, object] = _decrypted(raw, base)
    except ConfigError:
        plain = raw
    try:
        _validated(plain)
    except ValidationError as error:
        return next((f"{key_of(at)}: {told}" for at, told in faults(error) if at == tuple(place)), None)
    return None


def faults_of(raw: Mapping[str, object], base: Path) -> list[tuple[tuple[str | int, ...], str]]:
    """Возвращает всё, чем не годятся настройки: место и чего там ожидают; годные — пусто."""
    from pydantic import ValidationError

    from config.explain import faults
    from config.plain import complaint

    try:
        settings = _validated(opened(raw, base))
    except ConfigError as error:
        return [((), str(error))]
    except ValidationError as error:
        return faults(error)
    told = complaint(raw, settings.portal.webhook.get_secret_value()) or _foreign_database(settings)
    return [((), told)] if told else []


def key_file_of(raw: Mapping[str, object], base: Path) -> Path:
    """Возвращает файл ключей: названный в [security] key_file, иначе рядом с настройками."""
    security = raw.get("security")
    name = security.get("key_file") if isinstance(security, Mapping) else None
    return base / str(name) if name else base / KEY_FILE_NAME


def application_key(settings: "Settings") -> bytes:
    """Возвращает ключ для оттисков и запечатанных сообщений.

    Без своего ключа он выводится из вебхука: тот тоже тайна и одинаков на всех узлах портала.
    """
    own = settings.security.key
    if own is None and settings.security.key_file is not None:
        return read_key(settings.security.key_file).encode()
    secret = (own or settings.portal.webhook).get_secret_value()
    return blake2b(secret.encode(), digest_size=32, person=b"ident-bitrix").digest()


def read_text(path: Path) -> str:
    """Читает файл настроек; нет файла, прав или не та кодировка — ConfigError."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"Нет файла настроек {path}. Возьмите за образец config/settings.example.toml и укажите файл "
            f"ключом --config или переменной {CONFIG_VARIABLE}."
        ) from None
    except OSError:
        raise ConfigError(f"Файл настроек {path} не читается: {unreadable(path)}") from None
    except UnicodeDecodeError:
        raise ConfigError(
            f"Файл настроек {path} не в кодировке UTF-8. В Блокноте: «Файл» → «Сохранить как», "
            "внизу окна «Кодировка» — UTF-8"
        ) from None


def unreadable(path: Path) -> str:
    if path.is_dir():
        return "это папка, а нужен файл"
    if not path.exists():
        return "такого файла нет, проверьте путь"
    return "у этой учётной записи нет прав на него или диск недоступен"


def _parsed(text: str, path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Файл настроек {path} написан с ошибкой: {_told(str(error), text)}") from None


def _told(message: str, text: str) -> str:
    """Пересказывает ошибку разбора TOML: место и что там не так."""
    reason, _, place = message.partition(" (at ")
    found = re.search(r"line (\d+), column (\d+)", place)
    where = f"строка {found[1]}, знак {found[2]}" if found else "конец файла"
    if found and CURLY.search(text.splitlines()[int(found[1]) - 1].partition("#")[0]):
        return f'{where}: кавычки не те, пишут прямые: "'
    if reason.startswith("Cannot") and (listed := SINGLE.search(text)):
        return f"{where}: пишут [[{listed[1]}]], в двойных скобках: таких разделов бывает несколько"
    known = (text for start, text in TOML_MISTAKES.items() if reason.startswith(start))
    return f"{where}: {next(known, 'не закрыта скобка или кавычка или пропущено значение')}"


def _decrypted(raw: Mapping[str, object], base: Path) -> dict[str, object]:
    keys: list[str] = []

    def open_secret(_: str, value: object) -> object:
        if not isinstance(value, str) or not value.startswith(PREFIX):
            return value
        keys.extend([] if keys else read_keys(key_file_of(raw, base)))
        return decrypt(value, *keys)

    try:
        return _walk(raw, open_secret)
    except SecretError as error:
        raise ConfigError(f"Секреты настроек: {error}") from None


def _rooted(key: str, value: object, base: Path) -> object:
    return str(base / value) if key in PATH_KEYS and isinstance(value, str) else value


def _walk(raw: Mapping[str, object], change: Callable[[str, object], object]) -> dict[str, object]:
    return {key: _walk_value(key, value, change) for key, value in raw.items()}


def _walk_value(key: str, value: object, change: Callable[[str, object], object]) -> object:
    if isinstance(value, Mapping):
        return _walk(value, change)
    if isinstance(value, list):
        return [_walk_value(key, item, change) for item in value]
    return change(key, value)
