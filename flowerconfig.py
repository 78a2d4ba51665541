"""Настройки Flower: их читает сам ``celery -A tasks flower``, запущенный из папки проекта.

Секретов здесь нет: пароль создаётся при первом запуске и лежит в папке состояния, закрытой для чужих.
"""

from monitoring.flower import flower_options

globals().update(flower_options())
