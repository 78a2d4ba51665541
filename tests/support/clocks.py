"""Часы эмулятора, которые переводит проверка."""


class EmulatorClock:
    """Стоящие часы: время идёт, только когда его двигают."""

    def __init__(self) -> None:
        self.seconds = 1_735_500_000.0

    def monotonic(self) -> float:
        """Возвращает монотонное время."""
        return self.seconds

    def time(self) -> float:
        """Возвращает время Unix."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Переводит часы вперёд."""
        self.seconds += seconds
