"""Что стоит на этом компьютере и работает ли."""

from collections.abc import Sequence

from installer.ports import Host, ServiceState
from installer.record import installed
from installer.roles import ORDER, stopping


def told(host: Host) -> tuple[Sequence[str], bool]:
    """Рассказывает о версии, службах и папках; второе — все ли службы работают."""
    layout, record = host.layout, installed(host.layout.record)
    states = {key: host.services.state(key) for key in ORDER if key in record.services}
    lines = [
        f"Версия {record.version}, программа {layout.program}",
        *(f"  {host.services.name(key):<22}{state}" for key, state in states.items()),
        f"Настройки: {layout.settings}",
        f"Журналы:   {layout.logs}",
        f"Состояние: {layout.state}",
        f"Копии:     {layout.backups}",
    ]
    return lines, all(state is ServiceState.RUNNING for state in states.values())


def start_all(host: Host) -> None:
    """Запускает службы по порядку: Redis первым."""
    for key in ORDER:
        if key in installed(host.layout.record).services:
            host.services.start(key)


def stop_all(host: Host) -> None:
    for key in stopping(installed(host.layout.record).services):
        host.services.stop(key)
