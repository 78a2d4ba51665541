"""События журнала: постоянное имя и поля (правило 10 стиля, СПЕЦ 2.6.1)."""

import logging

SYNC, SECURITY = "ident.sync", "ident.security"


class EventLogger:
    """Журнал событий поверх logging."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, **fields: object) -> None:
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._log(logging.ERROR, event, fields)

    def _log(self, level: int, event: str, fields: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            parts = [event, *(f"{name}={value}" for name, value in fields.items())]
            self._logger.log(level, "%s", " ".join(parts), extra={"event": event, "fields": fields})
