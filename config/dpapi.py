"""Завёртка ключа силами системы: на Windows — DPAPI с областью «компьютер», иначе — только права файла.

Ключ пишет администратор, читает учётная запись службы: поэтому область — компьютер, а не пользователь.
Ветвь Windows проверена только типами; остальное проверено с подделкой завёртки.
"""

import base64
import sys
from typing import Protocol


class WrapError(Exception):
    """Ключ не развернуть: он сделан на другом компьютере."""


class Wrapping(Protocol):
    """Как ключ лежит в файле."""

    mark: str

    def wrap(self, key: str) -> str:
        """Возвращает вид ключа для файла."""

    def unwrap(self, text: str) -> str:
        """Возвращает ключ; чужой — WrapError."""


class Plain:
    """Ключ лежит как есть: его закрывают права файла."""

    mark = ""

    def wrap(self, key: str) -> str:
        return key

    def unwrap(self, text: str) -> str:
        return text


class Dpapi:
    """Ключ завёрнут Windows: файл, унесённый на другой компьютер, бесполезен."""

    def __init__(self, mark: str = "dpapi2:", entropy: bytes = b"ident-bitrix24/key") -> None:
        #: Добавка не тайна: она лишь не даёт развернуть ключ тому, кто берёт всё завёрнутое подряд.
        self.mark, self._entropy = mark, entropy

    def wrap(self, key: str) -> str:
        return base64.b64encode(_crypt("CryptProtectData", key.encode(), self._entropy)).decode()

    def unwrap(self, text: str) -> str:
        return _crypt("CryptUnprotectData", base64.b64decode(text), self._entropy).decode()


#: Ключи прежних версий завёрнуты без добавки: их читают, пока не сменят (secrets rotate).
FORMER = Dpapi("dpapi:", b"")


def system_wrapping() -> Wrapping:
    return Dpapi() if sys.platform == "win32" else Plain()


def wrapping_of(line: str) -> Wrapping:
    """Возвращает завёртку строки файла: завёрнутое Windows узнаётся по метке, где бы ни читалось."""
    return next((known for known in (Dpapi(), FORMER) if line.startswith(known.mark)), system_wrapping())


def _crypt(function: str, value: bytes, entropy: bytes) -> bytes:
    import ctypes

    class Blob(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint32), ("data", ctypes.c_void_p))

    windll = getattr(ctypes, "windll", None)
    if windll is None:
        raise WrapError("ключ завёрнут Windows (DPAPI): прочесть его можно только на том компьютере")
    local_machine, no_ui = 0x4, 0x1
    texts = [ctypes.create_string_buffer(text, len(text) or 1) for text in (value, entropy)]
    given = Blob(len(value), ctypes.cast(texts[0], ctypes.c_void_p))
    added = Blob(len(entropy), ctypes.cast(texts[1], ctypes.c_void_p))
    taken, extra = Blob(), ctypes.byref(added) if entropy else None
    call = getattr(windll.crypt32, function)
    if not call(ctypes.byref(given), None, extra, None, None, local_machine | no_ui, ctypes.byref(taken)):
        raise WrapError("Windows не отдала ключ (DPAPI): он сделан на другом компьютере")
    try:
        return ctypes.string_at(taken.data or 0, taken.size)
    finally:
        windll.kernel32.LocalFree(ctypes.c_void_p(taken.data))
