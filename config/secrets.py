"""Секреты в настройках: значения ``enc:…`` (Fernet) и ключ, закрытый правами службы (ТЗ 4.2.2, СПЕЦ 3.4.1).

На Windows ключ в файле завёрнут DPAPI с областью «компьютер»: его пишет администратор, а читает служба.
"""

import base64
import os
import sys
from pathlib import Path

PREFIX = "enc:"
DPAPI_PREFIX = "dpapi:"


class SecretError(Exception):
    """Секрет не расшифровать: нет ключа или ключ чужой."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


def new_key() -> str:
    """Возвращает новый ключ Fernet."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def encrypt(value: str, key: str) -> str:
    """Шифрует значение в вид ``enc:…``."""
    from cryptography.fernet import Fernet

    return PREFIX + Fernet(key.encode()).encrypt(value.encode()).decode()


def decrypt(value: str, key: str) -> str:
    """Расшифровывает ``enc:…``; чужой ключ или порча — SecretError."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(key.encode()).decrypt(value.removeprefix(PREFIX).encode()).decode()
    except (InvalidToken, ValueError):
        raise SecretError("значение enc:… зашифровано другим ключом: запишите секрет заново") from None


def write_key(path: Path, key: str) -> None:
    """Записывает ключ в новый файл, доступный только владельцу; на Windows — завёрнутым DPAPI."""
    text = DPAPI_PREFIX + base64.b64encode(_protect(key.encode())).decode() if _on_windows() else key
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")


def read_key(path: Path) -> str:
    """Читает ключ; нет файла — SecretError с тем, что сделать."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        raise SecretError(
            f"нет файла ключа {path.name}: выполните «python manage.py secrets init» или верните файл"
        ) from None
    if text.startswith(DPAPI_PREFIX):
        return _unprotect(base64.b64decode(text.removeprefix(DPAPI_PREFIX))).decode()
    return text


def _on_windows() -> bool:
    return sys.platform == "win32"


def _protect(value: bytes) -> bytes:
    """Заворачивает байты DPAPI (область — компьютер). Проверено только типами: Windows здесь нет."""
    return _crypt("CryptProtectData", value)


def _unprotect(value: bytes) -> bytes:
    """Разворачивает байты DPAPI."""
    return _crypt("CryptUnprotectData", value)


def _crypt(function: str, value: bytes) -> bytes:
    import ctypes

    class Blob(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint32), ("data", ctypes.c_void_p))

    local_machine, no_ui = 0x4, 0x1
    source = ctypes.create_string_buffer(value, len(value))
    given, taken = Blob(len(value), ctypes.cast(source, ctypes.c_void_p)), Blob()
    windll = getattr(ctypes, "windll", None)
    if windll is None:
        raise SecretError("ключ завёрнут DPAPI Windows: прочесть его можно только на том компьютере")
    call = getattr(windll.crypt32, function)
    if not call(ctypes.byref(given), None, None, None, None, local_machine | no_ui, ctypes.byref(taken)):
        raise SecretError("Windows не отдала ключ (DPAPI): он сделан на другом компьютере")
    try:
        return ctypes.string_at(taken.data or 0, taken.size)
    finally:
        windll.kernel32.LocalFree(ctypes.c_void_p(taken.data))
