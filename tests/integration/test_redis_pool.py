"""Пул соединений с Redis: потоков бывает больше, чем соединений, и лишние ждут, а не отказывают."""

import threading
from concurrent.futures import ThreadPoolExecutor

from config.models import RedisSettings
from services.store.bundle import open_store
from services.store.connection import POOL_SIZE

THREADS, ROUNDS = 250, 20


def test_more_threads_than_connections_wait_for_their_turn(redis_url: str) -> None:
    """Домашние двести потоков и сотня соединений redis-py давали MaxConnectionsError («Redis недоступен»)."""
    store = open_store(RedisSettings(url=redis_url, prefix="pool"))  # type: ignore[arg-type]
    # Рядом живут соединения прежних проверок: своих — столько, сколько прибавилось.
    before = {client["id"] for client in store.redis.client_list()}
    together = threading.Barrier(THREADS)

    def asked(number: int) -> int:
        together.wait(30)
        for _ in range(ROUNDS):
            store.pulse.beat(f"node-{number}")
        return number

    try:
        with ThreadPoolExecutor(THREADS) as threads:
            assert sum(threads.map(asked, range(THREADS))) == sum(range(THREADS))
        assert len({client["id"] for client in store.redis.client_list()} - before) < POOL_SIZE + 5
    finally:
        store.close()


def test_pool_taken_whole_is_waited_for(redis_url: str) -> None:
    store = open_store(RedisSettings(url=redis_url, prefix="pool"))  # type: ignore[arg-type]
    pool = store.redis.connection_pool
    taken = [pool.get_connection() for _ in range(POOL_SIZE)]
    released = threading.Timer(0.3, lambda: pool.release(taken.pop()))
    released.start()
    try:
        assert store.redis.ping()
    finally:
        released.join()
        for connection in taken:
            pool.release(connection)
        store.close()
