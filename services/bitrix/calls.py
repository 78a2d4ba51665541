"""Вызовы портала и группы вызовов, которые ходят вместе."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.domain.errors import SyncError

MARK = "$result["
#: Последнее слово читающих методов.
READING = frozenset({"list", "get", "fields", "findbycomm"})


@dataclass(frozen=True, slots=True)
class Ref:
    """Ссылка на ответ более раннего вызова той же группы: ``$result[ключ][путь]``."""

    call: int
    path: Sequence[str] = ()

    def rendered(self, key: str) -> str:
        """Возвращает ссылку в виде портала."""
        return f"$result[{key}]" + "".join(f"[{part}]" for part in self.path)

    def resolved(self, answer: Any) -> Any:
        """Возвращает значение ссылки из готового ответа."""
        for part in self.path:
            answer = answer[int(part)] if isinstance(answer, list) else answer[part]
        return answer


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """Вызов метода; ``repeatable`` — повтор безвреден (чтение или запись постоянных значений).

    ``keyed`` — поле, по значениям которого ищет список (``filter[@поле]``): такие поиски пакет склеивает.
    """

    method: str
    params: Mapping[str, object] = field(default_factory=dict)
    repeatable: bool = True
    keyed: str = ""

    def __repr__(self) -> str:
        return f"Call({self.method})"

    @property
    def reads(self) -> bool:
        """Отвечает, только ли читает вызов."""
        return self.method.rpartition(".")[2] in READING

    @property
    def keys(self) -> tuple[str, ...]:
        """Возвращает ключи, по которым ищет вызов."""
        asked = self._filter.get(f"@{self.keyed}", ())
        return tuple(map(str, asked)) if isinstance(asked, (list, tuple)) else ()

    def with_keys(self, keys: Sequence[str]) -> dict[str, object]:
        """Возвращает параметры того же поиска с другими ключами."""
        return {**self.params, "filter": {**self._filter, f"@{self.keyed}": list(keys)}}

    @property
    def _filter(self) -> Mapping[str, object]:
        found = self.params.get("filter")
        return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """Ответ на вызов: значение или ошибка."""

    value: Any = None
    error: SyncError | None = None

    def __repr__(self) -> str:
        return f"Answer({type(self.error).__name__ if self.error else 'ok'})"

    def get(self) -> Any:
        """Возвращает значение или поднимает ошибку."""
        if self.error is not None:
            raise self.error
        return self.value


def contains_mark(value: object) -> bool:
    """Отвечает, есть ли в текстах ``$result[``: портал подставил бы туда чужой ответ."""
    if isinstance(value, str):
        return MARK in value
    if isinstance(value, Mapping):
        return any(contains_mark(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(contains_mark(item) for item in value)
    return False


def resolve(value: object, answers: Sequence[Answer]) -> object:
    """Подставляет вместо ссылок готовые ответы: так группа ходит без пакета."""
    if isinstance(value, Ref):
        return value.resolved(answers[value.call].get())
    if isinstance(value, Mapping):
        return {key: resolve(item, answers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolve(item, answers) for item in value]
    return value
