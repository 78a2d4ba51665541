"""Договор файлов запросов: какие столбцы обязан дать каждый и на чём его проверить, ничего не читая.

Договор — наш собственный файл: установщик, заменивший его своим, обязан дать те же столбцы.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from services.ident.statements import COMMENT, SQL_DIR, read_sql

ALIAS = re.compile(r"\bAS\s+\[?(\w+)\]?\s*$", re.IGNORECASE)
FROM = re.compile(r"\bFROM\b", re.IGNORECASE)

_FAR = datetime(2100, 1, 1)
#: Значения переменных, на которые запрос не найдёт ни строки; прочие — ноль.
NOTHING: Mapping[str, object] = {
    "since": _FAR,
    "floor": _FAR,
    "stamp": _FAR.isoformat(" ", "microseconds"),
    "visits_since": _FAR,
    "until": _FAR,
    "ids": [0],
    "titled": "",
    "upper": "",
    "lower": "",
}

#: Столбцы, по которым выборка ищет изменения: без индексов она читает таблицу целиком.
SEARCHED = (
    ("Receptions", "DateTimeChanged"),
    ("Receptions", "DateTimeAdded"),
    ("Receptions", "PlanStart"),
    ("Orders", "ID_Receptions"),
    ("OrderServiceRelation", "ID_Orders"),
)


def contracts() -> dict[str, frozenset[str]]:
    return {path.stem: columns_of(read_sql(path.stem)) for path in sorted(SQL_DIR.glob("*.sql"))}


def columns_of(sql: str) -> frozenset[str]:
    """Возвращает имена столбцов запроса: «AS имя» на верхнем уровне между SELECT и FROM."""
    return frozenset(match[1] for part in _selected(COMMENT.sub("", sql)) if (match := ALIAS.search(part)))


def _selected(sql: str) -> Iterator[str]:
    """Делит перечень столбцов верхнего уровня по запятым."""
    depth, start = 0, 0
    for at, character in enumerate(sql):
        depth += (character == "(") - (character == ")")
        if depth:
            continue
        if character == ",":
            yield sql[start:at].strip()
            start = at + 1
        elif FROM.match(sql, at) and not sql[at - 1 : at].isalnum():
            break
    yield sql[start:at].strip()
