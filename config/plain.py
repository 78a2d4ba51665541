"""Открытые секреты: какие значения нельзя держать в файле незашифрованными (СПЕЦ 3.4.1.2, ТЗ 5.4 № 1)."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from config.models import LOOPBACK, Settings
from config.schema import Path, named, secret_values
from config.secrets import PREFIX

LOCAL = re.compile(LOOPBACK)
#: Заготовки образца: пока их не заменили, прятать нечего.
PLACEHOLDERS = ("СЕКРЕТНЫЙ_КОД", "ПАРОЛЬ")


def plain_secrets(raw: Mapping[str, object], webhook: str) -> list[Path]:
    """Возвращает места открытых секретов; у эмулятора на этом же компьютере секретов нет."""
    if is_local(webhook):
        return []
    return [path for path, value in secret_values(raw, Settings) if is_secret(path, value)]


def refusal(paths: list[Path], raw: Mapping[str, object]) -> str:
    """Возвращает, что сделать с открытыми секретами."""
    names = ", ".join(named(path, raw) for path in paths)
    first = named(paths[0], raw)
    return (
        f"секреты записаны открыто: {names}. Зашифруйте их на месте: «python manage.py secrets seal» "
        f"(или впишите заново: «python manage.py secrets set {first}»)"
    )


def is_secret(path: Path, value: str) -> bool:
    """Отвечает, надо ли прятать значение: зашифрованное, заготовку и адрес без пароля — не надо."""
    if value.startswith(PREFIX) or not value or any(word in value for word in PLACEHOLDERS):
        return False
    return urlsplit(value).password is not None if path[-1] == "url" else True


def is_local(webhook: str) -> bool:
    """Отвечает, на этом ли компьютере портал."""
    host = urlsplit(webhook).netloc.rsplit("@", 1)[-1]
    return LOCAL.fullmatch(re.sub(r":\d+$", "", host)) is not None
