"""Виды сбоев: каждый ломает, иногда ждёт и чинит за собой; вернувшись, сбой окончен или догорает сам."""

import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from random import Random

import redis
from kombu.exceptions import OperationalError

from bench.campaign.stage import Stage
from bench.campaign.wire import Wire
from demo.portal.faults import Fault, FaultKind
from tasks.names import EXTRACT, UPSERT, queue_of
from tests.support.node import BEAT

Sabotage = Callable[[Stage, Random], None]


def kill(stage: Stage, rng: Random) -> None:
    """Убивает процесс (kill −9)."""
    stage.roles[rng.choice(sorted(stage.roles))].process.kill()


def warm_stop(stage: Stage, rng: Random) -> None:
    """Останавливает процесс вежливо: служба перезапустит его."""
    process = stage.roles[rng.choice(sorted(stage.roles))].process
    if process.alive:
        process.signal(signal.SIGTERM)
        time.sleep(rng.uniform(0.2, 1.5))


def freeze(stage: Stage, rng: Random) -> None:
    """Замораживает процесс дольше аренды: проснувшись, он думает, что запись ещё его."""
    process = stage.roles[rng.choice(sorted(stage.roles))].process
    if process.alive:
        process.signal(signal.SIGSTOP)
        time.sleep(rng.uniform(1, 8))
        process.signal(signal.SIGCONT)


def second_beat(stage: Stage, rng: Random) -> None:
    """Запускает второе расписание по ошибке."""
    extra = stage.role(BEAT)
    time.sleep(rng.uniform(2, 4))
    extra.process.kill()


def redis_restart(stage: Stage, rng: Random) -> None:
    """Перезапускает Redis; журнал на диске цел."""
    stage.redis.stop()
    time.sleep(rng.uniform(0, 2))
    stage.redis.start()


def redis_kill(stage: Stage, rng: Random) -> None:
    """Убивает Redis и поднимает с журнала."""
    stage.redis.kill()
    time.sleep(rng.uniform(0, 2))
    stage.redis.start()


def redis_wipe(stage: Stage, rng: Random) -> None:
    """Стирает Redis на ходу."""
    with stage.redis.client() as client:
        client.flushall()


def redis_hang(stage: Stage, rng: Random) -> None:
    """Замораживает Redis: соединения есть, ответов нет."""
    stage.redis.signal(signal.SIGSTOP)
    time.sleep(rng.uniform(0.5, 4))
    stage.redis.signal(signal.SIGCONT)


def portal_fault(kind: FaultKind, seconds: tuple[float, float] = (0, 0)) -> Sabotage:
    """Возвращает сбой портала: несколько ответов подряд испорчены."""

    def sabotage(stage: Stage, rng: Random) -> None:
        method = rng.choice(("*", "crm.deal.*", "crm.contact.add", "crm.deal.add", "crm.deal.update"))
        delay = rng.uniform(*seconds) * 1000
        times = rng.randint(1, 6)
        stage.portal.portal.faults.add(Fault(kind, (method,), times=times, delay_ms=delay))
        time.sleep(rng.uniform(0.2, 1.0))

    sabotage.__doc__ = str(kind)
    return sabotage


def portal_refuses(kind: FaultKind) -> Sabotage:
    """Возвращает отказ портала на время: отправка останавливается, потом её возобновляет человек."""

    def sabotage(stage: Stage, rng: Random) -> None:
        stage.portal.portal.faults.add(Fault(kind, times=None))
        time.sleep(rng.uniform(1, 3))
        stage.portal.portal.faults.clear()

    sabotage.__doc__ = str(kind)
    return sabotage


def wire(state: Wire) -> Sabotage:
    """Возвращает обрыв сети до портала."""

    def sabotage(stage: Stage, rng: Random) -> None:
        stage.wire.set(state)
        time.sleep(rng.uniform(1, 5))
        stage.wire.set(Wire.WHOLE)

    sabotage.__doc__ = str(state)
    return sabotage


def base_locked(stage: Stage, rng: Random) -> None:
    """Запирает базу Ident: запросы стоят, потом срываются."""
    ledger = rng.choice(stage.clinic.ledgers)
    connection = sqlite3.connect(ledger.path, timeout=20, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(rng.uniform(1, 5))
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def base_gone(stage: Stage, rng: Random) -> None:
    """Уносит базу Ident: файл не открыть, соединение узла закрыто вместе с узлом."""
    ledger = rng.choice(stage.clinic.ledgers)
    away = ledger.path.with_suffix(".away")
    ledger.path.rename(away)
    try:
        kill(stage, rng)
        time.sleep(rng.uniform(3, 6))
    finally:
        away.rename(ledger.path)


def duplicates(stage: Stage, rng: Random) -> None:
    """Доставляет сообщения по нескольку раз: выборки и отправки всех известных записей."""
    from celery import Celery

    import celeryconfig

    with Celery(config_source=celeryconfig.deployment(stage.settings)) as app:
        app.conf.update(accept_content=["json"], task_serializer="json")
        branches = [branch.branch_id for branch in stage.settings.served]
        try:
            for branch in branches * 2:
                app.send_task(EXTRACT, (branch,), queue=queue_of(branch))
            for uid in rng.sample(stage.uids(), min(20, len(stage.uids()))) * 3:
                branch = uid.partition("_")[0]
                app.send_task(UPSERT, (uid,), queue=queue_of(branch))
        except (OperationalError, redis.RedisError):
            pass


def clock_jump(stage: Stage, rng: Random) -> None:
    """Переводит часы компьютера вперёд или назад: узла, расписания и Redis разом."""
    stage.clocks.set(rng.choice((-7200, -3600, -300, 300, 3600, 7200)))
    time.sleep(rng.uniform(1, 4))


SABOTAGES: Mapping[str, Sabotage] = {
    "kill −9": kill,
    "тёплая остановка": warm_stop,
    "заморозка процесса": freeze,
    "второе расписание": second_beat,
    "перезапуск Redis": redis_restart,
    "kill −9 Redis": redis_kill,
    "Redis стёрт": redis_wipe,
    "Redis завис": redis_hang,
    "портал 500 до": portal_fault(FaultKind.INTERNAL_ERROR),
    "портал 500 после": portal_fault(FaultKind.INTERNAL_ERROR_AFTER),
    "портал 503": portal_fault(FaultKind.EMPTY_503),
    "портал 503 часто": portal_fault(FaultKind.QUERY_LIMIT),
    "портал 429": portal_fault(FaultKind.OPERATION_LIMIT),
    "портал HTML до": portal_fault(FaultKind.HTML),
    "портал HTML после": portal_fault(FaultKind.HTML_AFTER),
    "портал обрезал ответ": portal_fault(FaultKind.TRUNCATED),
    "ответ потерян": portal_fault(FaultKind.LOST_ANSWER),
    "обрыв до": portal_fault(FaultKind.RESET),
    "обрыв, выполнено позже": portal_fault(FaultKind.LATE, (0.5, 2.8)),
    "предел ожидания после": portal_fault(FaultKind.HANG, (4.0, 5.0)),
    "портал медленный": portal_fault(FaultKind.DELAY, (0.5, 3.0)),
    "портал 401": portal_refuses(FaultKind.UNAUTHORIZED),
    "портал OVERLOAD": portal_refuses(FaultKind.OVERLOAD),
    "сеть перерезана": wire(Wire.CUT),
    "сеть немая": wire(Wire.MUTE),
    "база заперта": base_locked,
    "базы нет": base_gone,
    "копии сообщений": duplicates,
    "перевод часов": clock_jump,
}
