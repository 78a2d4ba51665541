"""Тексты из Ident: без управляющих знаков и лишних пробелов (СПЕЦ 2.4.1.4)."""

import re

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def line(text: str | None) -> str:
    """Возвращает однострочный текст: пробелы схлопнуты, управляющие знаки убраны."""
    return " ".join(CONTROL.sub(" ", text or "").split())


def paragraph(text: str | None) -> str:
    """Возвращает многострочный текст: переводы строк сохранены, края обрезаны."""
    unified = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return CONTROL.sub("", unified).strip()
