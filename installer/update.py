"""Обновление: настройки и состояние остаются; осмотр ухудшился — всё возвращается как было (ТЗ 4.4.3)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from config.loader import load_settings
from installer import backup
from installer.examination import USUAL, Finding, Patience, examine, worsened
from installer.install import show
from installer.package import Package, drop_old_versions, order, place_program
from installer.ports import Host, InstallError
from installer.record import Record, installed
from installer.roles import ORDER, REDIS, services_of, stopping
from installer.settings import upgrade_settings
from installer.talk import Terminal


@dataclass(frozen=True, slots=True)
class Update:
    """Переход на версию пакета."""

    host: Host
    package: Package
    talk: Terminal
    now: Callable[[], datetime] = datetime.now
    patience: Patience = USUAL

    def run(self, again: bool = False) -> int:
        """Обновляет; код 0 — новая версия работает, 1 — вернулась прежняя."""
        host, talk = self.host, self.talk
        host.require_rights()
        host.trust(self.package.folder)
        self.package.verify()
        former = installed(host.layout.record)
        self._refuse(former, again)
        talk.say(f"Обновляю {former.version} → {self.package.version}")
        before = examine(host)
        record = replace(former, version=self.package.version, redis_server=self._redis_server(former))
        running = [key for key in former.services if host.services.state(key).wanted]
        saved = self._saved(former, running)
        try:
            self._renew(record)
            worse = self._judged(running, before)
        except (InstallError, OSError) as error:
            talk.say(f"Обновление прервано: {error}")
            return self._back(former, running, saved)
        if worse:
            show(talk, worse)
            return self._back(former, running, saved)
        record.save(host.layout.record)
        drop_old_versions(host.layout, self.package.version, self.patience.pause)
        talk.say(f"Готово: работает версия {self.package.version}.")
        return 0

    def _redis_server(self, record: Record) -> str:
        """Возвращает Redis пакета, если он свой: с обновлением приходят и его поправки безопасности."""
        if REDIS not in record.services:
            return record.redis_server
        try:
            return str(self.host.redis_server())
        except InstallError as error:
            self.talk.say(f"Redis остаётся прежним. {error}")
            return record.redis_server

    def _saved(self, record: Record, running: Sequence[str]) -> Path:
        """Останавливает службы и копирует настройки и состояние; не вышло — службы работают дальше."""
        host = self.host
        try:
            self._stop(running)
            host.take()
            saved = backup.save(host.layout, record.version, self.now())
        except (InstallError, OSError):
            with suppress(InstallError):
                host.protect(services_of(host.layout, record.services, record.redis_server))
            self._start(running)
            raise
        self.talk.say(f"Копия настроек и состояния: {saved}")
        return saved

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
        target = place_program(self.package, layout, self.patience.pause)
        for told in upgrade_settings(layout.settings):
            self.talk.say(f"  настройки: {told}")
        self._describe(record, target)

    def _describe(self, record: Record, target: Path) -> None:
        """Делает версию работающей: ссылка, команда, службы, права, правило брандмауэра."""
        host = self.host
        host.point(target)
        host.write_command()
        services = services_of(host.layout, record.services, record.redis_server)
        for service in services:
            host.services.install(service)
        host.protect(services)
        if record.opened_port:
            host.open_port(load_settings(host.layout.settings).web.port)

    def _judged(self, running: Sequence[str], before: Sequence[Finding]) -> Sequence[Finding]:
        """Запускает новую версию и ждёт, пока осмотр станет не хуже прежнего."""
        self._start(running)
        return self.patience.until_good(lambda: worsened(before, examine(self.host)))

    def _back(self, record: Record, running: Sequence[str], saved: Path) -> int:
        host = self.host
        self.talk.say(f"Возвращаю версию {record.version} …")
        self._stop(running)
        host.take()
        backup.restore(host.layout, saved)
        self._describe(record, host.layout.versions / record.version)
        self._start(running)
        self.talk.say(f"Вернулась версия {record.version}; настройки и состояние прежние, копия: {saved}")
        return 1

    def _stop(self, keys: Sequence[str]) -> None:
        """Останавливает службы: узел прежде Redis."""
        for key in stopping(keys):
            self.host.services.stop(key)

    def _start(self, keys: Sequence[str]) -> None:
        for key in ORDER:
            if key in keys:
                self.host.services.start(key)
