"""Что входит в пакет и что нет — единственный список.

Celery, kombu и Flower загружают свои части по именам из настроек, а не импортом: сборщик этого не видит,
и такие модули названы здесь. Список проверяет тест: собранная программа выполняет задачи, Flower отвечает.
"""

from collections.abc import Sequence

#: Имя программы на компьютере клиники: то же, что ``python manage.py`` у разработчика.
PROGRAM = "ident-bitrix"

#: Пакеты проекта, которые едут в клинику.
OURS: Sequence[str] = ("cli", "config", "installer", "services", "tasks", "plan_frontend", "monitoring")
MODULES: Sequence[str] = ("celeryconfig", "flowerconfig")

#: Файлы, которые программа читает рядом с собой: место в проекте → место в пакете.
DATA: Sequence[tuple[str, str]] = (
    ("pyproject.toml", "."),
    ("flowerconfig.py", "."),
    ("config/sql", "config/sql"),
    ("config/settings.example.toml", "config"),
    ("config/texts.toml", "config"),
    ("plan_frontend/local_app", "plan_frontend/local_app"),
    ("monitoring/static", "monitoring/static"),
    ("monitoring/templates", "monitoring/templates"),
    ("installer/templates", "installer/templates"),
)

#: Чужие пакеты, чьи модули берутся целиком: их зовут по именам.
WHOLE: Sequence[str] = ("celery", "kombu", "flower", "uvicorn", "apprise")

#: Части чужих пакетов, которых здесь нет и не будет: сборщик иначе потянул бы их зависимости.
UNUSED: Sequence[str] = (
    "celery.contrib.pytest",
    "celery.contrib.testing",
    "celery.contrib.sphinx",
    "celery.contrib.django",
    "celery.backends.database",
    "kombu.transport.sqlalchemy",
    "tkinter",
    "unittest",
    "pytest",
    "setuptools",
    "pip",
    "pydoc",
    "doctest",
    "IPython",
    "PIL",
    "numpy",
)

#: Свои модули, которым в клинике делать нечего.
DEVELOPMENT: Sequence[str] = (
    "demo",
    "bench",
    "tests",
    "deploy",
    "manage",
    "cli.demo",
    "cli.docs",
    "cli.test",
    "cli.bench",
    "cli.package",
    "cli.locks",
)

#: Описания пакетов: по ним Celery находит команду ``flower``.
DESCRIBED: Sequence[str] = ("celery", "flower", "kombu", "redis")
