"""Секреты настроек: значения ``enc:…`` (Fernet) и файл ключей, закрытый для чужих (ТЗ 4.2.2, СПЕЦ 3.4.1).

В файле ключей — по ключу на строку, новый первым: пока секреты перешифровываются, открывают оба.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from config.dpapi import WrapError, Wrapping, system_wrapping, wrapping_of
from config.files import adopt
from config.rights import restrict

PREFIX = "enc:"
KEY_FILE_NAME = "ident-bitrix.key"

#: Закрывает файл от чужих; не вышло — OSError.
Close = Callable[[Path], None]


class SecretError(Exception):
    """Секрет не расшифровать: нет ключа или ключ чужой."""


def new_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def encrypt(value: str, key: str) -> str:
    """Шифрует значение в вид ``enc:…``."""
    from cryptography.fernet import Fernet

    return PREFIX + Fernet(key.encode()).encrypt(value.encode()).decode()


def decrypt(value: str, *keys: str) -> str:
    """Расшифровывает ``enc:…`` первым подходящим ключом; чужие ключи или порча — SecretError."""
    from cryptography.fernet import Fernet, InvalidToken

    for key in keys:
        with suppress(InvalidToken, ValueError):
            return Fernet(key.encode()).decrypt(value.removeprefix(PREFIX).encode()).decode()
    raise SecretError("значение enc:… зашифровано другим ключом: запишите секрет заново (secrets set)")


def write_key(path: Path, key: str, wrapping: Wrapping | None = None, close: Close = restrict) -> None:
    """Записывает ключ в новый файл, доступный только владельцу; готовый файл не трогает (FileExistsError)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # на месте папки лежит файл: это не «ключ уже есть»
        raise NotADirectoryError(*error.args) from None
    _write_closed(path, [key], wrapping or system_wrapping(), close)


def replace_keys(path: Path, keys: Sequence[str], wrapping: Wrapping | None = None) -> None:
    """Заменяет содержимое файла ключей разом: при сбое цел прежний."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    _write_closed(draft, keys, wrapping or system_wrapping(), restrict)
    adopt(draft, path)
    os.replace(draft, path)


def _write_closed(path: Path, keys: Sequence[str], wrapping: Wrapping, close: Close) -> None:
    """Создаёт пустой файл, закрывает его и только тогда пишет ключи: не закрылся — не осталось и файла."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            close(path)
            file.writelines(_wrapped(key, wrapping) for key in keys)
    except BaseException:
        path.unlink()
        raise


def read_keys(path: Path, wrapping: Wrapping | None = None) -> Sequence[str]:
    """Читает ключи, действующий первым; нет файла — SecretError с тем, что сделать."""
    try:
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        raise SecretError(
            f"нет файла ключа {path}: верните его из копии или выполните «python manage.py secrets init» "
            "и впишите секреты заново"
        ) from None
    if not lines:
        raise SecretError(f"файл ключа {path} пуст: верните его из копии")
    try:
        return [_unwrapped(line, wrapping) for line in lines]
    except WrapError as error:
        raise SecretError(str(error)) from None
    except ValueError:  # открытый ключ там, где его заворачивает система, или обрывок завёрнутого
        raise SecretError(
            f"файл ключа {path} испорчен или принесён с другого компьютера: верните свой из копии"
        ) from None


def read_key(path: Path) -> str:
    return read_keys(path)[0]


def _wrapped(key: str, wrapping: Wrapping) -> str:
    return f"{wrapping.mark}{wrapping.wrap(key)}\n"


def _unwrapped(line: str, wrapping: Wrapping | None) -> str:
    chosen = wrapping or wrapping_of(line)
    return chosen.unwrap(line.removeprefix(chosen.mark))
