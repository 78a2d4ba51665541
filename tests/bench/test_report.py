"""Отчёт о замерах: таблицы и цели из итогов, написанное людьми остаётся."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.every import FAULTS, FULL, QUICK, fresh
from bench.report import DOCUMENT, SUMMARIES, main, read_results, rebuilt
from bench.slope import trend
from bench.speeds import fastest_correct, foreseen
from bench.tables import Table, repeat_command
from bench.targets import TARGETS, verdict_of
from cli.bench import BENCHES

LOST = "3 ответа создания потеряны"


def speed(who: str, seconds: float, size: int = 200, work: str = "новые", **cells: Any) -> dict[str, Any]:
    """Возвращает строку скорости."""
    usual = {"связь": "обычная", "запросов": 28, "503": 0, "вред": "нет"}
    return {**usual, "N": size, "работа": work, "клиент": who, "секунд": seconds, **cells}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Папка с итогами скорости и выносливости."""
    table = Table("throughput", "Скорость")
    table.rows += [
        speed("граница", 10.6),
        speed("интеграция", 13.5),
        speed("интеграция", 39.0, size=1000, запросов=55, **{"портал, с": 170.0}),
        speed("интеграция", 47.0, size=1000, связь="вид клиники"),
        speed("интеграция", 75.0, связь=LOST),
        speed("быстрый", 11.0),
        speed("быстрый", 12.0, связь=LOST, вред="сделок удвоено 50"),
        speed("верный", 44.0),
        speed("верный", 23.0, связь=LOST, вред="упал: ConnectionError; потеряно 200"),
    ]
    table.save(tmp_path)
    slow = Table("throughput-slow", "Скорость")
    slow.rows += [speed("по одному", 170.0, size=50)]
    slow.save(tmp_path)
    soak = Table("soak", "Выносливость")
    soak.rows += [{"процесс": "узел", "значим": "нет"}]
    soak.series += [{"цикл": n, "узел": 60.0 + n % 2} for n in range(12)]
    soak.save(tmp_path)
    return tmp_path


def target(folder: Path, start: str) -> str:
    """Возвращает измеренное и итог цели, чьё название так начинается."""
    found = next(target for target in TARGETS if target.what.startswith(start))
    verdict = verdict_of(found, read_results(folder))
    return f"{verdict.measured}: {verdict.words}"


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("200 новых приёмов", "13.5 с: **не выполнено**"),
        ("1000 новых приёмов", "39 с: до желаемого не дошло"),
        ("вид клиники, 1000 новых", "47 с: до желаемого не дошло"),
        ("запросов HTTP", "0.055: до желаемого не дошло"),
        ("секунд портала", "0.17 с: **не выполнено**"),
        ("то же: испорчено", "0: выполнено"),
        ("во сколько раз быстрее", "3.26 ×: **не выполнено**"),
        ("200 изменений", "—: не измерено"),
        ("процессов со значимым", "0: выполнено"),
    ],
)
def test_targets_are_judged_by_the_results(folder: Path, start: str, told: str) -> None:
    assert target(folder, start) == told


def test_who_spoils_anything_is_no_rival(folder: Path) -> None:
    assert fastest_correct(read_results(folder), "новые") == 44.0


def test_slow_client_is_foreseen_from_fifty(folder: Path) -> None:
    assert list(foreseen(read_results(folder))) == [("по одному", "новые", 170.0, 680.0)]


def test_report_keeps_what_people_wrote_and_is_safe_to_repeat(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Слова.\n<!-- замер targets -->\nстарое\n<!-- конец замера -->\nЕщё.\n", encoding="utf-8")
    keys = ["--results", str(folder), "--document", str(page), "--images", str(tmp_path / "images")]
    assert main(keys) == 1  # измерено не всё
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Слова.")
    assert text.endswith("Ещё.\n")
    assert "старое" not in text
    assert "13.5 с" in text
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [
        "performance-soak.png",
        "performance-throughput.png",
    ]
    main(keys)
    assert page.read_text(encoding="utf-8") == text


def test_missing_bench_is_named_with_its_command() -> None:
    assert "python manage.py bench sql" in rebuilt("<!-- замер sql -->\n<!-- конец замера -->", {})


def test_document_has_a_place_for_every_bench_of_the_full_run() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    wanted = [*SUMMARIES, *(step.file.removesuffix(".json") for step in FULL)]
    assert [name for name in wanted if f"<!-- замер {name} -->" not in text] == []


@pytest.mark.parametrize("steps", [FULL, QUICK, FAULTS])
def test_every_step_is_a_known_bench(steps: Sequence[Any]) -> None:
    assert {step.bench for step in steps} <= set(BENCHES)


def test_full_run_takes_at_most_forty_five_minutes_by_its_own_estimate() -> None:
    assert sum(step.minutes for step in FULL if not step.beside) <= 45


def test_fresh_result_is_not_measured_again(folder: Path) -> None:
    assert fresh(folder / "throughput.json")
    assert not fresh(folder / "sql.json")


def test_repeating_command_names_no_folder_of_this_machine() -> None:
    words = ["manage.py", "bench", "sql", "--out", "/somewhere", "--fresh"]
    assert repeat_command(words) == "python manage.py bench sql --fresh"


def test_slope_of_a_line_is_its_slope() -> None:
    start, slope, error = trend([(float(n), 3.0 + 2.0 * n) for n in range(10)])
    assert (start, slope, error) == pytest.approx((3.0, 2.0, 0.0))
