"""Запросы T-SQL из файлов: один вопрос — один файл; установщик может заменить любой (docs/ident.md)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.domain.errors import DatabaseError

SQL_DIR = Path(__file__).resolve().parents[2] / "config" / "sql"
PAGE = 50
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
READING = re.compile(r"(?:SELECT|WITH)\b[^;]*;?", re.IGNORECASE)
VARIABLE = re.compile(r"@(\w+)")
#: Переменные-списки: всегда 50 знаков вопроса, чтобы сервер держал один план запроса.
LISTS = frozenset({"ids"})


@dataclass(frozen=True, slots=True)
class Statement:
    """Запрос с позиционными параметрами и порядком их имён."""

    text: str
    names: Sequence[str]

    def bind(self, values: Mapping[str, object]) -> list[object]:
        """Возвращает параметры по порядку; список добивается последним номером до 50."""
        bound: list[object] = []
        for name in self.names:
            if name not in values:
                raise DatabaseError(f"в запросе незнакомая переменная @{name}: проверьте файлы в sql_dir")
            value = values[name]
            bound.extend(_padded(value) if isinstance(value, (list, tuple)) else [value])
        return bound


def parse_statement(sql: str) -> Statement:
    """Превращает переменные T-SQL (@since) в знаки вопроса; примечания убирает.

    Не читающий запрос — DatabaseError: файл мог заменить установщик.
    """
    text = COMMENT.sub("", sql).strip()
    if not READING.fullmatch(text):
        raise DatabaseError("файл запроса должен содержать один SELECT: проверьте файлы в sql_dir")
    names = [match[1] for match in VARIABLE.finditer(text)]
    return Statement(VARIABLE.sub(_placeholder, text), names)


@cache
def read_sql(name: str, override: Path | None = None) -> str:
    """Возвращает текст запроса: из папки установщика, если файл там есть, иначе свой."""
    own = SQL_DIR / f"{name}.sql"
    path = override / f"{name}.sql" if override is not None else own
    # Блокнот Windows ставит в начало файла метку порядка байтов.
    return (path if path.is_file() else own).read_text(encoding="utf-8-sig")


def _placeholder(match: re.Match[str]) -> str:
    return ", ".join("?" * PAGE) if match[1] in LISTS else "?"


def _padded(ids: Sequence[object]) -> Sequence[object]:
    if not 1 <= len(ids) <= PAGE:
        raise ValueError(f"ожидается от 1 до {PAGE} номеров, пришло {len(ids)}")
    return [*ids, *([ids[-1]] * (PAGE - len(ids)))]
