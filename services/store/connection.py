"""Соединение с Redis: ничего не ждёт вечно и не выдаёт адрес с паролем в ошибках."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from services.domain.errors import StoreError
from services.store.keys import Keys

if TYPE_CHECKING:
    from config.models import RedisSettings

#: Клиент redis-py с decode_responses: его типы об этом не знают и обещают bytes | str.
RedisClient = Any
#: Сколько ждут ответа Redis и соединения с ним, секунды.
SOCKET_SECONDS = 10.0
#: Спросить разом могут все потоки узла (их пятьсот), но ответ занимает соединение на доли миллисекунды:
#: хватает и стольких, а память соединения занимают надолго. Полный пул ждут, а не считают сбоем.
POOL_SIZE, POOL_SECONDS = 64, 30.0


def open_redis(settings: "RedisSettings") -> RedisClient:
    """Готовит клиент; соединение откроется при первом обращении."""
    from redis import BlockingConnectionPool, Redis
    from redis.backoff import ExponentialBackoff
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError
    from redis.retry import Retry

    pool = BlockingConnectionPool.from_url(
        settings.url.get_secret_value(),
        **trust(settings),
        max_connections=POOL_SIZE,
        timeout=POOL_SECONDS,
        decode_responses=True,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        socket_keepalive=True,
        health_check_interval=15,  # полуоткрытое соединение обнаружится до команды, а не во время неё
        # Пара быстрых повторов переживает перезапуск Redis; дольше ждёт уже расписание повторов.
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 3),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )
    return Redis.from_pool(pool)


def trust(settings: "RedisSettings") -> dict[str, Any]:
    """Возвращает, каким корневым сертификатам верить: своим, если они названы."""
    return {"ssl_ca_certs": str(settings.ca_file)} if settings.tls and settings.ca_file else {}


class StorePart:
    """Часть состояния: клиент Redis и имена её ключей."""

    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis, self._keys = redis, keys


@contextmanager
def store_errors() -> Iterator[None]:
    """Переводит сбои Redis в StoreError; текст причины опускается: в нём бывает адрес."""
    from redis.exceptions import RedisError

    try:
        yield
    except RedisError as error:
        raise StoreError(f"Redis недоступен ({type(error).__name__})") from None
