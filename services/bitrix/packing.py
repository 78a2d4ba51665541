"""Укладка групп в пакет: кто уходит и какими командами; поиски одного вида склеиваются (ADR 0007).

Поиск сделки по ключу — самый частый вызов. Двадцать пять таких поисков уходят одной командой
``crm.deal.list`` с общим ``@поле``, а строки ответа раздаются хозяевам по значению поля. Делить ответ
можно, только если он полон и весь по делу: страница портала — 50 строк (полная могла быть обрезана),
а незнакомое поле портал молча отбрасывает и отдаёт чужие строки — тогда их получают все,
и обман заметит проверка в crm.py.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.bitrix.batching import Group
from services.bitrix.calls import Answer, Call
from services.bitrix.encoding import command
from services.bitrix.responses import as_map

#: Сколько пишущих групп идёт впереди поисков: запись долга, и пакет из одних записей держал бы свой приём
#: на целый свой срок, а вперемежку с поисками — на половину.
WRITES_AHEAD = 25
#: По двадцать пять ключей: даже две сделки на ключ умещаются в страницу портала.
MERGED_KEYS, PAGE_ROWS = 25, 50


class PageFull(Exception):
    """Ответ склеенного поиска занял всю страницу: часть строк могла не поместиться."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Где ответ вызова: имя команды; для склеенного — поле, свои ключи и ключи всей команды."""

    key: str
    field: str = ""
    own: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()

    def share(self, answer: Answer) -> Answer:
        """Оставляет в ответе склеенного поиска свои строки; полная страница — PageFull."""
        if not self.field or answer.error is not None:
            return answer
        rows = list(as_map(answer.value).values())
        if len(rows) >= PAGE_ROWS and self.own != self.asked:
            raise PageFull
        if any(str(as_map(row).get(self.field)) not in self.asked for row in rows):
            return answer
        return Answer([row for row in rows if str(row.get(self.field)) in self.own])


def pack(waiting: deque[Group], own: Group, size: int) -> list[Group]:
    """Забирает из очереди группу ведущего и те, что уйдут с ней одним запросом.

    Своя уходит всегда, даже если одна больше размера; дальше — сколько помещается целиком. Пишущие (до
    двадцати пяти) идут раньше: иначе все записи скопились бы в хвосте за поисками и ждали бы друг друга.
    """
    if own not in waiting:
        return []
    waiting.remove(own)
    taken = [own]
    if own.alone:
        return taken
    writing = [group for group in waiting if group.writes]
    reading = [group for group in waiting if not group.writes]
    for group in [*writing[:WRITES_AHEAD], *reading, *writing[WRITES_AHEAD:]]:
        if not group.alone and count_commands([*taken, group]) <= size:
            taken.append(group)
            waiting.remove(group)
    return taken


@dataclass(slots=True)
class Layout:
    """Команды пакета и места ответов: ``slots[группа][вызов]``."""

    commands: dict[str, str] = field(default_factory=dict)
    slots: list[list[Slot]] = field(default_factory=list)


def lay_out(groups: Sequence[Group]) -> Layout:
    """Раскладывает группы по командам."""
    layout = Layout()
    for number, group in enumerate(groups):
        layout.slots.append([Slot(f"g{number}c{index}") for index in range(len(group.calls))])
        for slot, call, text in zip(layout.slots[number], group.calls, group.commands, strict=True):
            if not call.keyed:
                layout.commands[slot.key] = text
    for order, bundle in enumerate(_bundles(groups)):
        asked = frozenset[str]().union(*(own for _, own in bundle.members))
        layout.commands[f"m{order}"] = command(bundle.call.asking(sorted(asked)))
        for (number, index), own in bundle.members:
            layout.slots[number][index] = Slot(f"m{order}", bundle.call.keyed, own, asked)
    return layout


def count_commands(groups: Sequence[Group]) -> int:
    """Возвращает, сколько команд займут группы."""
    plain = sum(1 for group in groups for call in group.calls if not call.keyed)
    return plain + sum(1 for _ in _bundles(groups))


@dataclass(slots=True)
class _Bundle:
    """Поиски одного вида, которые уйдут одной командой."""

    call: Call
    members: list[tuple[tuple[int, int], frozenset[str]]] = field(default_factory=list)
    keys: int = 0


def _bundles(groups: Sequence[Group]) -> Iterator[_Bundle]:
    """Собирает поиски одного вида, пока в команде есть место для ключей."""
    open_bundles: dict[str, _Bundle] = {}
    for number, group in enumerate(groups):
        for index, call in enumerate(group.calls):
            if not call.keyed:
                continue
            own = frozenset(call.keys)
            kind = _kind(call)
            bundle = open_bundles.get(kind)
            if bundle is None or bundle.keys + len(own) > MERGED_KEYS:
                if bundle is not None:
                    yield bundle
                bundle = open_bundles[kind] = _Bundle(call)
            bundle.members.append(((number, index), own))
            bundle.keys += len(own)
    yield from open_bundles.values()


def _kind(call: Call) -> str:
    """Возвращает вид поиска: всё, кроме самих ключей."""
    return command(call.asking(()))
