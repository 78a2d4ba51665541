"""Действия с секретами файла настроек: завести ключ, вписать, зашифровать открытые, сменить ключ."""

from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.editing import set_values
from config.files import adopt
from config.loader import ConfigError, key_file_of, read_raw, value_complaint
from config.models import Settings
from config.models.portal import webhook_user
from config.plain import is_secret
from config.schema import Path as Place
from config.schema import named, place_of, secret_values
from config.secrets import PREFIX, SecretError, decrypt, encrypt, new_key, read_keys, replace_keys, write_key

#: Привычные имена секретов.
ALIASES: Mapping[str, str] = {"bitrix.webhook": "portal.webhook"}
OPEN = "ОТКРЫТ"
WEBHOOK, FORMER = ("portal", "webhook"), ("portal", "former_webhook_users")


@dataclass(frozen=True, slots=True)
class Known:
    """Секрет файла: имя и как он лежит."""

    name: str
    state: str


class Vault:
    """Секреты одного файла настроек; файл не обязан быть годным целиком."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def key_file(self) -> Path:
        return key_file_of(read_raw(self.path), self.path.parent)

    def init(self) -> bool:
        """Заводит файл ключа; False — он уже есть."""
        try:
            write_key(self.key_file, new_key())
        except FileExistsError:
            return False
        if self.path.exists():
            adopt(self.key_file, self.path)
        return True

    def known(self) -> list[Known]:
        raw = read_raw(self.path)
        return [
            Known(named(place, raw), _state(place, value)) for place, value in secret_values(raw, Settings)
        ]

    def open_names(self) -> list[str]:
        return [known.name for known in self.known() if known.state == OPEN]

    def set(self, name: str, value: str) -> str:
        """Вписывает секрет зашифрованным; возвращает полное имя.

        Неизвестное имя и негодное значение — ConfigError, файл остаётся прежним. Владелец прежнего вебхука
        запоминается: по нему узнают сделки, созданные до смены.
        """
        raw = read_raw(self.path)
        place, draft = self._place(ALIASES.get(name, name), raw), deepcopy(dict(raw))
        _put(draft, place, value)
        if told := value_complaint(draft, self.path.parent, place):
            raise ConfigError(f"Секрет не записан, прежний на месте: {told}")
        former = self.former_users(value) if place == WEBHOOK else []
        changes: dict[Place, object] = {FORMER: former} if former else {}
        set_values(self.path, {place: self.closed(value), **changes})
        return named(place, read_raw(self.path))

    def former_users(self, address: str) -> list[int]:
        """Возвращает владельцев прежних вебхуков и нынешнего, если новый не его; менять нечего — пусто."""
        portal: Any = read_raw(self.path).get("portal", {})
        known, old = list(portal.get("former_webhook_users", [])), str(portal.get("webhook", ""))
        with suppress(SecretError, ConfigError):
            user = webhook_user(decrypt(old, *self._keys()) if old.startswith(PREFIX) else old)
            if user is not None and user != webhook_user(address) and user not in known:
                return [*known, user]
        return []

    def closed(self, value: str) -> str:
        """Возвращает значение зашифрованным ключом этого файла; нет ключа — заводит."""
        return encrypt(value, self._key())

    def seal(self) -> list[str]:
        """Зашифровывает на месте все открытые секреты; возвращает их имена."""
        raw = read_raw(self.path)
        plain = {place: value for place, value in secret_values(raw, Settings) if is_secret(place, value)}
        if plain:
            key = self._key()
            set_values(self.path, {place: encrypt(value, key) for place, value in plain.items()})
        return [named(place, raw) for place in plain]

    def sealed(self, raw: Mapping[str, object]) -> dict[str, object]:
        """Возвращает настройки, которых в файле ещё нет, с уже зашифрованными секретами."""
        key_file = key_file_of(raw, self.path.parent)
        with suppress(FileExistsError):
            write_key(key_file, new_key())
        key, document = self._keys_of(key_file)[0], deepcopy(dict(raw))
        for place, value in secret_values(raw, Settings):
            if is_secret(place, value):
                _put(document, place, encrypt(value, key))
        return document

    def rotate(self) -> int:
        """Заводит новый ключ и перешифровывает им всё; обрыв на любом шаге ничего не теряет."""
        keys, raw = self._keys(), read_raw(self.path)
        fresh = new_key()
        replace_keys(self.key_file, [fresh, *keys])
        sealed = {
            place: encrypt(decrypt(value, *keys), fresh)
            for place, value in secret_values(raw, Settings)
            if value.startswith(PREFIX)
        }
        set_values(self.path, sealed)
        replace_keys(self.key_file, [fresh])
        return len(sealed)

    def _place(self, name: str, raw: Mapping[str, object]) -> Place:
        try:
            place = place_of(name, raw)
        except KeyError as error:
            raise ConfigError(f"В файле {self.path} нет раздела {error}: сначала опишите его") from None
        probe = dict(secret_values(_nested(place), Settings))
        if not probe:
            listed = ", ".join(known.name for known in self.known()) or "portal.webhook"
            raise ConfigError(f"«{name}» — не секрет. Секреты этого файла: {listed}")
        return place

    def _key(self) -> str:
        self.init()
        return self._keys()[0]

    def _keys(self) -> list[str]:
        return self._keys_of(self.key_file)

    def _keys_of(self, key_file: Path) -> list[str]:
        try:
            return list(read_keys(key_file))
        except SecretError as error:
            raise ConfigError(f"Секреты настроек: {error}") from None


def _state(place: Place, value: str) -> str:
    if value.startswith(PREFIX):
        return "зашифрован"
    return OPEN if is_secret(place, value) else "не заполнен или без пароля"


def _put(document: Any, place: Place, value: str) -> None:
    *section, last = place
    for part in section:
        document = document[part] if isinstance(part, int) else document.setdefault(part, {})
    document[last] = value


def _nested(place: Place) -> Mapping[str, object]:
    """Возвращает настройки из одного этого места: так видно, секрет ли оно."""
    value: object = "x"
    for part in reversed(place):
        value = [value] if isinstance(part, int) else {part: value}
    assert isinstance(value, dict)
    return value
