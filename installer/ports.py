"""Общее установщика: его отказы, службы и их состояние, компьютер, на который ставят."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from installer.linux import LinuxHost
    from installer.windows import WindowsHost

#: Компьютер, на который ставят.
Host: TypeAlias = "LinuxHost | WindowsHost"


class InstallError(Exception):
    """Установка не может продолжаться; текст говорит, что сделать."""


class CommandFailed(InstallError):
    """Команда системы кончилась неудачей; ``output`` — что она сказала."""

    def __init__(self, command: Sequence[str], code: int, output: str) -> None:
        super().__init__(f"Команда «{command[0]}» не удалась (код {code}): {output.strip()[-800:]}")
        self.command, self.code, self.output = tuple(command), code, output


#: Выполняет команду системы и возвращает её вывод; неудача — CommandFailed.
Run = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class Service:
    """Служба: что запускать, где, что ей можно писать и сколько ждать её остановки."""

    key: str
    title: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    after: Sequence[str] = ()
    reads: Sequence[Path] = ()
    writes: Sequence[Path] = ()
    stop_seconds: int = 60
    loopback_only: bool = False


class ServiceState(StrEnum):
    """Состояние службы."""

    RUNNING = "работает"
    STARTING = "запускается"
    STOPPING = "останавливается"
    STOPPED = "остановлена"
    ABSENT = "не установлена"

    @property
    def wanted(self) -> bool:
        """Отвечает, должна ли служба работать: между двумя сбоями она «запускается», а не стоит."""
        return self in (ServiceState.RUNNING, ServiceState.STARTING)
