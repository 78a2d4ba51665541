"""Дополнение pytest для Wine: numpy роняет там процесс (в ucrtbase нет crealf); fakeredis живёт без неё."""

import sys

sys.modules["numpy"] = None  # type: ignore[assignment]  # «import numpy» — ImportError
