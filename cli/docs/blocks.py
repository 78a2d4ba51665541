"""Таблицы внутри документов: найти место, составить заново, сравнить с записанным."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from cli.docs import api, mapping, operation, settings, traceability

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(<!-- таблица (\w+): [^\n]*-->\n).*?(<!-- конец -->)", re.DOTALL)
#: Здесь документов нет: окружение и то, что создают программы.
SKIPPED = frozenset({"mutants", "var", "build", "dist", "logs", "node_modules", "__pycache__"})

#: Таблица документа → чем она составляется.
TABLES: Mapping[str, Callable[[], str]] = {
    "commands": operation.commands,
    "settings": settings.settings,
    "fields": mapping.fields,
    "stages": mapping.stages,
    "priorities": mapping.priorities,
    "moves": mapping.moves,
    "statuses": mapping.statuses,
    "refusals": mapping.refusals,
    "warnings": mapping.warnings,
    "phones": mapping.phones,
    "retries": operation.retries,
    "schedule": operation.schedule,
    "keys": operation.keys,
    "api_paths": api.paths,
    "api_parameters": api.parameters,
    "api_answers": api.answers,
    "api_failures": api.failures,
    "api_refusals": api.refusals,
    "traced_summary": traceability.summary,
    "traced_assignment": traceability.traced("ТЗ"),
    "traced_specification": traceability.traced("СПЕЦ"),
    "traced_mapping": traceability.traced("МАП"),
}


def project_files(root: Path) -> Iterator[Path]:
    """Возвращает файлы проекта; окружение и созданное программами не просматривает."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files))


def documents(root: Path) -> Iterator[Path]:
    return (path for path in project_files(root) if path.suffix == ".md")


def rebuilt(text: str) -> str:
    """Возвращает текст документа со свежими таблицами; незнакомая таблица — KeyError."""
    return BLOCK.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}\n{match[3]}", text)


def stale_documents(root: Path) -> Sequence[str]:
    return [path.relative_to(root).as_posix() for path, old, new in _compared(root) if old != new]


def write_documents(root: Path) -> Iterator[str]:
    for path, old, new in _compared(root):
        if old != new:
            path.write_text(new, encoding="utf-8", newline="\n")
            yield path.relative_to(root).as_posix()


def _compared(root: Path) -> Iterator[tuple[Path, str, str]]:
    for path in documents(root):
        text = path.read_text(encoding="utf-8")
        yield path, text, rebuilt(text)
