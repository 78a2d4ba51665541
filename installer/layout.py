"""Где что лежит после установки."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """Папки установки: программа отдельно, настройки и данные отдельно — обновление данных не трогает."""

    programs: Path
    config: Path
    state: Path
    logs: Path
    redis: Path
    backups: Path
    units: Path
    command: Path
    executable: str

    @property
    def versions(self) -> Path:
        return self.programs / "versions"

    @property
    def current(self) -> Path:
        return self.programs / "current"

    @property
    def program(self) -> Path:
        return self.current / self.executable

    @property
    def settings(self) -> Path:
        return self.config / "settings.toml"

    @property
    def record(self) -> Path:
        return self.programs / "install.json"

    @property
    def data(self) -> tuple[Path, ...]:
        """Возвращает папки, которые переживают обновление и, если не просили иного, удаление."""
        return (self.config, self.state, self.logs, self.redis, self.backups)


def linux_layout(root: Path = Path("/")) -> Layout:
    """Возвращает места Linux; ``root`` — другой корень, для проверки установки."""
    return Layout(
        programs=root / "opt/ident-bitrix",
        config=root / "etc/ident-bitrix",
        state=root / "var/lib/ident-bitrix",
        logs=root / "var/log/ident-bitrix",
        redis=root / "var/lib/ident-bitrix-redis",
        backups=root / "var/backups/ident-bitrix",
        units=root / "etc/systemd/system",
        command=root / "usr/local/bin/ident-bitrix",
        executable="ident-bitrix",
    )


def windows_layout(variables: Mapping[str, str] = os.environ) -> Layout:
    programs = Path(variables.get("ProgramFiles", r"C:\Program Files")) / "IdentBitrix"
    data = Path(variables.get("ProgramData", r"C:\ProgramData")) / "IdentBitrix"
    return Layout(
        programs=programs,
        config=data / "config",
        state=data / "state",
        logs=data / "logs",
        redis=data / "redis",
        backups=data / "backups",
        units=programs / "services",
        command=programs / "ident-bitrix.cmd",
        executable="ident-bitrix.exe",
    )
