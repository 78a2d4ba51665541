"""Настоящий исполнитель на поддельном SQL Server: переменные процесса и счёт его соединений."""

from itertools import accumulate
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("fake_odbc")
DATABASES: list[dict[str, Any]] = [
    {
        "id": "D1",
        "type": "mssql",
        "server": "SRV",
        "database": "PZ",
        "login": "ident_reader",
        "password": "тайна",
    }
]


class FakeServer:
    """Поддельный сервер над файлом SQLite."""

    def __init__(self, base: Path) -> None:
        self._base = base

    @property
    def variables(self) -> dict[str, str]:
        """Возвращает переменные процесса."""
        return {"PYTHONPATH": str(FOLDER), "FAKE_ODBC_DB": str(self._base)}

    def stop(self) -> None:
        """Останавливает сервер."""
        self._base.with_suffix(".gone").touch()

    def start(self) -> None:
        """Запускает сервер."""
        self._base.with_suffix(".gone").unlink()

    def victimise(self) -> None:
        """Делает следующий запрос жертвой взаимной блокировки."""
        self._base.with_suffix(".victim").touch()

    @property
    def victimised(self) -> bool:
        """Отвечает, стал ли запрос жертвой."""
        return not self._base.with_suffix(".victim").exists()

    def most_connections(self) -> int:
        """Возвращает наибольшее число одновременно открытых соединений."""
        steps = self._base.with_suffix(".connections").read_text(encoding="ascii").split()
        return max(accumulate(map(int, steps)))

    def opened(self) -> int:
        """Возвращает, сколько раз соединение открывали."""
        steps = self._base.with_suffix(".connections").read_text(encoding="ascii").split()
        return steps.count("+1")
