"""Чтение журналов: отбор по записи, виду и дню, поздние первыми, событие двух журналов — однажды."""

from datetime import date
from pathlib import Path

import pytest

from services.journal.reading import BLOCK, Line, Wanted, backwards, lines

LINE = (
    "2026-11-{day:02d} 10:00:{second:02d}.000+0300 INFO     {kind:<11} приём={uid} сделка=7 итог=успех "
    "ошибка=- событие={event} процесс=41"
)


def put(folder: Path, name: str, *rows: str) -> None:
    """Пишет файл журнала."""
    (folder / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def row(uid: str, day: int = 25, second: int = 1, kind: str = "создание", event: str = "deal_created") -> str:
    """Возвращает строку журнала."""
    return LINE.format(uid=uid, day=day, second=second, kind=kind, event=event)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Журналы двух дней."""
    put(tmp_path, "integration_log_2026-11-24.txt", row("F1_5", 24), row("F1_55", 24), row("F2_5", 24, 9))
    put(
        tmp_path,
        "integration_log_2026-11-25.txt",
        row("F1_5", kind="обновление", event="deal_updated"),
        row("F1_5", second=2, kind="остановка", event="sending_halted"),
        row("-", second=3, event="requeued") + " текст=F1_4,F1_5",
        "порванная строка F1_5",
    )
    halted = row("F1_5", second=2, kind="остановка", event="sending_halted")
    put(tmp_path, "security_log_2026-11-25.txt", halted)
    return tmp_path


def seconds(found: list[Line]) -> list[tuple[int, int]]:
    """Возвращает день и секунду строк."""
    return [(one.at.day, one.at.second) for one in found]


def test_record_is_found_whole_and_latest_first(folder: Path) -> None:
    found, stopped = lines(folder, Wanted(["F1_5", "F2_5"]), 50)
    assert seconds(found) == [(25, 3), (25, 2), (25, 1), (24, 9), (24, 1)]
    assert stopped is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(kind="остановка"), [(25, 2)]),
        (Wanted(["F1_55"]), [(24, 1)]),
        (Wanted(since=date(2026, 11, 25), kind="обновление"), [(25, 1)]),
        (Wanted(until=date(2026, 11, 24), records=["F1_5"]), [(24, 1)]),
    ],
)
def test_lines_are_chosen(folder: Path, wanted: Wanted, expected: list[tuple[int, int]]) -> None:
    assert seconds(lines(folder, wanted, 50)[0]) == expected


def test_what_was_left_unread_is_told(folder: Path) -> None:
    found, stopped = lines(folder, Wanted(), 2)
    assert (len(found), stopped) == (2, date(2026, 11, 24))


def test_line_is_told_without_its_empty_fields(folder: Path) -> None:
    assert lines(folder, Wanted(kind="обновление"), 1)[0][0].told == "сделка 7 deal_updated"


def test_long_file_is_read_from_its_end(tmp_path: Path) -> None:
    rows = [f"{number:07d} {'я' * 40}" for number in range(BLOCK // 40)]
    put(tmp_path, "long.txt", *rows)
    assert [raw.decode() for raw in backwards(tmp_path / "long.txt")] == rows[::-1]
