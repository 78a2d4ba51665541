"""Завёртка ключа силами системы: на Windows — DPAPI с областью «компьютер», иначе — только права файла.

Ключ пишет администратор, читает учётная запись службы: поэтому область — компьютер, а не пользователь.
Ветвь Windows проверена только типами; остальное проверено с подделкой завёртки.
"""

import base64
import sys
from typing import Protocol


class WrapError(Exception):
    """Ключ не развернуть: он сделан на другом компьютере."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class Wrapping(Protocol):
    """Как ключ лежит в файле."""

    mark: str

    def wrap(self, key: str) -> str:
        """Возвращает вид ключа для файла."""
        ...

    def unwrap(self, text: str) -> str:
        """Возвращает ключ; чужой — WrapError."""
        ...


class Plain:
    """Ключ лежит как есть: его закрывают права файла."""

    mark = ""

    def wrap(self, key: str) -> str:
        """Возвращает сам ключ."""
        return key

    def unwrap(self, text: str) -> str:
        """Возвращает сам ключ."""
        return text


class Dpapi:
    """Ключ завёрнут Windows: файл, унесённый на другой компьютер, бесполезен."""

    mark = "dpapi:"

    def wrap(self, key: str) -> str:
        """Заворачивает ключ."""
        return base64.b64encode(_crypt("CryptProtectData", key.encode())).decode()

    def unwrap(self, text: str) -> str:
        """Разворачивает ключ."""
        return _crypt("CryptUnprotectData", base64.b64decode(text)).decode()


def system_wrapping() -> Wrapping:
    """Возвращает завёртку этой системы."""
    return Dpapi() if sys.platform == "win32" else Plain()


def _crypt(function: str, value: bytes) -> bytes:
    import ctypes

    class Blob(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint32), ("data", ctypes.c_void_p))

    windll = getattr(ctypes, "windll", None)
    if windll is None:
        raise WrapError("ключ завёрнут Windows (DPAPI): прочесть его можно только на том компьютере")
    local_machine, no_ui = 0x4, 0x1
    source = ctypes.create_string_buffer(value, len(value))
    given, taken = Blob(len(value), ctypes.cast(source, ctypes.c_void_p)), Blob()
    call = getattr(windll.crypt32, function)
    if not call(ctypes.byref(given), None, None, None, None, local_machine | no_ui, ctypes.byref(taken)):
        raise WrapError("Windows не отдала ключ (DPAPI): он сделан на другом компьютере")
    try:
        return ctypes.string_at(taken.data or 0, taken.size)
    finally:
        windll.kernel32.LocalFree(ctypes.c_void_p(taken.data))
