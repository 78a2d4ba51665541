"""Советы словами того, кто их даёт: страница зовёт нажать кнопку, консоль — выполнить команду.

Правила называют поступок местом в фигурных скобках: «Устраните причину и {resume}»; как он делается,
сказано здесь — по строке на поступок.
"""

import re
from collections.abc import Mapping
from enum import StrEnum


class Front(StrEnum):
    """Кто говорит с человеком."""

    PAGE = "page"
    CONSOLE = "console"
    LETTER = "letter"


SLOT = re.compile(r"\{(\w+)\}")
_RESUME = "выполните python manage.py portal resume"
#: Раздел настроек: его имя на странице и в файле.
_PARTS = {
    "bases": ("Базы Ident", "[[databases]]"),
    "branches": ("Филиалы", "[[branches]]"),
    "portal": ("Портал", "[portal]"),
    "stages": ("Стадии", "[portal.stages]"),
    "fields": ("Поля сделки", "[portal.fields]"),
    "rules": ("Решения клиники", "[rules]"),
    "alerts": ("Уведомления", "[alerts]"),
    "redis": ("Сроки и пределы", "[redis]"),
}

#: Поступок → как его назвать на странице, в консоли, в письме.
WORDS: Mapping[str, tuple[str, str, str]] = {
    "resume": (
        "нажмите «Возобновить отправку»",
        _RESUME,
        f"нажмите «Возобновить отправку» на странице наблюдения или {_RESUME}",
    ),
    "set_webhook": (
        "впишите его в настройках, раздел «Портал»",
        "впишите его: python manage.py secrets set portal.webhook",
        "впишите его на странице наблюдения, «Настройки» → «Портал»",
    ),
    "inspect": (
        "раздел «Проверка», осмотр установки",
        "python manage.py doctor",
        "страница наблюдения, «Проверка»",
    ),
    "check_settings": (
        "раздел «Настройки» назовёт ошибку",
        "python manage.py config check",
        "раздел «Настройки» страницы наблюдения назовёт ошибку",
    ),
    "make_fields": (
        "«Создать на портале» в настройках, при первой установке — шаг «Воронка и поля»",
        "python manage.py portal setup",
        "«Настройки» → «Создать на портале» на странице наблюдения",
    ),
    "start": (
        "Запустите службу интеграции («Службы» Windows, systemctl): расписание и исполнитель работают в ней",
        "Запустите службу интеграции: python manage.py service start, без службы — python manage.py run",
        "Запустите службу интеграции («Службы» Windows, systemctl): расписание и исполнитель работают в ней",
    ),
    "name_company": (
        "впишите её имя в «Другие имена в Ident» филиала на странице «Настройки»",
        "впишите её имя в aliases филиала в файле настроек",
        "впишите её имя в «Другие имена в Ident» филиала на странице «Настройки»",
    ),
    "see_reasons": (
        "Причины — на этой странице, в списках «Не отправлено» и «Исправить в Ident»",
        "Причины: python manage.py failed list и python manage.py state show",
        "Причины — на странице наблюдения, в списках «Не отправлено» и «Исправить в Ident»",
    ),
    "see_failed": (
        "Посмотрите причины на этой странице",
        "Посмотрите причины: python manage.py failed list",
        "Посмотрите причины на странице наблюдения",
    ),
    "see_rejected": (
        "что именно — на этой странице, раздел «Исправить в Ident»",
        "что именно — python manage.py state show",
        "что именно — на странице наблюдения, раздел «Исправить в Ident»",
    ),
    "unpause": (
        "Снимите паузу на этой странице",
        "Снимите паузу на странице наблюдения",
        "Снимите паузу на странице наблюдения",
    ),
    **{
        f"in_{name}": (
            f"в настройках, раздел «{title}»",
            f"в {section} файла настроек",
            f"на странице «Настройки», раздел «{title}»",
        )
        for name, (title, section) in _PARTS.items()
    },
}


def worded(advice: str, front: Front) -> str:
    """Возвращает совет словами этого места; поступок, о котором не сказано, — KeyError."""
    place = list(Front).index(front)
    return SLOT.sub(lambda slot: WORDS[slot[1]][place], advice)
