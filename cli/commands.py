"""Список команд и их краткое описание; модуль команды загружается, только когда её зовут."""

import sys
from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "demo": "демонстрация: клиника, портал и интеграция на этом компьютере",
    "docs": "таблицы документов по коду; --check сверяет, --site — сайт, --screenshots — снимки",
    "test": "все проверки проекта",
    "package": "пакет поставки: программа без Python, установщик, документы",
    "sync": "прочитать изменения сейчас; с --dry-run --diff — показать, что изменилось бы",
    "backfill": "перенести приёмы прошлого за названные дни",
    "failed": "отказавшие записи: показать, вернуть в очередь, выгрузить",
    "state": "состояние филиалов, очереди и узлов; забыть его",
    "portal": "настройка портала: setup, resume; app — архив вкладки «План лечения»",
    "web": "страница наблюдения и ответы вкладке «План лечения» отдельным процессом",
    "bench": "замеры скорости и веса рядом с точками отсчёта",
    "run": "узел служебного компьютера: исполнитель и расписание в одном процессе",
    "flower": "страница задач Celery, видная только с этого компьютера",
    "service": "служба на этом компьютере: install, update, uninstall, status, start, stop",
    "doctor": "осмотр установки: что не так и что сделать",
    "alerts": "уведомления администратору: test",
    "config": "проверка файла настроек: check",
    "secrets": "секреты настроек: init, set, seal, rotate, list",
}

#: Команды разработчика: в собранной программе их нет.
DEVELOPMENT = frozenset({"demo", "docs", "test", "package", "bench"})


def available(packed: bool | None = None) -> Mapping[str, str]:
    """Возвращает команды: у разработчика все, в собранной программе — те, что нужны клинике."""
    packed = bool(getattr(sys, "frozen", False)) if packed is None else packed
    return {name: text for name, text in COMMANDS.items() if not packed or name not in DEVELOPMENT}
