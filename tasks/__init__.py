"""Задачи Celery: когда происходит то, что описано в services.sync."""

from tasks.app import celery_app as celery

__all__ = ["celery"]
