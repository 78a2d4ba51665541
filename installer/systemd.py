"""Службы Linux: закрытые юниты systemd."""

from collections.abc import Callable, Iterator
from pathlib import Path

from installer.ports import CommandFailed, Run, Service, ServiceState

#: Перезапуск после сбоя — через столько секунд и без счёта попыток: предел ТЗ 3.3.1 — пять минут.
RESTART_SECONDS = 10
PREFIX = "ident-bitrix"
#: Ответы «systemctl is-active»; между сбоем и перезапуском служба «activating».
STATES = {
    "active": ServiceState.RUNNING,
    "activating": ServiceState.STARTING,
    "deactivating": ServiceState.STOPPING,
}


class Systemd:
    """Службы через systemctl."""

    def __init__(self, folder: Path, account_of: Callable[[str], str], run: Run) -> None:
        self._folder, self._account_of, self._run = folder, account_of, run

    def install(self, service: Service) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path(service.key).write_text(unit(service, self._account_of(service.key)), encoding="utf-8")
        self._run(["systemctl", "daemon-reload"])
        self._run(["systemctl", "enable", self._unit(service.key)])

    def uninstall(self, key: str) -> None:
        if self.state(key) is ServiceState.ABSENT:
            return
        self._run(["systemctl", "disable", "--now", self._unit(key)])
        self._path(key).unlink()
        self._run(["systemctl", "daemon-reload"])

    def start(self, key: str) -> None:
        self._run(["systemctl", "start", self._unit(key)])

    def stop(self, key: str) -> None:
        if self.state(key) is not ServiceState.ABSENT:
            self._run(["systemctl", "stop", self._unit(key)])

    def state(self, key: str) -> ServiceState:
        if not self._path(key).is_file():
            return ServiceState.ABSENT
        try:
            told = self._run(["systemctl", "is-active", self._unit(key)])
        except CommandFailed as error:
            told = error.output
        return STATES.get(told.strip(), ServiceState.STOPPED)

    def name(self, key: str) -> str:
        return f"{PREFIX}-{key}"

    def _unit(self, key: str) -> str:
        return f"{self.name(key)}.service"

    def _path(self, key: str) -> Path:
        return self._folder / self._unit(key)


def unit(service: Service, account: str) -> str:
    return "\n".join(_lines(service, account)) + "\n"


def _lines(service: Service, account: str) -> Iterator[str]:
    others = " ".join(f"{PREFIX}-{key}.service" for key in service.after)
    yield "[Unit]"
    yield f"Description={service.title}"
    yield f"After=network-online.target {others}".rstrip()
    yield f"Wants=network-online.target {others}".rstrip()
    yield "StartLimitIntervalSec=0"
    yield ""
    yield "[Service]"
    yield "Type=exec"
    yield f"User={account}"
    yield f"WorkingDirectory={service.folder}"
    yield from (f"Environment={key}={value}" for key, value in service.environment.items())
    yield f"ExecStart={' '.join(service.command)}"
    yield "Restart=always"
    yield f"RestartSec={RESTART_SECONDS}"
    yield f"TimeoutStopSec={service.stop_seconds}"
    yield "UMask=0077"
    yield "LimitCORE=0"
    yield from HARDENING
    yield f"ReadWritePaths={' '.join(map(str, service.writes))}"
    if service.loopback_only:
        yield "IPAddressDeny=any"
        yield "IPAddressAllow=localhost"
    yield ""
    yield "[Install]"
    yield "WantedBy=multi-user.target"


HARDENING = (
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectControlGroups=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "CapabilityBoundingSet=",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
)
