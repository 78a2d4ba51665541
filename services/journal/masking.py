"""Маскирование: телефоны, ФИО, коды вебхуков, пароли и жетоны не попадают в журнал (СПЕЦ 3.4.1).

Первая защита — сами события: в них только номера (правило 10 стиля). Здесь вторая: она смотрит на готовую
строку, поэтому ловит и тексты исключений, и сообщения чужих библиотек.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "***"
#: Короче этого секрет не ищется: он нашёлся бы внутри обычных слов.
SHORTEST_SECRET = 6

_GAP = r"[\s\-‐‑–—.()\[\]/]{0,3}"
# Перед номером — не цифра и не «_» (F1_89161234567 — ключ записи), но можно %20 из адреса.
_START = r"(?:(?<![\d_])|(?<=%[0-9A-Fa-f]{2}))"
PHONE = re.compile(
    rf"{_START}(?:\+{_GAP}[0-9](?:{_GAP}[0-9]){{9,14}}"  # любой номер с плюсом
    rf"|[78]{_GAP}[3-9](?:{_GAP}[0-9]){{9}}"  # 7 или 8 и десять цифр
    rf"|[3489](?:{_GAP}[0-9]){{9}})(?![0-9])"  # десять цифр без кода страны
)
DIGIT = re.compile(r"[0-9]")
#: Полноширинные цифры и плюс — те же цифры, только шире.
WIDE = str.maketrans("０１２３４５６７８９＋", "0123456789+")

_WORD, _CAPS = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?", r"[А-ЯЁ]{2,}(?:-[А-ЯЁ]{2,})?"
#: Фамилия по окончанию: вместе с именем за ней узнаётся человек и без отчества.
_SURNAME = r"[А-ЯЁ][а-яё]+(?:[оеё]ва?|[иы]на?|[сц]к(?:ий|ая)|енко|швили|дзе)(?:-[А-ЯЁ][а-яё]+)?"
PERSON = re.compile(
    rf"\b(?:{_WORD}\s+{_WORD}\s+[А-ЯЁ][а-яё]*(?:вич|мич|ьич|вна|чна|\s(?:оглы|кызы))"
    rf"|{_CAPS}\s+{_CAPS}\s+[А-ЯЁ]*(?:ВИЧ|МИЧ|ЬИЧ|ВНА|ЧНА|\s(?:ОГЛЫ|КЫЗЫ))"
    rf"|{_WORD}\s+[А-ЯЁ]\.\s?[А-ЯЁ]\."
    rf"|{_SURNAME}\s+{_WORD})(?!\w)"
)
#: Имя целиком строчными: узнаётся по отчеству, чьих окончаний у других слов не бывает.
LOWER_PERSON = re.compile(
    r"\b[а-яё-]{2,}\s+[а-яё-]{2,}\s+[а-яё]{2,}(?:ович|евич|ьич|кич|мич|тич|овна|евна|инична|итична)(?!\w)"
)

#: Образец → замена; порядок важен: сначала целые значения, потом «ключ=значение».
SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(/rest/)\d+/[^/\s\"'?#]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(://)[^/\s@\"']*@"), rf"\1{HIDDEN}@"),
    (re.compile(r"\benc:[\w\-=]+"), f"enc:{HIDDEN}"),
    (re.compile(r"\bgAAAA[\w\-=]{20,}"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[\w\-.~+/=]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(PWD|Password)\s*=\s*\{(?:[^}]|\}\})*\}", re.IGNORECASE), rf"\1={HIDDEN}"),
    (
        re.compile(
            r"\b((?:\w*[_-])?(?:pwd|passw(?:or)?d|token|secret|api[_-]?key|auth(?:_id|orization)?|cookie))"
            r"([\"']?\s*(?:=|:\s*[\"'])\s*[\"']?)[^\s\"',;&}]+",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
)

CYRILLIC = re.compile(r"[А-Яа-яЁё][\w\-]*(?:\s+[А-Яа-яЁё][\w\-]*)*")
FOREIGN_HIDDEN = "[скрыто]"


class Masker:
    """Маска над готовым текстом; ``secrets`` — строки, которых не должно быть нигде."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        forms = known | {quote(secret, safe="") for secret in known} | {quote(secret) for secret in known}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def mask(self, text: str) -> str:
        text = text.translate(WIDE)
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern, replacement in SECRETS:
            text = pattern.sub(replacement, text)
        text = PHONE.sub(_masked_phone, text)
        return LOWER_PERSON.sub("[ФИО]", PERSON.sub("[ФИО]", text))


def hide_foreign_words(text: str) -> str:
    """Прячет русские слова в чужом сообщении: библиотеки пишут по-английски, русское там — данные Ident."""
    return CYRILLIC.sub(FOREIGN_HIDDEN, text)


def _masked_phone(match: re.Match[str]) -> str:
    """Возвращает номер видом СПЕЦ 3.4.1: +7916***45-67; иностранный — краями."""
    digits = "".join(DIGIT.findall(match[0]))
    local = digits[1:] if len(digits) == 11 and digits[0] in "78" else digits
    if len(local) == 10 and not (match[0].startswith("+") and local is digits):
        return f"+7{local[:3]}{HIDDEN}{local[-4:-2]}-{local[-2:]}"
    return f"+{digits[:3]}{HIDDEN}{digits[-2:]}"
