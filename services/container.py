"""Единственная сборка: из настроек — службы процесса. Ничего не открывает, пока не понадобится."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from config.loader import ConfigError, application_key, settings_file
from config.models import Settings
from config.secrets import KEY_FILE_NAME
from config.watching import FileWatch
from services.assembly import Assembly, BranchServices, EntityServices
from services.domain.entity import Entity, parse_entity_key
from services.domain.errors import SkippableError
from services.ports import AlertChannel, Clock, Crm, Journal, ask_each
from services.store.clock import RedisClock
from services.sync.health import Health
from services.sync.watch import Watch

if TYPE_CHECKING:
    from services.bitrix.client import BitrixClient
    from services.bitrix.reporting import TrafficReport
    from services.bitrix.visitors import PortalVisitors
    from services.ident.source import IdentSource
    from services.store.bundle import Identity, Store
    from services.sync.plans import SealedPlanLookup
    from services.sync.preview import Preview


def _sleep(pause: timedelta) -> None:
    time.sleep(pause.total_seconds())


class Services:
    """Службы процесса; у каждой базы одно соединение на процесс (ТЗ 5.2 № 6)."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        pause: Callable[[timedelta], None] = _sleep,
    ) -> None:
        self.settings, self._pause = settings, pause
        self.clock: Clock = clock or RedisClock(lambda: self.store.redis)
        self._lock = threading.RLock()
        self._sources: dict[str, IdentSource] = {}
        self._branches: dict[str, BranchServices] = {}
        self._entities: dict[tuple[str, str], EntityServices] = {}
        self._report: TrafficReport | None = None
        #: Запускает выборку филиалов сейчас; даёт точка входа: сами службы о Celery не знают.
        self.sync_now: Callable[[Sequence[str]], None] | None = None

    def branch(self, branch_id: str) -> BranchServices:
        """Возвращает сценарии филиала; неизвестный филиал — KeyError."""
        with self._lock:
            if branch_id not in self._branches:
                self._branches[branch_id] = self._assembly().branch(branch_id)
            return self._branches[branch_id]

    def plans(self, branch_id: str) -> SealedPlanLookup:
        """Возвращает поиск планов в базе филиала; неизвестный филиал — KeyError."""
        from services.ident.plan_source import IdentPlanSource
        from services.sealing import plan_answer_sealer, plan_request_sealer
        from services.sync.plans import PlanLookup, SealedPlanLookup

        source = IdentPlanSource(self.source(self.settings.branch(branch_id).database).ahead)
        lookup = PlanLookup(branch_id, source, self.journal, self.settings.rules.zone)
        key = application_key(self.settings)
        return SealedPlanLookup(lookup, plan_request_sealer(key), plan_answer_sealer(key))

    def source(self, database_id: str) -> IdentSource:
        """Возвращает чтение базы."""
        from services.ident.source import open_source

        with self._lock:
            if database_id not in self._sources:
                self._sources[database_id] = open_source(
                    self.settings.database(database_id), self.settings.node.sql_dir, self._rests()
                )
            return self._sources[database_id]

    def _rests(self) -> list[float]:
        """Возвращает паузы после неудач базы: по расписанию повторов, дальше — раз в цикл выборки."""
        steps = (*self.settings.retries.database, self.settings.sync.interval)
        return [step.total_seconds() for step in steps]

    @cached_property
    def store(self) -> Store:
        """Состояние в Redis."""
        from services.store.bundle import open_store

        return open_store(self.settings.redis, identity_of(self.settings))

    @cached_property
    def journal(self) -> Journal:
        """Журнал событий."""
        from services.journal.events import SYNC, EventLogger

        return EventLogger(SYNC)

    @cached_property
    def security_journal(self) -> Journal:
        """Журнал безопасности: входы, отказы доступа, распоряжения администратора (СПЕЦ 3.4.3)."""
        from services.journal.events import SECURITY, EventLogger

        return EventLogger(SECURITY)

    @cached_property
    def client(self) -> BitrixClient:
        """Клиент портала с общим на все процессы пределом запросов."""
        from services.bitrix.client import open_client
        from services.bitrix.reporting import TrafficReport

        client = open_client(self.settings.portal, self.store.redis, self.settings.redis.prefix, ask_each)
        self._report = client.listener = TrafficReport(client, self.store.portal_stats, self.clock)
        return client

    @cached_property
    def crm(self) -> Crm:
        """Сделки и клиенты портала."""
        from services.bitrix.crm import BitrixCrm

        return BitrixCrm(self.client, self.settings.portal)

    @property
    def health(self) -> Health:
        """Признаки здоровья филиалов: этого узла и тех, чей Redis общий с ним."""
        from services.journal.daily import disk_used

        branches = {b.branch_id: (b.name, b.database) for b in self.settings.branches}
        served = {b.branch_id for b in self.settings.served}
        store, folder = self.store, self.settings.journal.folder
        return Health(
            branches,
            served,
            store.outbox,
            store.stats,
            store.gate,
            self.clock,
            lambda: disk_used(nearest(folder)),
        )

    @property
    def watch(self) -> Watch:
        """Присмотр с рассылкой уведомлений."""
        from services.alerts.message import alarm_notice, clear_notice

        settings, store, zone = self.settings, self.store, self.settings.rules.zone
        return Watch(
            self.health,
            settings.alerts.limits(settings.sync.interval),
            self.channels(),
            store.alert_memory,
            store.locks,
            store.stats,
            self.journal,
            self.clock,
            lambda alarm, now: alarm_notice(alarm, now, zone),
            lambda key, known, now: clear_notice(key, known, now, zone),
        )

    def watch_files(self) -> None:
        """Записывает в журнал безопасности, что файл настроек или ключа изменился (СПЕЦ 3.4.3)."""
        for change in file_watch(self.settings).changes():
            self.security_journal.warning("config_changed", file=change.file, was=change.was, now=change.now)

    def channels(self) -> Sequence[AlertChannel]:
        """Возвращает каналы уведомлений из настроек; библиотеки грузятся только названными."""
        from services.alerts.apprise import AppriseChannel
        from services.alerts.bitrix import BitrixChannel
        from services.alerts.email import EmailChannel

        alerts = self.settings.alerts
        found: list[AlertChannel] = [EmailChannel(alerts.email)] if alerts.email else []
        if alerts.bitrix_users:
            found.append(BitrixChannel(self.client, alerts.bitrix_users))
        if alerts.apprise:
            found.append(AppriseChannel([url.get_secret_value() for url in alerts.apprise]))
        return found

    @cached_property
    def visitors(self) -> PortalVisitors:
        """Проверка тех, кто спрашивает планы; без раздела application — ConfigError."""
        from services.bitrix.client import open_limiter
        from services.bitrix.visitors import open_visitors

        portal, application = self.settings.portal, self.settings.application
        if application is None:
            raise ConfigError("Чтобы показывать планы, заполните раздел application")
        limiter = open_limiter(portal, self.store.redis, self.settings.redis.prefix)
        return open_visitors(portal, application, limiter)

    def preview(self, branch_id: str) -> Preview:
        """Возвращает предпросмотр филиала: ничего не пишет."""
        return self._assembly().preview(branch_id)

    def _assembly(self) -> Assembly:
        return Assembly(
            self.settings,
            self.store,
            self.client,
            self.crm,
            self.source,
            self.journal,
            self.clock,
            self._pause,
        )

    def withdraw(self) -> None:
        """Отзывает неотправленное: записи вернутся в очередь, попытка не считается."""
        if "client" in vars(self):
            self.client.withdraw()

    def retire(self, seconds: float) -> None:
        """Закрывает службы навсегда: ушедшее доделывается, неотправленное возвращается в очередь."""
        self.withdraw()
        if "client" in vars(self):
            self.client.drain(seconds)
        with self._lock:
            for source in self._sources.values():
                source.retire()
        self.close()

    def close(self) -> None:
        """Закрывает соединения; повторное обращение откроет их снова."""
        with self._lock:
            opened = vars(self)
            if "client" in opened:
                self.client.close()
                if self._report is not None:
                    self._report.flush()
            if "visitors" in opened:
                self.visitors.close()
            for source in self._sources.values():
                source.close()
            if "store" in opened:
                self.store.close()
            for name in ("client", "crm", "visitors", "store"):
                opened.pop(name, None)
            self._sources.clear()
            self._branches.clear()
            self._entities.clear()

    def entity(self, branch_id: str, name: str) -> EntityServices:
        """Возвращает обмен добавленной сущностью; незнакомая — KeyError."""
        with self._lock:
            if (branch_id, name) not in self._entities:
                (path,) = (path for path in self.settings.node.entities if path.stem == name)
                self._entities[branch_id, name] = self._assembly().entity(
                    branch_id, path, self.entities[name]
                )
            return self._entities[branch_id, name]

    def entity_of(self, uid: str) -> EntityServices:
        """Возвращает обмен сущностью, которой принадлежит ключ ``F1_W17``; букву никто не занял — отказ."""
        key = parse_entity_key(uid)
        for name, entity in self.entities.items():
            if entity.letter == key.letter:
                return self.entity(key.branch_id, name)
        raise SkippableError(f"сущности с буквой {key.letter} нет в настройках ([node] entities)", "bad_uid")

    @cached_property
    def entities(self) -> Mapping[str, Entity]:
        """Добавленные сущности по именам."""
        from services.extensions import load_entities

        return load_entities(self.settings.node.entities)


def file_watch(settings: Settings) -> FileWatch:
    """Возвращает слежение за файлом настроек этого процесса и его ключом."""
    path = settings_file()
    key_file = settings.security.key_file or path.with_name(KEY_FILE_NAME)
    return FileWatch([path, key_file], settings.node.state_dir / "settings.hash")


def nearest(folder: Path) -> Path:
    """Возвращает саму папку или ближайшую существующую над ней."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def identity_of(settings: Settings) -> Identity:
    """Возвращает, чьё состояние лежит в Redis: секреты — только оттисками."""
    from urllib.parse import urlsplit

    from services.store.bundle import Identity

    webhook = settings.portal.webhook.get_secret_value()
    return Identity(
        secret_id=_print(webhook.rstrip("/")),
        portal_id=_print(urlsplit(webhook).netloc),
        mark=settings.node.state_dir / "memory-epoch",
        quarantine=settings.portal.uncertainty,
        pauses=(*settings.retries.breaker, settings.sync.interval),
    )


def _print(text: str) -> str:
    return blake2b(text.encode(), digest_size=8, person=b"ident-identity").hexdigest()


def build_services(settings: Settings) -> Services:
    """Собирает службы процесса."""
    return Services(settings)
