"""Сколько весят процессы: память без удвоения общего (PSS), своя (USS), потоки, сокеты, процессор."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Weight:
    """Вес процесса с потомками: мегабайты PSS и USS, потоки, сокеты."""

    pss: float
    uss: float
    threads: int
    sockets: int

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(
            self.pss + other.pss,
            self.uss + other.uss,
            self.threads + other.threads,
            self.sockets + other.sockets,
        )


def weigh(pid: int) -> Weight:
    """Взвешивает процесс вместе с потомками."""
    return sum((_one(process) for process in family(pid)), Weight(0, 0, 0, 0))


def family(pid: int) -> list[psutil.Process]:
    """Возвращает процесс и его потомков."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu_seconds(pids: Iterable[int]) -> float:
    """Возвращает секунды процессора, потраченные процессами с потомками."""
    times = [process.cpu_times() for pid in pids for process in family(pid)]
    return float(sum(spent.user + spent.system for spent in times))


def _one(process: psutil.Process) -> Weight:
    memory = process.memory_full_info()
    return Weight(memory.pss / MB, memory.uss / MB, process.num_threads(), len(process.net_connections()))


class Peak:
    """Наибольший вес за время наблюдения; взвешивать — раз в ``every`` секунд."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self.by_name: dict[str, Weight] = {}
        self.total = 0.0

    def watch(self, seconds: float, every: float = 1.0) -> None:
        """Наблюдает столько секунд."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.look()
            time.sleep(every)

    def look(self) -> None:
        """Взвешивает один раз."""
        now = {name: weigh(pid) for name, pid in self._pids.items()}
        self.total = max(self.total, sum(weight.pss for weight in now.values()))
        for name, weight in now.items():
            known = self.by_name.get(name)
            self.by_name[name] = weight if known is None or weight.pss > known.pss else known
