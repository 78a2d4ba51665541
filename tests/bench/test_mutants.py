"""Замер порчи кода: выбор мест и таблица; сама порча длится минуты и зовётся руками."""

from bench.mutants import KILLED, sample, tabled, verdict

NAMES = [f"services.domain.stages.x_move__mutmut_{number}" for number in range(9)]


def test_one_seed_chooses_the_same_places() -> None:
    assert sample(NAMES, 3, seed=1) == sample(NAMES, 3, seed=1) != sample(NAMES, 3, seed=2)


def test_small_code_is_spoiled_whole() -> None:
    assert sample(NAMES, 100, seed=1) == NAMES


def test_table_counts_by_part_and_names_what_nobody_noticed() -> None:
    store = "services.store.gate.x_f__mutmut_1"
    table = tabled(
        {NAMES[0]: "killed", NAMES[1]: "timeout", NAMES[2]: "survived", store: "no tests"},
        {"services/domain": 9, "services/store": 4},
    )
    assert [(row["часть"], row["мест"], row["замечено"], row["не замечено"]) for row in table.rows] == [
        ("services/domain", 9, 2, 1),
        ("services/store", 4, 0, 1),
    ]
    assert table.notes == [f"survived: {NAMES[2]}", f"no tests: {store}"]


def test_checks_that_could_not_start_noticed_nothing() -> None:
    assert verdict(255) not in KILLED
