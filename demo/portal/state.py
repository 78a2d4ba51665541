"""Данные портала в памяти: сущности, справочники, история, лента; хранение в одном файле JSON."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demo.portal.phones import comm_key
from demo.portal.schema import BASE_FIELDS, BY_NAME, CONTACT, DEAL, LEAD, UF_KINDS, Field

Row = dict[str, Any]
TIMELINE_KEPT = 400
"""Сколько событий ленты держим на одну сущность."""

_PERSISTED = (
    "counters", "categories", "statuses", "userfields", "users", "history", "timeline",
    "notifications", "placements", "denied",
)  # fmt: skip


class PortalState:
    """Состояние портала; всякое обращение — под ``lock``."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.revision = 0
        self.entities: dict[int, dict[int, Row]] = {LEAD: {}, DEAL: {}, CONTACT: {}}
        self.counters: dict[str, int] = {}
        self.categories: list[Row] = []
        self.statuses: list[Row] = []
        self.userfields: list[Row] = []
        self.users: list[Row] = []
        self.history: list[Row] = []
        self.timeline: dict[str, list[Row]] = {}
        self.notifications: list[Row] = []
        self.placements: list[Row] = []
        self.denied: list[list[int]] = []
        self._values: dict[tuple[int, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._comms: dict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Держит замок и отмечает, что данные изменились."""
        with self.lock:
            yield
            self.revision += 1

    def next_id(self, name: str) -> int:
        """Возвращает следующий номер счётчика."""
        self.counters[name] = self.counters.get(name, 0) + 1
        return self.counters[name]

    def fields(self, type_id: int) -> dict[str, Field]:
        """Возвращает поля сущности вместе с существующими пользовательскими."""
        return BY_NAME[type_id] | {
            row["FIELD_NAME"]: Field(
                row["FIELD_NAME"],
                UF_KINDS[row["USER_TYPE_ID"]],
                row["EDIT_FORM_LABEL"] or row["FIELD_NAME"],
                multiple=row["MULTIPLE"] == "Y",
            )
            for row in self.userfields
            if row["ENTITY_TYPE_ID"] == type_id
        }

    def find(self, type_id: int, entity_id: int) -> Row | None:
        """Возвращает сущность или None."""
        return self.entities[type_id].get(entity_id)

    def put(self, type_id: int, row: Row) -> None:
        """Сохраняет сущность и обновляет указатели поиска."""
        old = self.entities[type_id].get(row["ID"])
        if old is not None:
            self._unindex(type_id, old)
        self.entities[type_id][row["ID"]] = row
        self._index(type_id, row)
        self.revision += 1

    def remove(self, type_id: int, entity_id: int) -> bool:
        """Удаляет сущность; отвечает, была ли она."""
        row = self.entities[type_id].pop(entity_id, None)
        if row is None:
            return False
        self._unindex(type_id, row)
        self.revision += 1
        return True

    def with_value(self, type_id: int, name: str, values: list[str]) -> set[int]:
        """Возвращает номера сущностей, у которых поле равно одному из значений без учёта регистра."""
        known = self._values[type_id, name]
        return set().union(*(known.get(value.casefold(), set()) for value in values))

    def with_comm(self, kind: str, value: str) -> list[tuple[int, int]]:
        """Возвращает пары (тип, номер) с таким телефоном или адресом почты."""
        return sorted(self._comms.get((kind, comm_key(kind, value)), ()))

    def remember(self, type_id: int, entity_id: int, event: Row) -> None:
        """Пишет событие в ленту сущности."""
        events = self.timeline.setdefault(f"{type_id}:{entity_id}", [])
        events.append({"id": self.next_id("timeline"), **event})
        del events[:-TIMELINE_KEPT]

    def is_denied(self, user_id: int, type_id: int, entity_id: int) -> bool:
        """Отвечает, закрыта ли сущность от пользователя."""
        return [user_id, type_id, entity_id] in self.denied

    def user(self, user_id: int) -> Row | None:
        """Возвращает сотрудника портала."""
        return next((row for row in self.users if row["ID"] == user_id), None)

    def to_json(self) -> Row:
        """Возвращает всё состояние данными JSON."""
        with self.lock:
            saved: Row = {name: getattr(self, name) for name in _PERSISTED}
            saved["entities"] = {str(kind): list(rows.values()) for kind, rows in self.entities.items()}
            copied: Row = json.loads(json.dumps(saved))
            return copied

    def load(self, saved: Row) -> None:
        """Заменяет состояние сохранённым."""
        with self.changing():
            for name in _PERSISTED:
                setattr(self, name, saved[name])
            self._values.clear()
            self._comms.clear()
            self.entities = {kind: {} for kind in BASE_FIELDS}
            for kind, rows in saved["entities"].items():
                for row in rows:
                    self.put(int(kind), row)

    def save(self, path: Path) -> None:
        """Записывает состояние в файл целиком: старый файл цел до последнего мига."""
        text = json.dumps(self.to_json(), ensure_ascii=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".tmp")
        draft.write_text(text, encoding="utf-8")
        _replace(draft, path)

    def _index(self, type_id: int, row: Row) -> None:
        for name in _indexed(row):
            self._values[type_id, name][str(row[name]).casefold()].add(row["ID"])
        for item in row.get("FM", ()):
            self._comms[item["TYPE_ID"], comm_key(item["TYPE_ID"], item["VALUE"])].add((type_id, row["ID"]))

    def _unindex(self, type_id: int, row: Row) -> None:
        for name in _indexed(row):
            self._values[type_id, name][str(row[name]).casefold()].discard(row["ID"])
        for item in row.get("FM", ()):
            key = item["TYPE_ID"], comm_key(item["TYPE_ID"], item["VALUE"])
            self._comms[key].discard((type_id, row["ID"]))


def is_indexed(name: str) -> bool:
    """Отвечает, ищут ли по этому полю указателем."""
    return name == "ORIGIN_ID" or name.startswith("UF_")


def _indexed(row: Row) -> list[str]:
    return [name for name, value in row.items() if is_indexed(name) and isinstance(value, str)]


def _replace(draft: Path, path: Path) -> None:
    """Заменяет файл; на Windows его может на миг держать антивирус."""
    for _ in range(20):
        try:
            os.replace(draft, path)
            return
        except PermissionError:
            time.sleep(0.05)
    os.replace(draft, path)
