"""Загрузка настроек: файл TOML → проверенная модель; ошибки называют ключ и говорят, что ожидается."""

import os
import tomllib
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path

from pydantic import ValidationError

from config.models import Settings
from config.secrets import PREFIX, SecretError, decrypt, read_key

CONFIG_VARIABLE = "IDENT_BITRIX_CONFIG"
DEFAULT_FILE = Path("config/settings.toml")
PATH_KEYS = frozenset(
    {"path", "sql_dir", "folder", "key_file", "state_dir", "certificate", "private_key", "ca_file"}
)

EXPECTED: Mapping[str, str] = {
    "extra_forbidden": "такого ключа нет: проверьте написание",
    "missing": "ключ обязателен: добавьте его",
    "string_type": "ожидается строка в кавычках",
    "int_type": "ожидается целое число",
    "int_parsing": "ожидается целое число",
    "float_type": "ожидается число",
    "float_parsing": "ожидается число",
    "bool_type": "ожидается true или false",
    "bool_parsing": "ожидается true или false",
    "tuple_type": "ожидается список в квадратных скобках",
    "dict_type": "ожидается раздел",
    "model_type": "ожидается раздел",
    "union_tag_not_found": 'укажите type = "mssql" или type = "sqlite"',
    "union_tag_invalid": 'type — "mssql" или "sqlite"',
    "time_delta_type": "ожидается длительность в секундах",
    "time_delta_parsing": 'ожидается длительность в секундах или вида "PT2M"',
}


class ConfigError(Exception):
    """Настройки не годятся; текст говорит, что исправить, и не содержит значений."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


def settings_file(option: str | os.PathLike[str] | None = None) -> Path:
    """Возвращает путь к настройкам: ключ --config, затем переменная, затем config/settings.toml."""
    return Path(option or os.environ.get(CONFIG_VARIABLE) or DEFAULT_FILE).absolute()


def load_settings(option: str | os.PathLike[str] | None = None) -> Settings:
    """Читает и проверяет настройки; относительные пути считаются от файла настроек."""
    path = settings_file(option)
    return parse_settings(_read(path), path.parent)


def parse_settings(raw: Mapping[str, object], base: Path) -> Settings:
    """Проверяет разобранный TOML; любая беда — ConfigError."""
    rooted = _walk(raw, lambda key, value: _rooted(key, value, base))
    try:
        return Settings.model_validate(_decrypted(rooted, base))
    except ValidationError as error:
        raise ConfigError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """Пересказывает ошибки проверки по-русски: ключ и что ожидается."""
    lines = ["Настройки не годятся:"]
    for item in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in item["loc"]) or "файл"
        reason = EXPECTED.get(item["type"], item["msg"].removeprefix("Value error, "))
        lines.append(f"  {key}: {reason}")
    return "\n".join(lines)


def application_key(settings: Settings) -> bytes:
    """Возвращает ключ для оттисков и запечатанных сообщений.

    Без своего ключа он выводится из вебхука: тот тоже тайна и одинаков на всех узлах портала.
    """
    own = settings.security.key
    if own is None and settings.security.key_file is not None:
        return read_key(settings.security.key_file).encode()
    secret = (own or settings.portal.webhook).get_secret_value()
    return blake2b(secret.encode(), digest_size=32, person=b"ident-bitrix").digest()


def _read(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(
            f"Нет файла настроек {path}. Возьмите за образец config/settings.example.toml и укажите файл "
            f"ключом --config или переменной {CONFIG_VARIABLE}."
        ) from None
    except OSError as error:
        raise ConfigError(f"Файл настроек {path} не читается: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"Файл настроек {path} написан с ошибкой: {error}") from None


def _decrypted(raw: Mapping[str, object], base: Path) -> Mapping[str, object]:
    security = raw.get("security")
    name = security.get("key_file") if isinstance(security, Mapping) else None
    path = Path(str(name)) if name else base / "ident-bitrix.key"
    key: list[str] = []

    def open_secret(_: str, value: object) -> object:
        if not isinstance(value, str) or not value.startswith(PREFIX):
            return value
        key.extend([] if key else [read_key(path)])
        return decrypt(value, key[0])

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
