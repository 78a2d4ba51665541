"""Запас обращений к порталу для ждущих людей: его исчерпает сам спрашивающий, а не обмен."""

from collections.abc import Callable


class Budget:
    """Запас, который пополняется со временем; пустой не ждёт, а отказывает."""

    def __init__(self, size: int, per_second: float, clock: Callable[[], float]) -> None:
        self._size, self._rate, self._clock = size, per_second, clock
        self._left, self._at = float(size), clock()

    def take(self) -> bool:
        """Берёт единицу; нет её — False."""
        now = self._clock()
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
