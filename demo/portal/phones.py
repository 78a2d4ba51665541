"""Сравнимый вид телефонов и почты, как в указателе дублей портала."""

from __future__ import annotations

import re


def comm_key(kind: str, value: str) -> str:
    """Возвращает ключ, по которому портал сравнивает телефоны и адреса."""
    return phone_key(value) if kind == "PHONE" else value.strip().casefold()


def phone_key(value: str) -> str:
    """Оставляет цифры номера: добавочный отброшен, 8 в начале длинного номера становится 7.

    Десятизначный номер без кода страны портал НЕ дополняет.
    """
    digits = re.sub(r"\D", "", re.split(r"[;#]", value, maxsplit=1)[0])
    digits = re.sub(r"^(00|011|0)", "", digits)
    if len(digits) >= 10 and digits.startswith("8") and digits[1] not in "012":
        return "7" + digits[1:]
    return digits
