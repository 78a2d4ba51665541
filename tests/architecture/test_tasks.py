"""Задачи — строки расписания: явное имя, короткое тело, без ожидания других задач (правила 1 и 4 стиля)."""

import ast
from pathlib import Path

import pytest

import celeryconfig
from config.loader import CONFIG_VARIABLE
from tasks.app import celery_app
from tests.support.example import example_settings, example_text

ROOT = Path(__file__).resolve().parents[2]
LONGEST_BODY = 5


def task_functions() -> list[ast.FunctionDef]:
    """Возвращает функции, ставшие задачами."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "tasks").glob("*.py")]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [
        node for node in found if any("celery_app.task" in ast.unparse(item) for item in node.decorator_list)
    ]


def test_there_are_tasks() -> None:
    assert len(task_functions()) >= 4


@pytest.mark.parametrize("task", task_functions(), ids=lambda task: task.name)
def test_task_has_an_explicit_name_and_a_short_body(task: ast.FunctionDef) -> None:
    assert any("name=" in ast.unparse(item) for item in task.decorator_list)
    body = [node for node in task.body if not _is_docstring(node)]
    lines = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in body)
    assert lines <= LONGEST_BODY


def test_no_task_waits_for_another() -> None:
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "tasks").glob("*.py")]
    assert not [text for text in texts if ".get(timeout" in text or "AsyncResult" in text]


def test_every_line_of_the_schedule_names_a_registered_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(example_text(), encoding="utf-8")
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    celery_app.loader.import_default_modules()
    table = celeryconfig.beat_table(example_settings())
    assert {line["task"] for line in table.values()} <= set(celery_app.tasks)


def test_interval_of_extraction_comes_from_the_settings() -> None:
    settings = example_settings()
    table = celeryconfig.beat_table(settings)
    assert {line["schedule"] for name, line in table.items() if name.startswith("extract")} == {
        settings.sync.interval
    }
    assert settings.sync.interval.total_seconds() == 120


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_default_schedule_reads_receptions_and_plans_every_two_minutes() -> None:
    """СПЕЦ 3.1.1 № 2."""
    table = celeryconfig.beat_table(example_settings())
    every = {name: line["schedule"].total_seconds() for name, line in table.items()}
    assert {seconds for name, seconds in every.items() if name.startswith("extract-")} == {120}
    assert {name.split("-")[1] for name in every if name.startswith("extract-")} == {"receptions", "plans"}


def test_tasks_have_no_import_circles() -> None:
    """Круг прячется и за импорт внутри функции: смотрим все."""
    links = {path.stem: _own_imports(path) for path in (ROOT / "tasks").glob("*.py")}
    while leaves := [name for name, known in links.items() if not known & links.keys()]:
        links = {name: known for name, known in links.items() if name not in leaves}
    assert links == {}


def _own_imports(path: Path) -> set[str]:
    """Возвращает модули tasks, которые импортирует модуль, где бы импорт ни стоял."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    named = (node.module or "" for node in nodes if isinstance(node, ast.ImportFrom))
    return {name.split(".")[1] for name in named if name.startswith("tasks.")}
