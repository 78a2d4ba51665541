"""Журналы процесса из настроек: какие включить и какие строки в них прятать."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.apart import is_section
from config.version import version
from services.journal.configure import catch_uncaught, configure_journal, journal_is_on
from services.journal.events import EventLogger

if TYPE_CHECKING:
    from config.models import Settings


def start_journal(settings: Settings) -> None:
    """Включает журналы процесса и ведёт в них необработанные исключения; называет версию программы."""
    configure_journal(settings.journal, secrets=known_secrets(settings))
    catch_uncaught()
    EventLogger("ident.node").info("process_started", version=version())


def start_command_journal(settings: Settings) -> None:
    """Включает журналы команды администратора: только в файлы, с человеком она говорит сама."""
    configure_journal(settings.journal, secrets=known_secrets(settings), console=False)


def renew_journal(settings: Settings) -> None:
    """Заново включает журналы, если они включены: новые секреты тоже прячутся."""
    if journal_is_on():
        configure_journal(settings.journal, secrets=known_secrets(settings))


def known_secrets(settings: Settings) -> list[str]:
    """Возвращает строки, которых не должно быть ни в одном журнале: всё, что в настройках SecretStr."""
    texts = list(_secret_texts(settings))
    code = settings.portal.webhook.get_secret_value().rstrip("/").rsplit("/", 1)[-1]
    return [*texts, code]


def _secret_texts(value: object) -> Iterator[str]:
    if hasattr(value, "get_secret_value"):
        yield value.get_secret_value()
    elif is_section(value):
        yield from _secret_texts(vars(value))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _secret_texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _secret_texts(item)
