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


def complaint(raw: Mapping[str, object], webhook: str) -> str | None:
    """Возвращает, что не так с секретами файла и что сделать; всё хорошо — None."""
    blanks = [path for path, value in secret_values(raw, Settings) if _is_blank(value)]
    if blanks:
        names = [named(path, raw) for path in blanks]
        return (
            f"осталась заготовка образца: {', '.join(names)}. Впишите своё: "
            f"«python manage.py secrets set {names[0]}»"
        )
    paths = plain_secrets(raw, webhook)
    if not paths:
        return None
    names = [named(path, raw) for path in paths]
    return (
        f"секреты записаны открыто: {', '.join(names)}. Зашифруйте их на месте: "
        f"«python manage.py secrets seal» (или впишите заново: «python manage.py secrets set {names[0]}»)"
    )


def is_secret(path: Path, value: str) -> bool:
    """Отвечает, надо ли прятать значение: зашифрованное, заготовку и адрес без пароля — не надо."""
    if value.startswith(PREFIX) or not value or _is_blank(value):
        return False
    # Пароль со знаком «#» или «/» разбор адреса не увидит: прячется всё, где он может быть.
    return "@" in value if path[-1] == "url" else True


def _is_blank(value: str) -> bool:
    return any(word in value for word in PLACEHOLDERS)


def is_local(webhook: str) -> bool:
    host = urlsplit(webhook).netloc.rsplit("@", 1)[-1]
    return LOCAL.fullmatch(re.sub(r":\d+$", "", host)) is not None
