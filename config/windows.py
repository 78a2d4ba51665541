"""Вызовы Windows, для которых нет команды: кто выполняет программу, кому открыт файл, умеет ли окно цвета."""

import ctypes
from pathlib import Path
from typing import Any

OWNER_AND_ACCESS = 0x1 | 0x4
SDDL_REVISION = 1


def descriptor(path: Path) -> str:
    """Возвращает владельца и список доступа файла или папки (SDDL); нет файла или прав — OSError."""
    advapi, kernel = _library("advapi32"), _library("kernel32")
    found, text = ctypes.c_void_p(), ctypes.c_void_p()
    file_object, nothing = 1, None
    code = advapi.GetNamedSecurityInfoW(
        str(path), file_object, OWNER_AND_ACCESS, nothing, nothing, nothing, nothing, ctypes.byref(found)
    )
    if code:
        raise _error(code)
    try:
        told = advapi.ConvertSecurityDescriptorToStringSecurityDescriptorW(
            found, SDDL_REVISION, OWNER_AND_ACCESS, ctypes.byref(text), nothing
        )
        if not told:
            raise _error()
        return ctypes.wstring_at(text.value or 0)
    finally:
        kernel.LocalFree(text)
        kernel.LocalFree(found)


def account_sid() -> str:
    """Возвращает SID того, кто выполняет программу: имя из окружения подменил бы кто угодно."""
    text = ctypes.c_void_p()
    with_token = _token_user()
    if not _library("advapi32").ConvertSidToStringSidW(_sid_in(with_token), ctypes.byref(text)):
        raise _error()
    try:
        return ctypes.wstring_at(text.value or 0)
    finally:
        _library("kernel32").LocalFree(text)


def account_name() -> str:
    """Возвращает имя того, кто выполняет программу, с доменом: ``КЛИНИКА\\иванов``."""
    name, domain = ctypes.create_unicode_buffer(256), ctypes.create_unicode_buffer(256)
    sizes, kind = (ctypes.c_uint32(256), ctypes.c_uint32(256)), ctypes.c_uint32()
    token = _token_user()
    found = _library("advapi32").LookupAccountSidW(
        None, _sid_in(token), name, ctypes.byref(sizes[0]), domain, ctypes.byref(sizes[1]), ctypes.byref(kind)
    )
    return f"{domain.value}\\{name.value}" if found else account_sid()


def is_administrator() -> bool:
    """Отвечает по жетону процесса, есть ли права администратора."""
    return bool(_library("shell32").IsUserAnAdmin())


def system_folder() -> Path:
    """Возвращает папку системных программ: ``C:\\Windows\\System32``."""
    buffer = ctypes.create_unicode_buffer(260)
    if not _library("kernel32").GetSystemDirectoryW(buffer, len(buffer)):
        raise _error()
    return Path(buffer.value)


def forbid_reports() -> None:
    """Запрещает отчёты об ошибках Windows: при сбое они снимают память программы."""
    fail_at_once, no_report = 0x1, 0x2
    _library("kernel32").SetErrorMode(fail_at_once | no_report)


def paint_console() -> bool:
    """Включает цвета окна, куда идёт вывод; False — окно их не понимает (или это не окно)."""
    kernel, output, understand_codes = _library("kernel32"), -11, 0x4
    kernel.GetStdHandle.restype = ctypes.c_void_p
    handle, mode = ctypes.c_void_p(kernel.GetStdHandle(output)), ctypes.c_uint32()
    if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(kernel.SetConsoleMode(handle, ctypes.c_uint32(mode.value | understand_codes)))


def _token_user() -> Any:
    """Возвращает сведения TOKEN_USER о жетоне процесса; первое поле — указатель на SID внутри них же."""
    advapi, kernel = _library("advapi32"), _library("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    token, size = ctypes.c_void_p(), ctypes.c_uint32()
    query, user = 0x8, 1
    if not advapi.OpenProcessToken(ctypes.c_void_p(kernel.GetCurrentProcess()), query, ctypes.byref(token)):
        raise _error()
    try:
        advapi.GetTokenInformation(token, user, None, 0, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        if not advapi.GetTokenInformation(token, user, buffer, size, ctypes.byref(size)):
            raise _error()
        return buffer
    finally:
        kernel.CloseHandle(token)


def _sid_in(token_user: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p.from_buffer(token_user)


def _library(name: str) -> Any:
    return getattr(ctypes, "WinDLL")(name, use_last_error=True)  # noqa: B009  # есть только на Windows


def _error(code: int | None = None) -> OSError:
    found: OSError = getattr(ctypes, "WinError")(*([] if code is None else [code]))  # noqa: B009
    return found
