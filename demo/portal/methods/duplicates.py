"""Метод crm.duplicate.findbycomm: кто уже есть с таким телефоном или почтой."""

from __future__ import annotations

from typing import Any

from demo.portal.call import Call, Handler
from demo.portal.errors import legacy
from demo.portal.php import php_list, php_str
from demo.portal.schema import CONTACT, LEAD

MAX_VALUES = 20
MAX_HITS = 20
_TYPES = {"LEAD": LEAD, "CONTACT": CONTACT}


def find_by_comm(call: Call) -> dict[str, list[int]] | list[Any]:
    """Ищет по телефонам или почте; закрытые лиды тоже находятся, права не проверяются.

    Двадцать находок заслоняют следующие типы: сначала лиды, потом контакты. Пусто — ``[]``, а не ``{}``.
    """
    kind = php_str(call.param("type")).upper()
    if kind not in ("PHONE", "EMAIL"):
        raise legacy("Communication type is not defined.")
    values = _values(call.param("values"))
    wanted = php_str(call.param("entity_type")).upper()
    types = {name: number for name, number in _TYPES.items() if wanted in ("", name)}
    found: dict[str, list[int]] = {}
    for value in values:
        _collect(found, types, call.state.with_comm(kind, value))
    return {name: found[name] for name in types if name in found} or []


def _values(raw: Any) -> list[str]:
    if not isinstance(raw, (dict, list)) or not raw:
        raise legacy("Communication values is not defined.")
    texts = [item for item in php_list(raw) if isinstance(item, str) and item]
    return texts[:MAX_VALUES]


def _collect(found: dict[str, list[int]], types: dict[str, int], hits: list[tuple[int, int]]) -> None:
    names = {number: name for name, number in types.items()}
    for type_id, entity_id in [hit for hit in hits if hit[0] in names][:MAX_HITS]:
        known = found.setdefault(names[type_id], [])
        if entity_id not in known:
            known.append(entity_id)


METHODS: dict[str, Handler] = {"crm.duplicate.findbycomm": find_by_comm}
