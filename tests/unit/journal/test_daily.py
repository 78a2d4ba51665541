"""Суточные файлы: имена, права, ротация, несколько процессов, полный диск, недоступная папка."""

import logging
import multiprocessing
import os
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from config.models import JournalSettings
from services.journal.append import append, open_for_append
from services.journal.daily import DailyFile, day_of
from services.journal.space import Mode, Space, admits, explained, mode_for

NOON = datetime(2026, 11, 24, 12)
TODAY = NOON.date()


def handler(folder: Path, disk: float = 0.5, day_limit: int = 2**20) -> DailyFile:
    """Журнал в папке."""
    file = DailyFile(folder, "integration_log", 30, day_limit, disk=lambda _: disk)
    file.setFormatter(logging.Formatter("%(message)s"))
    return file


def put(
    file: DailyFile, text: str, moment: datetime = NOON, level: int = logging.INFO, event: str | None = None
) -> None:
    """Пишет запись с таким временем."""
    values = {"msg": text, "levelno": level, "levelname": logging.getLevelName(level), "event": event}
    file.handle(logging.makeLogRecord({**values, "created": moment.timestamp()}))


def text_of(folder: Path, day: date = TODAY) -> str:
    """Читает журнал суток."""
    return (folder / f"integration_log_{day:%Y-%m-%d}.txt").read_text(encoding="utf-8")


@pytest.mark.windows_cannot("posix")
def test_file_is_named_by_the_day_and_closed_to_others(tmp_path: Path) -> None:
    put(handler(tmp_path / "logs"), "раз")
    (file,) = (tmp_path / "logs").iterdir()
    assert file.name == "integration_log_2026-11-24.txt"
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_midnight_starts_a_new_file(tmp_path: Path) -> None:
    file = handler(tmp_path)
    put(file, "вчера", NOON.replace(hour=23, minute=59, second=59))
    put(file, "сегодня", NOON.replace(day=25, hour=0, minute=0, second=0))
    assert text_of(tmp_path) == "вчера\n"
    assert text_of(tmp_path, date(2026, 11, 25)) == "сегодня\n"


def test_only_own_files_older_than_the_term_are_removed(tmp_path: Path) -> None:
    for name in ("integration_log_2026-10-24.txt", "integration_log_2026-10-25.txt", "notes_2020-01-01.txt"):
        (tmp_path / name).touch()
    put(handler(tmp_path), "сегодня")
    left = sorted(file.name for file in tmp_path.iterdir())
    assert left == [
        "integration_log_2026-10-25.txt",
        "integration_log_2026-11-24.txt",
        "notes_2020-01-01.txt",
    ]


def test_running_process_removes_old_files_at_midnight(tmp_path: Path) -> None:
    file = handler(tmp_path)
    for day in range(35):
        put(file, f"сутки {day}", NOON + timedelta(days=day))
    days = sorted(day for path in tmp_path.iterdir() if (day := day_of(path.name, "integration_log")))
    today = TODAY + timedelta(days=34)
    assert (days[0], days[-1], len(days)) == (today - timedelta(days=30), today, 31)


def _write_many(folder: Path, mark: str, count: int) -> None:
    file = handler(folder, day_limit=2**30)
    for number in range(count):
        put(file, f"{mark}{number:05}" + mark * (number % 3000))
    file.close()


@pytest.mark.windows_cannot("wine")
def test_several_processes_never_tear_a_line(tmp_path: Path) -> None:
    marks, count = "абвг", 1500
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_many, args=(tmp_path, mark, count)) for mark in marks]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    expected = {f"{mark}{number:05}" + mark * (number % 3000) for mark in marks for number in range(count)}
    written = text_of(tmp_path).splitlines()
    assert len(written) == len(expected)
    assert set(written) == expected


@pytest.mark.windows_cannot("wine")
def test_deleted_file_is_made_anew(tmp_path: Path) -> None:
    file = handler(tmp_path)
    put(file, "до")
    (tmp_path / "integration_log_2026-11-24.txt").unlink()
    put(file, "после", NOON + timedelta(seconds=20))
    assert text_of(tmp_path) == "после\n"


def test_unwritable_folder_warns_once_and_never_raises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "logs"
    blocked.write_text("это файл, а не папка")
    file = handler(blocked)
    for number in range(5):
        put(file, f"строка {number}")
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 1
    assert "Синхронизация продолжается" in complaints[0]


def test_folder_that_came_back_says_how_much_was_lost(tmp_path: Path) -> None:
    blocked = tmp_path / "logs"
    blocked.write_text("")
    file = handler(blocked)
    put(file, "потеряна")
    put(file, "потеряна")
    blocked.unlink()
    put(file, "записана")
    assert text_of(blocked).splitlines() == ["записана", "journal_restored"]


@pytest.mark.windows_cannot("posix")
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="posix")
def test_disk_without_space_does_not_stop_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "integration_log_2026-11-24.txt").symlink_to("/dev/full")
    file = handler(tmp_path)
    put(file, "раз")
    put(file, "два")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_disk_almost_full_leaves_only_the_important(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = handler(tmp_path, disk=0.993)
    put(file, "обычное")
    put(file, "важное", level=logging.WARNING)
    put(file, "обычное", NOON + timedelta(minutes=5))
    assert text_of(tmp_path).splitlines() == ["journal_limited", "важное"]
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_deeds_of_people_and_alarms_have_a_reserve_that_strangers_cannot_take(tmp_path: Path) -> None:
    file = handler(tmp_path, day_limit=1000)
    for number in range(200):
        put(file, f"отказ {number:04} незнакомцу", NOON, logging.WARNING, "request_refused")
    late = NOON + timedelta(minutes=1)
    put(file, "отказ последний", late, logging.ERROR, "request_refused")
    put(file, "просмотр плана", late, event="plan_viewed")
    put(file, "распоряжение", late, event="sync_requested")
    put(file, "тревога", late, logging.WARNING, "alert_raised")
    assert text_of(tmp_path).splitlines()[-3:] == ["просмотр плана", "распоряжение", "тревога"]


def test_reserve_itself_is_bounded_and_renewed_at_midnight(tmp_path: Path) -> None:
    file = handler(tmp_path, day_limit=1000)
    for moment in (NOON, NOON + timedelta(minutes=1)):
        for number in range(200):
            put(file, f"просмотр {number:04}", moment, event="plan_viewed")
    assert len(text_of(tmp_path).encode()) < 200 * 24 + 1000
    put(file, "утро", NOON + timedelta(days=1), event="plan_viewed")
    assert text_of(tmp_path, TODAY + timedelta(days=1)).endswith("утро\n")


@pytest.mark.parametrize(
    ("space", "mode"),
    [
        (Space(0.5, 0), Mode.FULL),
        (Space(0.98, 99), Mode.FULL),
        (Space(0.99, 0), Mode.IMPORTANT),
        (Space(1.0, 199), Mode.IMPORTANT),
        (Space(0.5, 100), Mode.IMPORTANT),
        (Space(0.5, 200), Mode.SILENT),
        (Space(1.0, 200), Mode.SILENT),
    ],
)
def test_mode_follows_the_space(space: Space, mode: Mode) -> None:
    assert mode_for(space, 100) is mode
    assert explained(mode, space)


@pytest.mark.parametrize(
    ("mode", "level", "written"),
    [
        (Mode.FULL, logging.INFO, True),
        (Mode.IMPORTANT, logging.INFO, False),
        (Mode.IMPORTANT, logging.WARNING, True),
        (Mode.SILENT, logging.ERROR, False),
    ],
)
def test_what_each_mode_writes(mode: Mode, level: int, written: bool) -> None:
    assert admits(mode, level) is written


@pytest.mark.parametrize(
    "name", ["integration_log_2026-13-01.txt", "integration_log.txt", "x_2026-01-01.txt"]
)
def test_foreign_file_has_no_day(name: str) -> None:
    assert day_of(name, "integration_log") is None


def test_month_of_journals_fits_the_disk() -> None:
    """СПЕЦ 3.2.2 № 1: журналы за 30 дней вместе с программой — не больше 500 МБ диска."""
    settings = JournalSettings()
    assert (
        mode_for(Space(0.5, settings.daily_limit_mb * 2**20), settings.daily_limit_mb * 2**20)
        is Mode.IMPORTANT
    )
    assert settings.keep_days * settings.daily_limit_mb <= 500


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_as_the_system_is_used_to(tmp_path: Path, end: str) -> None:
    """Блокнот Windows Server 2016 показал бы строки с одним LF одной строкой."""
    descriptor = open_for_append(tmp_path / "журнал.txt")
    append(descriptor, "раз", end)
    os.close(descriptor)
    assert (tmp_path / "журнал.txt").read_bytes() == ("раз" + end).encode()
