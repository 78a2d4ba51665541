"""Договор ReceptionSource: его обязаны держать и чтение базы, и подделка, на которой стоят сценарии.

Настоящий SQL Server здесь не запустить: тот же текст T-SQL исполняет SQLite после перевода sqlglot,
а диалект SQL Server проверяет tests/unit/ident/test_sql_files.py разбором.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from demo.clinic.desk import at_desk
from services.domain.cursor import ChangePoint
from services.domain.errors import DatabaseError
from services.ident.source import sqlite_source
from services.ident.sqlite import SqliteConnector
from services.ports import ReceptionSource
from tests.fakes_ident import FakeWorld, SmallIdent

NOW = datetime(2024, 12, 29, 12, 0)
START = NOW + timedelta(days=1)
BEGINNING = ChangePoint(NOW - timedelta(days=7), 0)

World = FakeWorld | SmallIdent


@pytest.fixture(params=["подделка", "SQLite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Даёт мир без приёмов."""
    built: World = FakeWorld(NOW) if request.param == "подделка" else SmallIdent(tmp_path, NOW)
    yield built
    built.source.close()


@pytest.fixture
def ident(tmp_path: Path) -> Iterator[SmallIdent]:
    """Даёт базу SQLite без приёмов."""
    base = SmallIdent(tmp_path, NOW)
    yield base
    base.source.close()


def read_all(source: ReceptionSource, point: ChangePoint) -> list[ChangePoint]:
    """Читает страницы до пустой."""
    found: list[ChangePoint] = []
    while page := source.changed_after(point).points:
        found.extend(page)
        point = page[-1]
    return found


def test_an_empty_database_gives_an_empty_page_with_its_time(world: World) -> None:
    page = world.source.changed_after(BEGINNING)
    assert (list(page.points), page.database_now) == ([], NOW)


def test_a_page_carries_the_time_of_the_database(world: World) -> None:
    world.book(1, NOW, START)
    assert world.source.changed_after(BEGINNING).database_now == world.source.now() == NOW


def test_changes_come_in_ascending_order_of_time_then_number(world: World) -> None:
    world.book(3, NOW - timedelta(hours=2), START)
    world.book(2, NOW - timedelta(hours=1), START)
    world.book(1, NOW - timedelta(hours=1), START)
    points = world.source.changed_after(BEGINNING).points
    assert [point.reception_id for point in points] == [3, 1, 2]
    assert list(points) == sorted(points)


def test_the_point_itself_is_not_repeated(world: World) -> None:
    world.book(1, NOW, START)
    world.book(2, NOW, START)
    points = world.source.changed_after(ChangePoint(NOW, 1)).points
    assert list(points) == [ChangePoint(NOW, 2)]


def test_changes_before_the_point_are_not_read(world: World) -> None:
    world.book(1, BEGINNING.at - timedelta(seconds=1), START)
    assert list(world.source.changed_after(BEGINNING).points) == []


def test_a_page_holds_at_most_fifty_changes(world: World) -> None:
    for number in range(1, 61):
        world.book(number, NOW, START)
    assert len(world.source.changed_after(BEGINNING).points) == 50


def test_no_change_is_lost_when_a_hundred_share_one_second(world: World) -> None:
    for number in range(1, 121):
        world.book(number, NOW, START)
    assert [point.reception_id for point in read_all(world.source, BEGINNING)] == list(range(1, 121))


@pytest.mark.parametrize(
    "changed_at",
    [
        pytest.param("2024-12-28", id="DATE"),
        pytest.param("2024-12-29 11:30:00", id="SMALLDATETIME"),
        pytest.param("2024-12-29 11:30:00.003", id="DATETIME"),
        pytest.param("2024-12-29 11:30:00.0033333", id="DATETIME как DATETIME2"),
        pytest.param("2024-12-29 11:30:00.1234567", id="DATETIME2(7)"),
        pytest.param("2024-12-29 11:30:00.9999999", id="DATETIME2(7) у края"),
        pytest.param("9999-12-31 23:59:59.997", id="самое позднее DATETIME"),
        pytest.param("9999-12-31 23:59:59.9999999", id="самое позднее DATETIME2"),
    ],
)
def test_a_thousand_equal_stamps_are_each_read_once(ident: SmallIdent, changed_at: str) -> None:
    """Проход читает каждую строку ровно один раз, какой бы точности ни был столбец."""
    with at_desk(ident.path, NOW) as desk:
        for number in range(1, 1001):
            desk.insert("Receptions", ID=number, ID_Patients=1, PlanStart=START, DateTimeChanged=changed_at)
        desk.insert("Receptions", ID=1001, PlanStart=START, DateTimeChanged=None)
        desk.insert("Receptions", ID=1002, PlanStart=START, DateTimeChanged="1753-01-01 00:00:00.000")
    found = read_all(ident.source, BEGINNING)
    assert [point.reception_id for point in found] == list(range(1, 1001))


@pytest.mark.parametrize("microsecond", [1, 3000, 500000, 999999])
def test_fractions_of_a_second_order_the_changes(world: World, microsecond: int) -> None:
    later = NOW.replace(microsecond=microsecond)
    world.book(1, later, START)
    world.book(2, NOW, START)
    assert read_all(world.source, BEGINNING) == [ChangePoint(NOW, 2), ChangePoint(later, 1)]


def test_a_page_that_repeats_is_an_error(ident: SmallIdent, tmp_path: Path) -> None:
    """Запрос установщика, режущий доли секунды, возвращал бы одну страницу вечно и молча."""
    sql = (
        "SELECT TOP (50) r.ID AS reception_id, r.DateTimeChanged AS changed_at, GETDATE() AS database_now "
        "FROM Receptions AS r WHERE r.DateTimeChanged >= CAST(@floor AS DATETIME) ORDER BY r.ID"
    )
    (tmp_path / "changed_receptions.sql").write_text(sql, encoding="utf-8")
    ident.book(1, NOW, START)
    stuck = sqlite_source(SqliteConnector(ident.path, 30, lambda: NOW), tmp_path)
    with pytest.raises(DatabaseError, match="повторяется"):
        read_all(stuck, BEGINNING)
    stuck.close()


def test_a_change_made_during_paging_is_read_later(world: World) -> None:
    for number in range(1, 61):
        world.book(number, NOW - timedelta(minutes=1), START)
    first = world.source.changed_after(BEGINNING).points
    world.touch(1, NOW)
    rest = read_all(world.source, first[-1])
    assert [point.reception_id for point in rest] == [*range(51, 61), 1]


def test_a_mark_from_the_future_is_read_too(world: World) -> None:
    world.book(1, NOW + timedelta(days=300), START)
    assert [point.reception_id for point in read_all(world.source, BEGINNING)] == [1]


def test_read_returns_what_exists_and_skips_the_rest(world: World) -> None:
    world.book(1, NOW, START)
    assert [reception.reception_id for reception in world.source.read([1, 999])] == [1]


def test_a_number_asked_twice_is_returned_once(world: World) -> None:
    world.book(1, NOW, START)
    assert [reception.reception_id for reception in world.source.read([1, 1])] == [1]


def test_reading_nothing_returns_nothing(world: World) -> None:
    assert list(world.source.read([])) == []


def test_fifty_receptions_are_read_at_once(world: World) -> None:
    for number in range(1, 51):
        world.book(number, NOW, START)
    assert len(world.source.read(list(range(1, 51)))) == 50


def test_planned_window_includes_its_start_and_excludes_its_end(world: World) -> None:
    world.book(1, NOW, START)
    world.book(2, NOW, START + timedelta(hours=1))
    assert list(world.source.planned_between(START, START + timedelta(hours=1), 0)) == [1]


def test_planned_window_pages_by_number(world: World) -> None:
    for number in range(1, 61):
        world.book(number, NOW, START)
    window = (START, START + timedelta(days=1))
    assert list(world.source.planned_between(*window, 0)) == list(range(1, 51))
    assert list(world.source.planned_between(*window, 50)) == list(range(51, 61))
    assert list(world.source.planned_between(*window, 60)) == []


def test_planned_total_counts_the_same_window(world: World) -> None:
    for number in range(1, 61):
        world.book(number, NOW, START)
    world.book(61, NOW, START + timedelta(days=1))
    assert world.source.planned_total(START, START + timedelta(days=1)) == 60


def test_a_closed_source_opens_again(world: World) -> None:
    world.book(1, NOW, START)
    world.source.close()
    assert len(world.source.read([1])) == 1


def test_receptions_of_a_card_come_latest_first(ident: SmallIdent) -> None:
    first, second = ident.reception(), ident.reception()
    ident.insert("Persons", Surname="Зорин", Name="Лев")
    assert list(ident.source.by_card("К-1")) == [second, first]
    assert list(ident.source.by_card("К-2")) == []
