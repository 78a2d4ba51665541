"""Где в файле TOML стоит ключ: номер строки для сообщения об ошибке."""

import re
from collections.abc import Iterator, Sequence

HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
KEY = re.compile(r"\s*([A-Za-z0-9_\-\"']+)\s*=")


def line_of(text: str, location: Sequence[str | int]) -> int | None:
    """Возвращает номер строки ключа, а если его нет — его раздела; не нашёл — None."""
    found = dict(reversed(list(_places(text))))
    path = tuple(location)
    while path:
        if path in found:
            return found[path]
        path = path[:-1]
    return None


def header_line(text: str, named: str) -> int | None:
    """Возвращает номер строки раздела, чьё имя в скобках стоит в начале ``named``; нет его — None.

    «[[branches]] № 2» — второй из разделов с этим именем.
    """
    wanted = HEADER.match(named)
    if wanted is None:
        return None
    which = re.match(r" № (\d+)", named[wanted.end() :].lstrip("]"))
    lines = enumerate(text.splitlines(), start=1)
    same = [
        number
        for number, line in lines
        if (found := HEADER.match(line)) and found.groups() == wanted.groups()
    ]
    index = int(which[1]) - 1 if which else 0
    return same[index] if index < len(same) else None


def _places(text: str) -> Iterator[tuple[tuple[str | int, ...], int]]:
    section: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := HEADER.match(line):
            names = [part.strip(" \"'") for part in header[2].split(".")]
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
            section = tuple(_indexed(names, counts))
            yield section, number
        elif key := KEY.match(line):
            yield (*section, key[1].strip("\"'")), number


def _indexed(names: Sequence[str], counts: dict[str, int]) -> Iterator[str | int]:
    for end, name in enumerate(names, start=1):
        yield name
        if (known := counts.get(".".join(names[:end]))) is not None:
            yield known
