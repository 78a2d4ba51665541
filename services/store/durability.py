"""Проверка, переживёт ли Redis отключение питания (design 2.1)."""

from collections.abc import Mapping, Sequence


def durability_warnings(config: Mapping[str, str]) -> Sequence[str]:
    """Возвращает замечания к настройкам сервера (ответ CONFIG GET *); пусто — всё верно."""
    found = []
    if config.get("appendonly") != "yes":
        found.append(
            "Redis не пишет журнал на диск: включите appendonly yes, иначе очередь живёт до перезапуска"
        )
    if config.get("maxmemory-policy", "noeviction") != "noeviction":
        found.append(
            "Redis может выбросить очередь при нехватке памяти: поставьте maxmemory-policy noeviction"
        )
    return found
