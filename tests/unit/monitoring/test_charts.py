"""Графики страницы наблюдения: сколько обработано и как быстро (СПЕЦ 2.6 № 3)."""

from datetime import UTC, datetime, timedelta

from monitoring.charts import chart, processed, seconds_each

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_pace_is_the_average_over_what_was_timed() -> None:
    assert seconds_each({"seconds": 12.0, "timed": 8}) == 1.5
    assert seconds_each({"created": 3}) == 0.0


def test_processed_counts_successes_and_errors() -> None:
    assert (
        processed({"created": 2, "updated": 3, "unchanged": 4, "failed": 1, "rejected": 1, "timed": 9}) == 11
    )


def test_chart_tells_work_and_waiting_apart() -> None:
    points = [
        (NOON, {"created": 2, "seconds": 3.0, "waited": 8.0, "timed": 2}),
        (NOON + timedelta(hours=1), {"updated": 2, "seconds": 1.0, "timed": 2}),
    ]
    assert (
        chart("За сутки", points, lambda moment: f"{moment:%H}").summary
        == "обработано 4, в среднем 1,0 с работы на запись, ещё 2,0 с ожидания портала"
    )


def test_layers_of_a_column_stand_on_each_other() -> None:
    column, _ = chart("", [(NOON, {"created": 2, "failed": 1}), (NOON, {})], str).columns
    created, errors = column.bars
    assert (created.name, errors.name) == ("created", "errors")
    assert created.y + created.height == 168
    assert errors.y + errors.height == created.y
    assert created.height == 2 * errors.height
