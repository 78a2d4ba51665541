"""Признаки здоровья: всё, по чему видно, хорошо ли дело; без людей и без ввода-вывода."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.domain.outbox import Halt

#: События часа, из которых складываются доли (СПЕЦ 2.6.3).
DONE = ("created", "updated", "unchanged")
FAILED = ("failed", "rejected", "retried")


@dataclass(frozen=True, slots=True)
class BranchSigns:
    """Признаки филиала: последний успех, последняя ошибка базы, события за 60 минут, глубина очереди.

    ``foreign`` — последняя чужая сделка под ключом приёма: номер, ключ, кто создал.
    """

    branch_id: str
    name: str
    database_id: str
    last_success: datetime | None = None
    last_error: str = ""
    hour: Mapping[str, float] = field(default_factory=dict)
    waiting: int = 0
    failed: int = 0
    foreign: str = ""

    @property
    def depth(self) -> int:
        """Возвращает, сколько записей в очереди вместе с отказавшими."""
        return self.waiting + self.failed

    def events(self, *names: str) -> int:
        return round(sum(self.hour.get(name, 0) for name in names))


@dataclass(frozen=True, slots=True)
class NodeSigns:
    """Признаки узла: имя, занятость диска журналов, почему не взяты новые настройки (пусто — взяты)."""

    name: str
    disk_used: float = 0.0
    settings_refused: str = ""


@dataclass(frozen=True, slots=True)
class Signs:
    """Признаки всей установки в миг ``now``; ``since`` — с какого времени за ней следят."""

    now: datetime
    since: datetime
    branches: Sequence[BranchSigns]
    halt: Halt | None = None
    pause: Halt | None = None
    nodes: Sequence[NodeSigns] = ()

    @property
    def disk_used(self) -> float:
        return max((node.disk_used for node in self.nodes), default=0.0)

    def events(self, *names: str) -> int:
        return sum(branch.events(*names) for branch in self.branches)
