"""Задачи Celery: когда происходит то, что описано в services.sync."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Отдаёт приложение тому, кто его спросил (``celery -A tasks``): имена задач нужны и без него."""
    if name != "celery":
        raise AttributeError(name)
    from tasks.app import celery_app

    return celery_app
