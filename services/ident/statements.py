"""Запросы T-SQL из файлов: один вопрос — один файл; установщик может заменить любой (docs/ident.md)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from services.domain.errors import DatabaseError

SQL_DIR = Path(__file__).resolve().parents[2] / "config" / "sql"
PAGE = 50
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
#: Лексемы T-SQL: примечания, строки и имена в скобках или кавычках, переменные, слова, прочие знаки.
TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<quoted>'(?:[^']|'')*'|\[(?:[^]]|]])*]|"(?:[^"]|"")*")"""
    r"""|@(?P<variable>\w+)|(?P<word>[^\W\d][\w@$#]*)|(?P<sign>@@\w+|\S)|\s+""",
    re.DOTALL,
)
#: Зарезервированные слова T-SQL, с которых начинается не чтение (Reserved keywords): именем без скобок такое
#: слово быть не может, поэтому встретиться в одном SELECT ему негде.
FORBIDDEN = re.compile(
    "ALTER|BACKUP|BEGIN|BULK|CHECKPOINT|CLOSE|COMMIT|CREATE|DBCC|DEALLOCATE|DECLARE|DELETE|DENY|DROP|DUMP|EXEC|"
    "EXECUTE|GOTO|GRANT|IF|INSERT|INTO|KILL|LOAD|MERGE|OPEN|OPENDATASOURCE|OPENQUERY|OPENROWSET|PRINT|RAISERROR|"
    "RECONFIGURE|RESTORE|RETURN|REVERT|REVOKE|ROLLBACK|SAVE|SET|SHUTDOWN|TRIGGER|TRUNCATE|UPDATE|UPDATETEXT|USE|"
    "WAITFOR|WHILE|WRITETEXT"
)
#: Не закрытые кавычки и скобки имён, второй оператор.
STRAY = frozenset("';\"[")
#: После этих слов SELECT продолжает тот же запрос.
JOINING = frozenset({"UNION", "ALL", "EXCEPT", "INTERSECT"})
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
    tokens = [match for match in TOKEN.finditer(sql) if match.lastgroup != "comment"]
    words = [
        match[0].upper() if match.lastgroup in ("word", "sign") else "" for match in tokens if match.lastgroup
    ]
    if (wrong := _not_reading(words[:-1] if words[-1:] == [";"] else words)) is not None:
        told = f" (лишнее: {wrong})" if wrong else ""
        raise DatabaseError(f"файл запроса должен содержать один SELECT{told}: проверьте файлы в sql_dir")
    text = "".join(_placeholder(match["variable"]) if match["variable"] else match[0] for match in tokens)
    return Statement(text.strip(), [match["variable"] for match in tokens if match["variable"]])


def _not_reading(words: Sequence[str]) -> str | None:
    """Возвращает, что мешает считать слова одним SELECT; ничего — None. Строки и имена в скобках пусты."""
    if not words or words[0] not in ("SELECT", "WITH"):
        return words[0] if words else ""
    depth, within_with = 0, words[0] == "WITH"
    for before, word in pairwise(("UNION", *words)):
        depth += (word == "(") - (word == ")")
        if FORBIDDEN.fullmatch(word) or word in STRAY:
            return word
        if word == "SELECT" and not depth:
            if before not in JOINING and not (within_with and before == ")"):
                return word
            within_with = False
    return None


@cache
def read_sql(name: str, override: Path | None = None) -> str:
    """Возвращает текст запроса: из папки установщика, если файл там есть, иначе свой."""
    own = SQL_DIR / f"{name}.sql"
    path = override / f"{name}.sql" if override is not None else own
    # Блокнот Windows ставит в начало файла метку порядка байтов.
    return (path if path.is_file() else own).read_text(encoding="utf-8-sig")


def _placeholder(name: str) -> str:
    return ", ".join("?" * PAGE) if name in LISTS else "?"


def _padded(ids: Sequence[object]) -> Sequence[object]:
    if not 1 <= len(ids) <= PAGE:
        raise ValueError(f"ожидается от 1 до {PAGE} номеров, пришло {len(ids)}")
    return [*ids, *([ids[-1]] * (PAGE - len(ids)))]
