"""Первый запуск: одноразовый код, которым на странице ставят пароль, и отметка о незаконченной установке.

Код видит только тот, кто ставит службу или входит под её правами: открыть страницу может всякий, кто сидит
за этим компьютером. На диске лежит оттиск кода, и только до первого пароля.
"""

import hmac
import secrets
from hashlib import blake2b
from pathlib import Path

from config.files import adopt, replace_text

#: Без похожих знаков: код переписывают с экрана. 12 знаков из 30 — 58 бит.
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
LENGTH, PART = 12, 4


def new_code(settings: Path) -> str:
    """Выдаёт код; прежний больше не годится."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    _write(_code_file(settings), _print(code), settings)
    return "-".join(code[at : at + PART] for at in range(0, LENGTH, PART))


def is_code(settings: Path, given: str) -> bool:
    """Отвечает, тот ли это код; не выдан или истрачен — нет."""
    try:
        known = _code_file(settings).read_text(encoding="ascii")
    except OSError:
        return False
    return hmac.compare_digest(known.encode(), _print(given).encode())


def spend_code(settings: Path) -> None:
    """Тратит код: второй раз он не годится."""
    _code_file(settings).unlink(missing_ok=True)


def has_code(settings: Path) -> bool:
    """Отвечает, есть ли неистраченный код."""
    return _code_file(settings).exists()


def begin(settings: Path) -> None:
    """Отмечает, что установку заканчивают на странице: узел покажет только её."""
    settings.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(_mark(settings), "", settings)


def is_pending(settings: Path) -> bool:
    """Отвечает, ждёт ли установка страницы: она начата там или настроек нет вовсе."""
    return _mark(settings).exists() or not settings.exists()


def finish(settings: Path) -> None:
    """Снимает отметку: со следующего запуска узел работает сразу."""
    _mark(settings).unlink(missing_ok=True)


def _write(path: Path, text: str, settings: Path) -> None:
    replace_text(path, text)
    adopt(path, settings if settings.exists() else settings.parent)


def _print(code: str) -> str:
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return blake2b(plain.encode(), digest_size=32, person=b"one-time-code").hexdigest()


def _code_file(settings: Path) -> Path:
    return settings.with_name(f"{settings.stem}.code")


def _mark(settings: Path) -> Path:
    return settings.with_name(f"{settings.stem}.first-run")
