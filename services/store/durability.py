"""Проверка, переживёт ли Redis отключение питания (ADR 0002)."""

from collections.abc import Mapping, Sequence

UNKNOWN = "настройки Redis закрыты для чтения (CONFIG): проверьте appendonly и maxmemory-policy сами"


def durability_warnings(config: Mapping[str, str]) -> Sequence[str]:
    """Возвращает замечания к настройкам сервера (ответ CONFIG GET *); пусто — всё верно."""
    found = []
    if config.get("appendonly") != "yes":
        found.append("журнал на диск не пишется: включите appendonly yes, иначе очередь живёт до перезапуска")
    elif config.get("appendfsync") == "no":
        found.append("журнал сбрасывается когда придётся: поставьте appendfsync everysec")
    if config.get("maxmemory-policy", "noeviction") != "noeviction":
        found.append(
            "при нехватке памяти очередь может быть выброшена: поставьте maxmemory-policy noeviction"
        )
    return found
