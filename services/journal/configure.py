"""Включение журналов процесса."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.models import JournalSettings


def configure_journal(settings: "JournalSettings", secrets: Iterable[str] = ()) -> None:
    """Направляет журнал в поток ошибок."""
    logging.basicConfig(level=settings.level, format="%(asctime)s %(levelname)-8s %(name)s %(message)s")
    for name in ("urllib3", "requests", "kombu", "amqp"):
        logging.getLogger(name).setLevel(logging.WARNING)
