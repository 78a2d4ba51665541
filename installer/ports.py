"""Договоры установщика: компьютер, службы, разговор с человеком."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from installer.layout import Layout


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


class Services(Protocol):
    """Службы этого компьютера."""

    def install(self, service: Service) -> None:
        """Устанавливает службу или обновляет её описание; запуск — при старте компьютера."""

    def uninstall(self, key: str) -> None:
        """Останавливает и удаляет службу; нет её — ничего."""

    def start(self, key: str) -> None:
        """Запускает службу; повтор безвреден."""

    def stop(self, key: str) -> None:
        """Останавливает службу вежливо и ждёт; повтор безвреден."""

    def state(self, key: str) -> ServiceState:
        """Возвращает состояние службы."""

    def name(self, key: str) -> str:
        """Возвращает имя службы в системе."""


class Host(Protocol):
    """Компьютер, на который ставят."""

    @property
    def layout(self) -> Layout:
        """Возвращает, где что лежит."""

    @property
    def services(self) -> Services:
        """Возвращает службы."""

    @property
    def run(self) -> Run:
        """Возвращает исполнителя команд."""

    def require_rights(self) -> None:
        """Проверяет права администратора; нет — InstallError."""

    def trust(self, folder: Path) -> None:
        """Проверяет, что папку пакета менять могут только администраторы; иначе — InstallError."""

    def prepare_accounts(self) -> None:
        """Заводит учётные записи служб, если их нет; папки, заготовленные чужим, — InstallError."""

    def take(self) -> None:
        """Забирает папки данных у служб: пока установщик пишет в них, подменить в них ничего нельзя."""

    def protect(self, services: Sequence[Service]) -> None:
        """Отдаёт папки данных службам и закрывает: каждая видит только своё (ТЗ 4.2.5)."""

    def point(self, target: Path) -> None:
        """Делает версию программы работающей."""

    def write_command(self) -> None:
        """Кладёт команду ``ident-bitrix``, которая знает файл настроек."""

    def redis_server(self) -> Path:
        """Возвращает redis-server не старше 6.2; нет — InstallError с тем, где его взять."""

    def open_port(self, port: int) -> None:
        """Открывает порт для сети клиники."""

    def close_ports(self) -> None:
        """Убирает то, что открыл open_port."""

    def forget(self) -> None:
        """Убирает остальные следы: учётную запись, ссылки."""


class Talk(Protocol):
    """Разговор с человеком."""

    def say(self, text: str) -> None:
        """Говорит."""

    def ask(self, question: str, default: str = "") -> str:
        """Спрашивает строку; пустой ответ — умолчание."""

    def secret(self, question: str) -> str:
        """Спрашивает секрет, не показывая его."""

    def agree(self, question: str, default: bool = True) -> bool:
        """Спрашивает да или нет."""
