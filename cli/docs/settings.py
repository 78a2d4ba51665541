"""Таблицы настроек."""

from cli.docs.describe import SectionTable, describe
from cli.docs.tables import table

HEADER = ("ключ", "вид", "умолчание", "что значит", "когда менять")


def settings() -> str:
    return "\n\n".join(_section(section) for section in describe())


def _section(section: SectionTable) -> str:
    rows = [(f"`{row.key}`", row.kind, row.default, row.meaning, row.when) for row in section.rows]
    return f"### `{section.header}`\n\n{section.purpose.replace('``', '`')}\n\n{table(HEADER, rows)}"
