"""Вопрос о плане через очередь: запечатанное сообщение исполнителю и ожидание ответа без блокировки цикла."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from concurrent.futures import Executor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from celeryconfig import deployment
from config.loader import application_key
from services.sealing import SealBroken, plan_answer_sealer, plan_request_sealer
from services.store.connection import trust
from services.sync.plans import PlanQuestion
from tasks.names import LOOKUP, LOOKUP_PRIORITY, plans_queue_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from config.models import Settings

FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1
CONNECT_SECONDS = 3.0


class NoAnswer(Exception):
    """Ответа нет: исполнитель не успел, не запущен или ответил негодно; ``late`` — не успел к сроку."""

    def __init__(self, late: bool) -> None:
        super().__init__(late)
        self.late = late


class LookupQueue:
    """Вопросы задачей ``plans.lookup``; ответ забирается из хранилища результатов и сразу стирается."""

    def __init__(self, settings: Settings, executor: Executor) -> None:
        self._settings, self._executor = settings, executor
        key = application_key(settings)
        self._requests, self._answers = plan_request_sealer(key), plan_answer_sealer(key)
        self._producer = producer(settings)
        self._redis: Redis | None = None

    async def ask(self, branch_id: str, question: PlanQuestion, within: float) -> Mapping[str, Any]:
        """Посылает вопрос и ждёт ответа не дольше ``within`` секунд."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        nonce = secrets.token_hex(16)
        sealed = self._requests.seal({**question.as_json(), "nonce": nonce})
        sending = loop.run_in_executor(
            self._executor, self._send, branch_id, sealed, timedelta(seconds=within)
        )
        task_id = await _by(until, sending)
        return self._opened(await self._wait(task_id, until), nonce)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()
        self._producer.close()

    def _send(self, branch_id: str, sealed: str, expires: timedelta) -> str:
        task_id = secrets.token_hex(16)
        try:
            self._producer.send_task(
                LOOKUP,
                (branch_id, sealed),
                task_id=task_id,
                queue=plans_queue_of(branch_id),
                priority=LOOKUP_PRIORITY,
                expires=expires.total_seconds(),
                argsrepr="(запечатано)",
                retry=False,
            )
        except self._producer.connection_for_write().connection_errors:
            raise NoAnswer(late=False) from None
        return task_id

    async def _wait(self, task_id: str, until: float) -> Mapping[str, Any]:
        from redis.exceptions import RedisError

        # Ключ, под которым Celery хранит результат (celeryconfig: result_backend_transport_options).
        key = f"{self._settings.redis.prefix}:result:celery-task-meta-{task_id}"
        pause = FIRST_PAUSE
        try:
            while (raw := await _by(until, asyncio.ensure_future(self._mailbox().getdel(key)))) is None:
                await asyncio.sleep(pause)
                pause = min(pause * 1.3, LONGEST_PAUSE)
        except RedisError:
            raise NoAnswer(late=False) from None
        found: Mapping[str, Any] = json.loads(raw)
        return found

    def _opened(self, found: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """Вскрывает ответ; чужой или испорченный не показывается."""
        if found.get("status") != "SUCCESS":
            raise NoAnswer(late=False)
        try:
            answer = self._answers.unseal(str(found.get("result")))
        except SealBroken:
            raise NoAnswer(late=False) from None
        if answer.pop("nonce", None) != nonce:
            raise NoAnswer(late=False)
        return answer

    def _mailbox(self) -> Redis:
        if self._redis is None:
            from redis.asyncio import Redis

            self._redis = Redis.from_url(
                self._settings.redis.url.get_secret_value(),
                **trust(self._settings.redis),
                socket_connect_timeout=CONNECT_SECONDS,
                socket_timeout=CONNECT_SECONDS,
            )
        return self._redis


async def _by(until: float, doing: asyncio.Future[Any]) -> Any:
    """Дожидается дела до срока ``until`` по часам цикла событий; не дождалась — NoAnswer.

    Срок сравнивается, а не приходит отменой: asyncio.wait_for, которым redis-py посылает команду, в Python
    3.11 отмену порой глотает (github.com/python/cpython/issues/86296), и вопрос опрашивал бы Redis без конца.
    """
    left = until - asyncio.get_running_loop().time()
    if left > 0:
        await asyncio.wait([doing], timeout=left)
    if doing.done():
        return doing.result()
    doing.cancel()
    raise NoAnswer(late=True)


def producer(settings: Settings) -> Any:
    """Собирает отправителя задач.

    Хранилища результатов у него нет нарочно: с ним Celery открыла бы подписку на каждый вопрос.
    """
    from celery import Celery

    app = Celery("ident_bitrix_web", set_as_current=False)
    app.config_from_object("celeryconfig")
    app.conf.update({**deployment(settings), "result_backend": None})
    return app
