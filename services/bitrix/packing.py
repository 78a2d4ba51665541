"""Укладка групп в пакет: кто уходит и какими командами; поиски одного вида склеиваются (ADR 0007).

Поиск сделки по ключу — самый частый вызов. Сорок таких поисков уходят одной командой
``crm.deal.list`` с общим ``@поле``, а строки ответа раздаются хозяевам по значению поля. Делить ответ
можно, только если он полон и весь по делу: страница портала — 50 строк (полная могла быть обрезана),
а незнакомое поле портал молча отбрасывает и отдаёт чужие строки — тогда их получают все,
и обман заметит проверка в crm.py.

Так же склеиваются телефоны ``crm.duplicate.findbycomm``: он принимает до двадцати значений. Чей найденный
номер, ответ не говорит: хозяева получают его целиком с пометкой ``shared`` и сверяют телефоны прочтённого
(people.py). Двадцать находок могли быть обрезаны — тогда каждый спросит отдельно.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.bitrix.batching import NOBODY_REFUSED, Group
from services.bitrix.calls import VALUES, Answer, Call, folded
from services.bitrix.encoding import command
from services.bitrix.responses import as_map

#: Столько записей пакет выполнит, пока искавшие ждали бы следующего запроса: с ними поиски едут вместе.
#: Больше — и поиск, который сам длится мгновение, простоял бы за записями секунды.
FEW_WRITES = 6
#: Столько поисков стоят своего запроса: ими начнётся работа над столькими же записями.
MANY_READS = 25
#: Столько записей заполняют запрос: поиски подождут следующего.
FULL = 48
#: Кого обошли столько раз, тот ведёт следующим.
PATIENCE = 3
#: По сорок ключей: десяток лишних сделок ещё умещается в страницу портала; полную спросят отдельно.
MERGED_KEYS, PAGE_ROWS = 40, 50
#: Сколько телефонов принимает findbycomm и сколько находок значит «обрезано» (документация метода).
MERGED_VALUES, CUT = 20, 20


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
        if self.field == VALUES:
            return self._shared(answer)
        rows = list(as_map(answer.value).values())
        if len(rows) >= PAGE_ROWS and self.own != self.asked:
            raise PageFull
        named = [(folded(as_map(row).get(self.field)), row) for row in rows]
        if any(name not in self.asked for name, _ in named):
            return answer
        return Answer([row for name, row in named if name in self.own])

    def _shared(self, answer: Answer) -> Answer:
        """Отдаёт общий ответ поиска по телефонам; он мог быть обрезан — PageFull."""
        if self.own == self.asked:
            return answer
        if any(len(as_map(found)) >= CUT for found in as_map(answer.value).values()):
            raise PageFull
        return Answer(answer.value, shared=True)


@dataclass(slots=True)
class _Bundle:
    """Поиски одного вида, которые уйдут одной командой: ``members[(группа, вызов)] = ключи``."""

    call: Call
    members: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()


class Packet:
    """Пакет: группы берутся по одной, пока их команды помещаются."""

    def __init__(self, size: int) -> None:
        self.groups: list[Group] = []
        self._size, self._plain = size, 0
        self._company = NOBODY_REFUSED
        self._bundles: list[_Bundle] = []
        self._open: dict[str, _Bundle] = {}

    @property
    def commands(self) -> int:
        return self._plain + len(self._bundles)

    def take(self, group: Group) -> bool:
        """Берёт группу целиком; False — не помещается. Первую берёт, какой бы она ни была."""
        number, company = len(self.groups), min(self._company, group.company)
        if self.groups and (number >= company or self.commands + self._added_by(group) > self._size):
            return False
        self._company = company
        self.groups.append(group)
        for index, call in enumerate(group.calls):
            if kind := group.kinds[index]:
                self._join(kind, call, (number, index))
            else:
                self._plain += 1
        return True

    def layout(self) -> "Layout":
        layout = Layout()
        for number, group in enumerate(self.groups):
            layout.slots.append([Slot(f"g{number}c{index}") for index in range(len(group.calls))])
            for slot, kind, text in zip(layout.slots[number], group.kinds, group.commands, strict=True):
                if not kind:
                    layout.commands[slot.key] = text
        for order, bundle in enumerate(self._bundles):
            layout.commands[f"m{order}"] = command(bundle.call.asking(sorted(bundle.keys)))
            for (number, index), own in bundle.members.items():
                asked = frozenset(map(folded, bundle.keys))
                layout.slots[number][index] = Slot(
                    f"m{order}", bundle.call.keyed, frozenset(map(folded, own)), asked
                )
        return layout

    def _added_by(self, group: Group) -> int:
        """Возвращает, сколько команд прибавит группа, самое большее."""
        added, seen = 0, {""}
        for kind, call in zip(group.kinds, group.calls, strict=True):
            added += kind in seen or self._room(kind, call) is None
            seen.add(kind)
        return added

    def _room(self, kind: str, call: Call) -> _Bundle | None:
        """Возвращает команду этого вида, где хватит места для ключей вызова."""
        bundle = self._open.get(kind)
        most = MERGED_VALUES if call.keyed == VALUES else MERGED_KEYS
        fits = bundle is not None and len(bundle.keys.union(call.keys)) <= most
        return bundle if fits else None

    def _join(self, kind: str, call: Call, place: tuple[int, int]) -> None:
        bundle = self._room(kind, call)
        if bundle is None:
            bundle = self._open[kind] = _Bundle(call)
            self._bundles.append(bundle)
        bundle.members[place] = frozenset(call.keys)
        bundle.keys |= bundle.members[place]


@dataclass(slots=True)
class Layout:
    """Команды пакета и места ответов: ``slots[группа][вызов]``."""

    commands: dict[str, str] = field(default_factory=dict)
    slots: list[list[Slot]] = field(default_factory=list)


def next_leader(waiting: Sequence[Group]) -> Group | None:
    """Выбирает, чья группа уйдёт следующей; обойдённая — раньше.

    Записей на целый пакет — запись; накопились поиски — поиск: ими начнётся следующая работа.
    """
    reading = [group for group in waiting if not group.writes]
    writing = [group for group in waiting if group.writes]
    passed = (group for group in waiting if group.passed >= PATIENCE)
    chosen = reading if len(reading) >= MANY_READS and len(writing) < FULL else writing
    return next(passed, None) or next(iter(chosen), None) or next(iter(waiting), None)


def pack(waiting: deque[Group], own: Group, size: int) -> list[Group]:
    """Забирает из очереди группу ведущего и те, что уйдут с ней одним запросом.

    Своя уходит всегда, даже если одна больше размера; дальше — сколько помещается целиком. Когда записей
    много, с поиском уходят одни поиски, а с записью — записи и, если осталось место, поиски: пакет
    отвечает весь сразу, и поиск ждал бы, пока портал выполнит все записи.
    """
    if own not in waiting:
        return []
    packet = Packet(size)
    packet.take(own)
    others = [group for group in waiting if group is not own and not group.alone and not own.alone]
    writing = [group for group in others if group.writes]
    reading = [group for group in others if not group.writes]
    apart = not own.writes and len(writing) > FEW_WRITES
    for group in reading if apart else [*writing, *reading]:
        packet.take(group)
    taken = set(map(id, packet.groups))
    left = [group for group in waiting if id(group) not in taken]
    for group in left:
        group.passed += 1
    waiting.clear()
    waiting.extend(left)
    return packet.groups


def lay_out(groups: Sequence[Group]) -> Layout:
    packet = Packet(sum(len(group.calls) for group in groups))
    for group in groups:
        packet.take(group)
    return packet.layout()
