"""Таблицы о работе: команды, расписание, повторы, ключи Redis."""

import inspect
from datetime import timedelta

from celeryconfig import beat_table
from cli.commands import COMMANDS
from cli.docs.tables import table
from config.models import Settings
from services.domain.errors import Family
from services.domain.retries import SCHEDULES
from services.store.keys import Keys

#: Наименьшие настройки: таблицы говорят об умолчаниях.
MINIMAL = {
    "portal": {"webhook": "https://portal.example/rest/1/code/"},
    "databases": [{"id": "D1", "type": "sqlite", "path": "ident.sqlite"}],
    "branches": [{"number": 1, "name": "Филиал", "database": "D1"}],
}
SAMPLES = {
    "uid": "F1_123",
    "branch_id": "F1",
    "token": "оттиск",
    "portal_id": "портал",
    "secret_id": "вебхук",
    "name": "имя",
    "hour": "ГГГГММДДЧЧ",
}


def commands() -> str:
    return table(("команда", "что делает"), [(f"`{name}`", text) for name, text in COMMANDS.items()])


def schedule() -> str:
    """Возвращает расписание одного филиала с промежутками по умолчанию."""
    lines = beat_table(Settings.model_validate(MINIMAL))
    rows = [
        (f"`{name}`", f"`{line['task']}`", duration(line["schedule"]), f"`{line['options']['queue']}`")
        for name, line in lines.items()
    ]
    return table(("строка", "задача", "как часто", "очередь"), rows)


def retries() -> str:
    failed = "`failed`: ждёт, пока причина уйдёт"
    rows = [
        (f"`{family}`", *map(duration, pauses), failed if family is not Family.STORE else "подскажет redrive")
        for family, pauses in SCHEDULES.items()
    ]
    return table(("семейство", "1-й повтор", "2-й", "3-й", "дальше"), rows)


def keys() -> str:
    found: dict[str, list[str]] = {}
    for name, method in inspect.getmembers(Keys, inspect.isfunction):
        if name.startswith("_"):
            continue
        values = [
            SAMPLES.get(parameter, parameter) for parameter in list(inspect.signature(method).parameters)[1:]
        ]
        about = (method.__doc__ or "").split("Возвращает ключ ")[-1].rstrip(".")
        found.setdefault(method(Keys("ident"), *values), []).append(about)
    rows = [(f"`{key}`", "; ".join(about)) for key, about in sorted(found.items())]
    return table(("ключ", "чего"), rows)


def duration(value: timedelta) -> str:
    """Возвращает длительность по-русски: 30 с, 5 мин, 1 ч."""
    seconds = value.total_seconds()
    sizes = ((3600, "ч"), (60, "мин"), (1, "с"))
    size, unit = next((pair for pair in sizes if seconds >= pair[0] and seconds % pair[0] == 0), sizes[-1])
    return f"{seconds / size:g} {unit}"
