"""Обновление: настройки и состояние остаются; осмотр ухудшился — всё возвращается как было (ТЗ 4.4.3)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from installer import backup
from installer.examination import Finding, examine, worsened
from installer.install import show
from installer.package import Package, drop_old_versions, order, place_program
from installer.ports import Host, InstallError, ServiceState, Talk
from installer.record import Record, installed
from installer.roles import ORDER, REDIS, services_of, stopping
from installer.upgrade import upgrade_settings

#: Сколько ждать, пока узел новой версии подаст признаки жизни.
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Update:
    """Переход на версию пакета."""

    host: Host
    package: Package
    talk: Talk
    now: Callable[[], datetime] = datetime.now
    patience: float = PATIENCE_SECONDS

    def run(self, again: bool = False) -> int:
        """Обновляет; код 0 — новая версия работает, 1 — вернулась прежняя."""
        host, talk = self.host, self.talk
        host.require_rights()
        record = installed(host.layout.record)
        self._refuse(record, again)
        talk.say(f"Обновляю {record.version} → {self.package.version}")
        before = examine(host)
        running = [key for key in record.services if host.services.state(key) is ServiceState.RUNNING]
        self._stop(running)
        saved = backup.save(host.layout, record.version, self.now())
        talk.say(f"Копия настроек и состояния: {saved}")
        try:
            self._renew(record)
            worse = self._judged(running, before)
        except (InstallError, OSError) as error:
            talk.say(f"Обновление прервано: {error}")
            return self._back(record, running, saved)
        if worse:
            show(talk, worse)
            return self._back(record, running, saved)
        record.now_at(self.package.version).save(host.layout.record)
        drop_old_versions(host.layout, self.package.version)
        talk.say(f"Готово: работает версия {self.package.version}.")
        return 0

    def _refuse(self, record: Record, again: bool) -> None:
        if order(self.package.version) < order(record.version):
            raise InstallError(
                f"Стоит более новая версия {record.version}: вернуться можно копией из backups."
            )
        if self.package.version == record.version and not again:
            raise InstallError(f"Версия {record.version} уже стоит (поставить её же снова: ключ --again).")

    def _renew(self, record: Record) -> None:
        """Ставит новую программу и приводит настройки и описания служб к её виду."""
        layout = self.host.layout
        target = place_program(self.package, layout)
        for told in upgrade_settings(layout.settings):
            self.talk.say(f"  настройки: {told}")
        self.host.point(target)
        self.host.write_command()
        services = services_of(layout, record.services, record.redis_server)
        for service in services:
            self.host.services.install(service)
        self.host.protect(services)

    def _judged(self, running: Sequence[str], before: Sequence[Finding]) -> Sequence[Finding]:
        """Запускает новую версию и ждёт, пока осмотр станет не хуже прежнего."""
        self._start(running)
        deadline = time.monotonic() + self.patience
        while True:
            worse = worsened(before, examine(self.host))
            if not worse or time.monotonic() > deadline:
                return worse
            time.sleep(LOOK_SECONDS)

    def _back(self, record: Record, running: Sequence[str], saved: Path) -> int:
        """Возвращает прежнюю версию вместе с её настройками."""
        host = self.host
        self.talk.say(f"Возвращаю версию {record.version} …")
        self._stop(running)
        backup.restore(host.layout, saved)
        host.point(host.layout.versions / record.version)
        services = services_of(host.layout, record.services, record.redis_server)
        for service in services:
            host.services.install(service)
        host.protect(services)
        self._start(running)
        self.talk.say(f"Вернулась версия {record.version}; настройки и состояние прежние, копия: {saved}")
        return 1

    def _stop(self, keys: Sequence[str]) -> None:
        """Останавливает узел и Flower; Redis обновление не касается."""
        for key in stopping(keys):
            if key != REDIS:
                self.host.services.stop(key)

    def _start(self, keys: Sequence[str]) -> None:
        for key in ORDER:
            if key in keys:
                self.host.services.start(key)
