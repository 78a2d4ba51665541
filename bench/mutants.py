"""Порча кода: ``python manage.py bench mutants`` — заметят ли проверки случайные искажения правил.

mutmut портит по одному месту (настройки — [tool.mutmut] в pyproject.toml), проверки, проходящие через это
место, обязаны упасть. Мест тысячи, поэтому берётся случайная доля: одно зерно — одни и те же места. Тексты
Lua так не портятся: их стерегут проверки tests/contract/test_store.py.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.tables import Table
from cli.arguments import Arguments, count

#: Папка копии проекта, которую портит mutmut.
FOLDER = Path("mutants")
#: С неё начинают: места назовёт только сам mutmut, а эту функцию стерегут две быстрые проверки.
FIRST = "services.domain.keys.x_parse_uid__*"
KILLED = frozenset({"killed", "timeout", "caught by type check", "segfault"})
#: Так кончает процесс, в котором pytest отверг свои же ключи или имена; mutmut зовёт это «timeout».
UNSTARTED = 255


def main(arguments: list[str]) -> int:
    """Портит и считает; код 0 — ни одно искажение не осталось незамеченным."""
    options = parser().parse_args(arguments)
    _mutmut(FIRST)
    chosen = sample(sorted(_codes()), options.sample, options.seed)
    _mutmut(*chosen)
    codes = _codes()
    table = tabled({name: verdict(codes[name]) for name in chosen}, Counter(map(part_of, codes)))
    table.notes.append(f"Зерно {options.seed}; искажение покажет: python -m mutmut show ИМЯ.")
    table.finish(options.out)
    return int(any(row["не замечено"] for row in table.rows))


def parser() -> Arguments:
    """Возвращает разбор ключей."""
    parser = Arguments(prog="manage.py bench mutants", description=__doc__)
    parser.add_argument("--sample", type=count, default=200, metavar="N", help="сколько мест испортить (200)")
    parser.add_argument("--seed", type=int, default=1, help="зерно случая (1)")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="папка итогов")
    return parser


def sample(names: Sequence[str], most: int, seed: int) -> list[str]:
    """Выбирает места: не больше ``most``, при одном зерне — одни и те же."""
    return sorted(random.Random(seed).sample(names, min(most, len(names))))


def part_of(name: str) -> str:
    """Возвращает часть кода, которой принадлежит место: ``services/domain``."""
    return "/".join(name.split(".")[:2])


def tabled(verdicts: Mapping[str, str], everywhere: Mapping[str, int]) -> Table:
    """Складывает итоги по частям кода и называет незамеченные места."""
    table = Table("mutants", "Порча кода: что заметили проверки")
    for part in sorted(set(map(part_of, verdicts))):
        own = {name: verdict for name, verdict in verdicts.items() if part_of(name) == part}
        killed = sum(verdict in KILLED for verdict in own.values())
        row = {"часть": part, "мест": everywhere[part], "испорчено": len(own), "замечено": killed}
        table.add(**row, **{"не замечено": len(own) - killed, "доля": f"{killed / len(own):.0%}"})
    table.notes += [f"{verdict}: {name}" for name, verdict in verdicts.items() if verdict not in KILLED]
    return table


def _codes() -> dict[str, int | None]:
    """Возвращает все места и чем кончилась порча; ещё не испорченные — None."""
    found: dict[str, int | None] = {}
    for path in sorted(FOLDER.rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def verdict(code: int | None) -> str:
    """Возвращает слово mutmut; проверки, не сумевшие начаться (255), порчи не заметили."""
    if code == UNSTARTED:
        return "suspicious"
    from mutmut.stats import status_by_exit_code

    return str(status_by_exit_code[code])


def _mutmut(*names: str) -> None:
    subprocess.run([sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names], check=True)
