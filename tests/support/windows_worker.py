"""Исполнитель Celery с признаком Windows: синхронный цикл, как на служебном компьютере."""

import sys

import celery.platforms

celery.platforms.IS_WINDOWS = True

from celery.app.base import Celery  # noqa: E402  # признак должен стоять до первого импорта приложения
from celery.bin.celery import main  # noqa: E402

Celery.IS_WINDOWS = True

if __name__ == "__main__":
    sys.argv = ["celery", "-A", "tasks", *sys.argv[1:]]
    sys.exit(main())
