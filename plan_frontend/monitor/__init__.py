"""Страница наблюдения: всё ли хорошо — за десять секунд; что не так и что сделать — там же (ТЗ 4.4.4)."""

from plan_frontend.monitor.app import monitor_app

__all__ = ["monitor_app"]
