"""Вызовы портала и ответы на них.

Ссылок на ответы соседних команд (``$result[…]``) здесь нет намеренно: ссылка на отказавшую команду
превращается у портала в массив всех ответов пакета, а тот, приведённый к числу, — в элемент номер 1.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from services.bitrix.responses import number_of
from services.domain.errors import SyncError

MARK = "$result"
VALUES = "values"
#: Последнее слово читающих методов; из них отвечают строками те, что ищут.
SEARCHING = frozenset({"list", "findbycomm", "fields"})
READING = SEARCHING | {"get"}
#: Создания, которые отвечают номером.
NEW_CONTACT = "crm.contact.add"
CREATING = frozenset({"crm.deal.add", NEW_CONTACT, "crm.lead.add"})


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """Вызов метода; ``repeatable`` — повтор безвреден (чтение или запись постоянных значений).

    ``keyed`` — где ключи поиска, который пакет вправе склеить с чужими: поле списка (``filter[@поле]``)
    или VALUES (телефоны findbycomm).
    """

    method: str
    params: Mapping[str, object] = field(default_factory=dict)
    repeatable: bool = True
    keyed: str = ""

    def __repr__(self) -> str:
        return f"Call({self.method})"

    @property
    def reads(self) -> bool:
        return self.method.rpartition(".")[2] in READING

    def fits(self, value: object) -> bool:
        """Отвечает, бывает ли такой ответ у метода: у поиска — список или словарь, у создания — номер.

        Портал, его прокси и надстройки отвечали и null, и false, и true с кодом 200: «ничего не найдено»
        из такого ответа родило бы вторую сделку, а true — привязку к контакту номер 1.
        """
        last = self.method.rpartition(".")[2]
        if last in SEARCHING:
            return isinstance(value, (list, dict))
        if self.method in CREATING:
            return number_of(value) is not None
        return last != "update" or bool(value)

    @property
    def keys(self) -> tuple[str, ...]:
        asked = self.params.get(VALUES) if self.keyed == VALUES else self._filter.get(f"@{self.keyed}")
        return tuple(map(str, asked)) if isinstance(asked, (list, tuple)) else ()

    def asking(self, keys: Sequence[str]) -> "Call":
        if self.keyed == VALUES:
            return replace(self, params={**self.params, VALUES: list(keys)})
        wanted = {**self._filter, f"@{self.keyed}": list(keys)}
        return replace(self, params={**self.params, "filter": wanted})

    @property
    def _filter(self) -> Mapping[str, object]:
        found = self.params.get("filter")
        return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """Ответ на вызов: значение или ошибка; ``shared`` — в значении есть и найденное по чужим ключам."""

    value: Any = None
    error: SyncError | None = None
    shared: bool = False

    def __repr__(self) -> str:
        return f"Answer({type(self.error).__name__ if self.error else 'ok'})"

    def get(self) -> Any:
        if self.error is not None:
            raise copy(self.error)  # одна ошибка бывает у многих заказчиков, а след у каждого потока свой
        return self.value


def contains_mark(value: object) -> bool:
    """Отвечает, есть ли в текстах ``$result``: портал подставил бы туда чужой ответ."""
    if isinstance(value, str):
        return MARK in value.lower()  # портал не различает регистр
    if isinstance(value, Mapping):
        return any(contains_mark(item) for pair in value.items() for item in pair)
    if isinstance(value, (list, tuple)):
        return any(contains_mark(item) for item in value)
    return False


def folded(key: object) -> str:
    """Возвращает ключ, каким его сравнивает портал: без регистра и концевых пробелов."""
    return str(key if key is not None else "").rstrip().casefold()
