"""Единственная сборка: из настроек — службы процесса. Ничего не открывает, пока не понадобится."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import time as wall_time
from datetime import timedelta
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from config.loader import ConfigError, application_key, settings_file
from config.models import Settings
from config.secrets import KEY_FILE_NAME
from config.watching import FileWatch
from services.domain.entity import Entity
from services.domain.errors import SkippableError
from services.domain.keys import parse_key
from services.domain.signs import NodeSigns
from services.feeds import BranchServices, Pipeline, Portal, branch_services, rules_of
from services.ports import AlertChannel, ChannelError, Clock, Crm, Journal, Notice
from services.store.clock import RedisClock
from services.sync.feed import Outcome, Work
from services.sync.health import Health
from services.sync.sender import refuse_stranger
from services.sync.watch import Letters, Watch

if TYPE_CHECKING:
    from services.bitrix.client import BitrixClient
    from services.bitrix.reporting import TrafficReport
    from services.bitrix.visitors import PortalVisitors
    from services.ident.source import IdentSource
    from services.journal.reading import Line
    from services.store.bundle import Identity, Store
    from services.store.keeper import Keeper
    from services.sync.plans import SealedPlanLookup
    from services.sync.preview import Preview
    from services.sync.story import Hit, Story


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
        self.settings, self.pause = settings, pause
        self.clock: Clock = clock or RedisClock(lambda: self.store.redis)
        self._lock = threading.RLock()
        self._sources: dict[str, IdentSource] = {}
        self._branches: dict[str, BranchServices] = {}
        self._report: TrafficReport | None = None
        self._reader: BitrixClient | None = None
        #: Запускает выборку филиалов сейчас; даёт точка входа: сами службы о Celery не знают.
        self.sync_now: Callable[[Sequence[str]], None] | None = None
        #: Просит узел о следующей странице прошлого; даёт точка входа.
        self.backfill_now: Callable[[str], None] | None = None
        #: Почему не взяты новые настройки: узел работает с этими. Пусто — взяты.
        self.settings_refused = ""

    def branch(self, branch_id: str) -> BranchServices:
        """Возвращает сценарии филиала; неизвестный филиал — KeyError."""
        with self._lock:
            if branch_id not in self._branches:
                source = self.source(self.settings.branch(branch_id).database)
                self._branches[branch_id] = branch_services(
                    self.work, self._portal, branch_id, source, self.pause, self.entities
                )
            return self._branches[branch_id]

    def send(self, uid: str) -> Outcome:
        """Отправляет запись очереди; Postponed — повторить через ``retry_after``.

        Запись, которую вести некому (испорченный ключ, убранные филиал или сущность), сдаёт администратору.
        """
        try:
            sender = self._line_of(uid).sender
        except SkippableError as error:
            return refuse_stranger(self.work, uid, error)
        return sender.run(uid)

    def why_failed(self, uid: str) -> str:
        entry = self.store.outbox.entry(uid)
        return f"{uid} не отправлена: {entry.message if entry else 'её уже вернули в очередь'}"

    def _line_of(self, uid: str) -> Pipeline:
        key = parse_key(uid)
        known = key.branch_id in {branch.branch_id for branch in self.settings.branches}
        line = self.branch(key.branch_id).by_letter(key.letter) if known else None
        if line is None:
            raise SkippableError(
                f"запись {uid} вести некому: её филиала или вида нет в настройках", "entity_unknown"
            )
        return line

    def plans(self, branch_id: str) -> SealedPlanLookup:
        """Возвращает поиск планов в базе филиала; неизвестный филиал — KeyError."""
        from services.ident.plan_source import IdentPlanSource
        from services.sealing import plan_answer_sealer, plan_request_sealer
        from services.sync.ownership import DealOwnership
        from services.sync.plans import PlanLookup, SealedPlanLookup

        source = IdentPlanSource(self.source(self.settings.branch(branch_id).database).ahead)
        ownership = DealOwnership(self.work, self.reading_crm, branch_id)
        application = self.settings.application
        by_name = application is None or application.plans_by_name == "phone"
        rules = rules_of(self.settings, branch_id)
        lookup = PlanLookup(rules, source, ownership, self.journal, by_name)
        key = application_key(self.settings)
        return SealedPlanLookup(lookup, plan_request_sealer(key), plan_answer_sealer(key))

    def source(self, database_id: str) -> IdentSource:
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
        from services.store.bundle import open_store

        return open_store(self.settings.redis, identity_of(self.settings))

    @cached_property
    def keeper(self) -> Keeper:
        from services.store.keeper import Keeper

        return Keeper(self.store.outbox, self.clock, self.settings.sync.lease)

    @property
    def work(self) -> Work:
        return Work(self.store, self.keeper, self.journal, self.clock, self.settings, self._waited)

    def _waited(self) -> float:
        return self.client.waited() if "client" in vars(self) else 0.0

    @property
    def _portal(self) -> Portal:
        from services.bitrix.plan_deals import BitrixPlanDeals
        from services.sealing import SnapshotSeal

        seal = SnapshotSeal(application_key(self.settings))
        return Portal(self.crm, BitrixPlanDeals(self.client, self.settings.portal, seal))

    @cached_property
    def journal(self) -> Journal:
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

        portal, redis, lease = self.settings.portal, self.settings.redis, self.settings.sync.lease
        client = open_client(portal, self.store.redis, redis.prefix, self.keeper.holds, lease)
        self._report = client.listener = TrafficReport(client, self.store.portal_stats, self.clock)
        return client

    @cached_property
    def crm(self) -> Crm:
        from services.bitrix.crm import BitrixCrm

        return BitrixCrm(self.client, self.settings.portal)

    @cached_property
    def reading_crm(self) -> Crm:
        """Сделки портала для вопроса о плане: человек ждёт, и очередь обмена его не касается."""
        from services.bitrix.client import open_reader
        from services.bitrix.crm import BitrixCrm

        portal, prefix = self.settings.portal, self.settings.redis.prefix
        self._reader = open_reader(portal, self.store.redis, prefix)
        return BitrixCrm(self._reader, portal)

    @property
    def health(self) -> Health:
        """Признаки здоровья филиалов: этого узла и тех, чей Redis общий с ним."""
        branches = {b.branch_id: (b.name, b.database) for b in self.settings.branches}
        served = {b.branch_id for b in self.settings.served}
        return Health(branches, served, self.store, self.clock, self._nodes)

    def beat(self, node: str) -> None:
        """Отмечает, что узел жив, и записывает его состояние и перемены в файлах настроек."""
        self.store.pulse.beat(node, self._state_of(node))
        self.watch_files()

    def _nodes(self) -> Sequence[NodeSigns]:
        return self.store.pulse.nodes() or [self._state_of("")]

    def _state_of(self, node: str) -> NodeSigns:
        from services.journal.daily import disk_used

        return NodeSigns(node, disk_used(nearest(self.settings.journal.folder)), self.settings_refused)

    @property
    def watch(self) -> Watch:
        from services.alerts.message import alarm_notice, clear_notice

        settings, zone = self.settings, self.settings.rules.zone
        letters = Letters(
            lambda alarm, now: alarm_notice(alarm, now, zone),
            lambda key, known, now: clear_notice(key, known, now, zone),
        )
        limits = settings.alerts.limits(settings.sync.interval)
        return Watch(self.health, limits, self.channels(), self.work, letters)

    def report_outside(self) -> None:
        """Сообщает наружу: пульс в службу присмотра и сводка за вчера, если они настроены.

        Не вышло — строка журнала: молчание заметят там, куда сообщают.
        """
        from services.alerts.heartbeat import Heartbeat
        from services.alerts.message import summary_notice
        from services.domain.alarms import alarms
        from services.sync.summary import DailySummary

        chosen, zone = self.settings.alerts, self.settings.rules.zone
        if chosen.heartbeat is None and chosen.daily_summary is None:
            return
        signs = self.health.signs()
        standing = alarms(signs, chosen.limits(self.settings.sync.interval))
        if chosen.heartbeat is not None:
            heartbeat = Heartbeat(chosen.heartbeat.get_secret_value())
            self._told(heartbeat.name, "heartbeat", lambda: heartbeat.beat(standing))
        if chosen.daily_summary is not None:
            at = wall_time.fromisoformat(chosen.daily_summary)
            DailySummary(at, zone, self.store).run(
                signs, lambda day, events: summary_notice(day, events, signs, standing, zone), self._delivered
            )

    def _delivered(self, notice: Notice) -> bool:
        taken = [self._told(one.name, notice.key, partial(one.send, notice)) for one in self.channels()]
        return any(taken)

    def _told(self, channel: str, cause: str, tell: Callable[[], None]) -> bool:
        try:
            tell()
        except ChannelError as error:
            self.journal.error("alert_failed", channel=channel, cause=cause, error=str(error))
            return False
        return True

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
        from services.sync.preview import Preview

        return Preview(self.branch(branch_id).receptions, self.work, self.crm)

    def story(self, uid: str) -> Story:
        """Возвращает историю записи; испорченный ключ, незнакомый вид или филиал — SkippableError."""
        from services.sync.story import Teller

        return Teller(self._line_of(uid).feed, self.work, self.reading_crm).tell(uid)

    def search(self, text: str) -> tuple[Sequence[Hit], Sequence[str]]:
        """Ищет записи по ключу, номеру приёма, сделки или карты; второе — чего не удалось спросить."""
        from services.sync.story import Hit, Search

        wanted = text.strip()
        with suppress(SkippableError):
            self._line_of(wanted.upper())
            return [Hit(wanted.upper(), "запись")], ()
        homes = {branch.database: branch.branch_id for branch in self.settings.branches}
        feeds = [self.branch(branch_id).receptions for branch_id in homes.values()]
        return Search(feeds, self.reading_crm).find(wanted)

    def life(self, uid: str, limit: int) -> Sequence[Line]:
        """Возвращает строки журналов о записи, под каким бы ключом базы она ни шла; поздние первыми."""
        from services.journal.reading import Wanted, lines

        key = parse_key(uid)
        mates = self.settings.branches_of(self.settings.branch(key.branch_id).database)
        records = [str(replace(key, branch=mate.number)) for mate in mates]
        return lines(self.settings.journal.folder, Wanted(records), limit)[0]

    def prepare(self, old: Services) -> None:
        """Собирает всё, что уже собрано у прежних: негодное не соберётся сейчас, пока они ещё работают."""
        for name in vars(old).keys() & {"store", "client", "crm", "visitors", "entities"}:
            getattr(self, name)
        self.channels()

    def withdraw(self) -> None:
        """Отзывает неотправленное: записи вернутся в очередь, попытка не считается."""
        if "client" in vars(self):
            self.client.withdraw()

    def retire(self, seconds: float) -> None:
        """Закрывает службы навсегда: ушедшее доделывается, неотправленное возвращается в очередь."""
        self.withdraw()
        with self._lock:
            sources = list(self._sources.values())
        for source in sources:  # прежнее соединение с базой рядом с новым было бы вторым
            source.retire()
        if "client" in vars(self):
            self.client.drain(seconds)
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
            if self._reader is not None:
                self._reader.close()
            for source in self._sources.values():
                source.close()
            if "keeper" in opened:
                self.keeper.close()
            if "store" in opened:
                self.store.close()
            for name in ("client", "crm", "reading_crm", "visitors", "keeper", "store"):
                opened.pop(name, None)
            self._sources.clear()
            self._branches.clear()

    @cached_property
    def entities(self) -> Mapping[str, Entity]:
        """Добавленные сущности по именам; негодный файл приёмам не мешает: он назван в журнале."""
        from services.extensions import load_entities

        try:
            return load_entities(self.settings.node.entities)
        except ConfigError as error:
            self.journal.error("entities_refused", error=error)
            return {}


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
        databases={branch.branch_id: branch.database for branch in settings.branches},
    )


def _print(text: str) -> str:
    return blake2b(text.encode(), digest_size=8, person=b"ident-identity").hexdigest()


def build_services(settings: Settings) -> Services:
    return Services(settings)
