"""Телефон пациента: приведение к +7XXXXXXXXXX, проверка и маска (МАП 2.6.2, 4.2.1, постановление 23)."""

import re
from dataclasses import dataclass
from hashlib import blake2b

from services.domain.errors import SkippableError
from services.domain.texts import visible

NORMAL = re.compile(r"\+7[0-9]{10}")
LETTERS = re.compile(r"[^\W\d_]")
ALLOWED = re.compile(r"[0-9+\s()\[\].\-‐‑–—/_'’\"]*")
DIGITS = re.compile(r"[0-9]")
EDGES = " \t\r\n\u00a0,;.:"


class InvalidPhone(SkippableError):
    """Телефон не годится; текст говорит, что исправить в Ident, и показывает только маску."""

    def __init__(self, message: str, reason: str = "phone_invalid") -> None:
        super().__init__(message, reason)


@dataclass(frozen=True, slots=True, repr=False)
class Phone:
    """Телефон в виде +7XXXXXXXXXX; на печати — только маска."""

    value: str

    def __repr__(self) -> str:
        return f"Phone({self.masked})"

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """Возвращает вид для журнала: +7916***45-67 (СПЕЦ 3.4.1)."""
        return f"{self.value[:5]}***{self.value[-4:-2]}-{self.value[-2:]}"

    @property
    def digits(self) -> str:
        """Возвращает одиннадцать цифр: 79161234567."""
        return self.value[1:]

    @property
    def variants(self) -> tuple[str, ...]:
        """Возвращает записи номера, под которыми его мог сохранить портал."""
        local = self.digits[1:]
        return (self.value, f"7{local}", f"8{local}", local)

    def token(self, key: bytes) -> str:
        """Возвращает оттиск номера под ключом: по нему номер не восстановить; пустой ключ — ValueError."""
        if not key:
            raise ValueError("нужен ключ: оттиск телефона без ключа подбирается перебором")
        return blake2b(self.value.encode(), key=key[:64], digest_size=16).hexdigest()


def normalize_phone(raw: str | int | None) -> Phone:
    """Приводит номер к +7XXXXXXXXXX по шагам МАП 2.6.2; негодный — InvalidPhone."""
    text = visible("" if raw is None else str(raw)).strip(EDGES)
    if LETTERS.search(text):
        raise InvalidPhone(f"Телефон {_mask(text)} содержит буквы или добавочный: оставьте только номер")
    if not DIGITS.search(text):
        raise InvalidPhone("Телефон не заполнен: впишите номер в карту пациента", "phone_missing")
    if not ALLOWED.fullmatch(text):
        raise InvalidPhone(f"В телефоне {_mask(text)} лишние знаки или два номера: оставьте один номер")
    value = _with_country(re.sub(r"[^0-9+]", "", text))
    if not NORMAL.fullmatch(value):
        raise InvalidPhone(f"Телефон {_mask(text)}: {_complaint(value)}")
    return Phone(value)


def _mask(text: str) -> str:
    """Показывает края испорченного номера; короткий прячет целиком (СПЕЦ 3.4.1)."""
    digits = "".join(DIGITS.findall(text))
    return f"{digits[:4]}***{digits[-2:]}" if len(digits) > 8 else "***"


def _with_country(kept: str) -> str:
    """Выполняет шаги 2–4 в порядке документа: 8… → +7…, 7… → +7…, десять цифр без кода → +7.

    Десять цифр с восьмёркой или семёркой впереди — скорее потерянная цифра, чем городской номер:
    буквальный порядок шагов оставляет их короткими, и проверка 4.2.1 их отклоняет.
    """
    if kept.startswith("8"):
        return f"+7{kept[1:]}"
    if kept.startswith("7"):
        return f"+{kept}"
    return f"+7{kept}" if len(kept) == 10 and "+" not in kept else kept


def _complaint(value: str) -> str:
    count = len(DIGITS.findall(value))
    if value.startswith("+") and not value.startswith("+7"):
        return "номер должен начинаться с +7, впишите российский номер"
    if count > 11:
        return f"{count} цифр вместо 11, оставьте в поле один номер"
    if count < 11:
        return f"{count} цифр вместо 11, впишите номер целиком, с +7 впереди"
    return "номер должен начинаться с +7 и не содержать других «+»"


def same_phone(raw: object, phone: Phone) -> bool:
    """Сравнивает номер с портала, записанный как угодно, с нашим."""
    digits = "".join(DIGITS.findall(str(raw)))
    return digits[-10:] == phone.digits[1:] and len(digits) in (10, 11) and digits[:-10] in ("", "7", "8")


def phone_in(raw: str | int | None) -> Phone | None:
    """Возвращает телефон из написанного; негодный или пустой — None."""
    try:
        return normalize_phone(raw)
    except InvalidPhone:
        return None
