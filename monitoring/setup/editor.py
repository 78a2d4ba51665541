"""Правка файла настроек со страницы: черновик посетителя, проверка, разница, запись, прежние настройки.

Черновик — будущий текст файла целиком, с уже зашифрованными секретами: что показали, то и запишется.
Файл остаётся правдой: изменили его тем временем в редакторе — черновик не пишется.
"""

import threading
import tomllib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config import versions
from config.difference import Line, difference
from config.editing import edited
from config.files import replace_text
from config.loader import ConfigError, faults_of, opened, parse_settings, read_text
from config.models import RuleSettings, Settings
from config.schema import Path as Place
from config.vault import FORMER, WEBHOOK, Vault
from monitoring.setup.form import Part, read_form
from services.ports import Journal

HEADER = """# Настройки интеграции Ident - Битрикс24. Начаты на странице; менять можно и в любом редакторе:
# узел заметит перемену сам. Все ключи и умолчания - документ «Настройки» (docs/configuration.md).
"""
#: Черновиков помнят не больше: администраторов единицы.
MOST_DRAFTS = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """Будущий текст файла и текст, от которого он отошёл."""

    text: str
    base: str


class SettingsEditor:
    """Правка одного файла настроек; ``whole`` — файл уже годен и негодным стать не должен."""

    def __init__(
        self, path: Path, journal: Journal, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.path, self.vault = path, Vault(path)
        self._journal, self._now, self._lock = journal, now, threading.Lock()
        self._drafts: OrderedDict[str, Draft] = OrderedDict()

    def create(self) -> None:
        """Заводит файл, если его нет."""
        if not self.path.exists():
            replace_text(self.path, HEADER)

    def text(self, visitor: str = "") -> str:
        """Возвращает текст файла, а с правками посетителя — его черновик."""
        if visitor in self._drafts:
            return self._drafts[visitor].text
        return read_text(self.path) if self.path.exists() else ""

    def raw(self, visitor: str = "") -> Mapping[str, Any]:
        """Возвращает разобранный текст; написанный с ошибкой — ConfigError."""
        return _parsed(self.text(visitor))

    def change(self, visitor: str, part: Part, form: Mapping[str, str]) -> None:
        """Вносит в черновик то, что в форме."""
        values, removed, secrets = read_form(part, self.raw(visitor), form)
        self.put(visitor, {**values, **self._sealed(secrets)}, removed)

    def put(self, visitor: str, values: Mapping[Place, object], removed: Iterable[Place] = ()) -> None:
        """Вносит в черновик значения файла."""
        self._draft(visitor, edited(self.text(visitor), values, removed))

    def restore(self, visitor: str, name: str) -> None:
        """Делает черновиком прежние настройки."""
        self._draft(visitor, versions.former(self.path, name))

    def discard(self, visitor: str) -> None:
        """Выбрасывает черновик."""
        self._drafts.pop(visitor, None)

    def faults(self, visitor: str) -> list[tuple[Place, str]]:
        """Возвращает, чем не годится черновик: место и чего там ожидают."""
        return faults_of(self.raw(visitor), self.path.parent)

    def difference(self, visitor: str) -> list[Line]:
        """Возвращает разницу черновика и файла словами; файл с ошибкой считается пустым."""
        old: Mapping[str, Any] = {}
        with suppress(ConfigError):
            old = self.raw()
        return difference(old, self.raw(visitor))

    def opened(self, visitor: str) -> Mapping[str, Any]:
        """Возвращает черновик с открытыми секретами: для проверки связи, не для показа."""
        return opened(self.raw(visitor), self.path.parent)

    def settings(self, visitor: str) -> Settings:
        """Возвращает проверенный черновик; негодный — ConfigError."""
        return parse_settings(self.raw(visitor), self.path.parent)

    def zone(self) -> timezone:
        """Возвращает часовой пояс клиники; настройки не годятся — пояс по умолчанию."""
        with suppress(ConfigError, ValidationError):
            return RuleSettings.model_validate(self.raw().get("rules", {})).zone
        return RuleSettings().zone

    def note(self, event: str, client: str) -> None:
        """Записывает распоряжение в журнал безопасности."""
        self._journal.info(event, client=client)

    def save(self, visitor: str, client: str, parts: Iterable[str] = ()) -> None:
        """Записывает черновик; негодный или отставший от файла — ConfigError.

        ``parts`` — разделы, которые уже должны быть годны: первая установка пишет файл по частям.
        """
        with self._lock:
            draft = self._drafts.get(visitor)
            if draft is None:
                return
            if draft.base != (now := self.text()):
                self.discard(visitor)
                raise ConfigError("Файл настроек тем временем изменили в другом месте: повторите правку")
            wanted = set(parts)
            if faults := [
                told for place, told in self.faults(visitor) if not wanted or set(place[:1]) & wanted
            ]:
                raise ConfigError("; ".join(faults))
            changed = ",".join(
                dict.fromkeys(".".join(map(str, line.place)) for line in self.difference(visitor))
            )
            kept = versions.keep(self.path, self._now()) if now.strip() else ""
            replace_text(self.path, draft.text)
            self.discard(visitor)
        if changed:
            self._journal.info("settings_changed", keys=changed, former=kept, client=client)

    def _draft(self, visitor: str, text: str) -> None:
        _parsed(text)
        base = self._drafts[visitor].base if visitor in self._drafts else self.text()
        self._drafts[visitor] = Draft(text, base)
        while len(self._drafts) > MOST_DRAFTS:
            self._drafts.popitem(last=False)

    def _sealed(self, secrets: Mapping[Place, str | list[str]]) -> dict[Place, object]:
        """Шифрует секреты; владельца прежнего вебхука запоминает: по нему узнают прежние сделки."""
        if not secrets:
            return {}
        self.create()
        close = self.vault.closed
        sealed: dict[Place, object] = {
            place: [*map(close, given)] if isinstance(given, list) else close(given)
            for place, given in secrets.items()
        }
        address = secrets.get(WEBHOOK)
        former = self.vault.former_users(address) if isinstance(address, str) else []
        return {**sealed, **({FORMER: former} if former else {})}


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Файл настроек написан с ошибкой: {error}. Верните прежние настройки.") from None
