"""Тексты из Ident: без невидимых и управляющих знаков и лишних пробелов (СПЕЦ 2.4.1.4); одно место на всё."""

import re
from unicodedata import normalize

_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
#: Что человек не увидит, а сравнение заметит: знаки Unicode со свойством Default_Ignorable_Code_Point
#: (DerivedCoreProperties.txt), пустой знак Брайля, сноски FFF9–FFFB и половины суррогатных пар.
#: Внутри составной картинки (👨‍👩‍👧, ❤️) соединитель и вид знака остаются: без них она распалась бы.
INVISIBLE = re.compile(
    f"(?<![{_EMOJI}])(?<![{_EMOJI}]\ufe0f)\u200d|\u200d(?![{_EMOJI}])|(?<![{_EMOJI}])\ufe0f|"
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f]")
NEWLINE = re.compile("\r\n|[\r\x85\u2028\u2029]")


def visible(text: str | None) -> str:
    """Убирает невидимое и сводит составные знаки к одному (NFC): «й» из двух знаков равна обычной."""
    return normalize("NFC", INVISIBLE.sub("", text or ""))


def line(text: str | None) -> str:
    """Возвращает однострочный текст: пробелы схлопнуты, невидимые и управляющие знаки убраны."""
    return " ".join(CONTROL.sub(" ", visible(text)).split())


def paragraph(text: str | None) -> str:
    """Возвращает многострочный текст: переводы строк сохранены, края обрезаны."""
    return CONTROL.sub("", NEWLINE.sub("\n", visible(text))).strip()


def folded(text: str | None) -> str:
    """Возвращает текст для сравнения имён: без различия регистра, пробелов и невидимых знаков."""
    return line(text).casefold()
