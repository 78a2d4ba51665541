"""Настройки Flower: их читает сам ``celery -A tasks flower``, из какой бы папки его ни звали.

Секретов здесь нет: пароль создаётся при первом запуске и лежит в папке состояния, закрытой для чужих.
"""

from monitoring.flower import flower_options

globals().update(flower_options())
