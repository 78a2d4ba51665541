"""Дополнение pytest для Wine: numpy там роняет процесс (в ucrtbase нет crealf), а fakeredis обходится и без неё."""

import sys

sys.modules["numpy"] = None  # type: ignore[assignment]  # «import numpy» — ImportError
