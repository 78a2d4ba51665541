"""Демонстрация одной командой: итог, повтор без записей и ни одного человека вне портала и базы."""

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.clinic.clinic import Clinic
from demo.clinic.desk import at_desk
from services.ident.sqlite import clinic_now
from tests.support.live_demo import live_demo
from tests.support.node import eventually

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("demo")]

SECRET = "demo0webhook0code"
#: Здесь людям место: базы клиники, портал и описание демонстрации; в настройках — вебхук.
PLACES_OF_PEOPLE = ("ident/", "portal.json", "clinic.pickle")
PLACES_OF_SECRET = ("settings.toml",)


def run(folder: Path, *options: str) -> dict[str, object]:
    """Запускает demo --once и возвращает его JSON."""
    command = [sys.executable, "-m", "cli", "demo", "--once", "--json", "--state", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, object] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """Папка демонстрации после первого прохода и его итог."""
    folder = tmp_path_factory.mktemp("demo") / "state"
    return folder, run(folder)


def test_demo_moves_everything_and_the_portal_matches(shown: tuple[Path, dict[str, object]]) -> None:
    _, result = shown
    assert result["portal_matches"] is True
    assert result["too_often"] == 0
    assert result["created"]
    assert result["converted"]
    assert sum(result["refused"].values()) == result["rejected"]  # type: ignore[attr-defined]


def test_no_patient_and_no_secret_is_left_in_redis_and_journals(
    shown: tuple[Path, dict[str, object]],
) -> None:
    folder, _ = shown
    traces = set(people(folder)) | {SECRET}
    found = {
        f"{file.name}: {trace}" for file, text in open_files(folder) for trace in traces if trace in text
    }
    assert found == set()


def test_second_pass_writes_nothing_and_changes_write_only_themselves(
    shown: tuple[Path, dict[str, object]],
) -> None:
    folder, _ = shown
    assert run(folder)["writes"] == 0
    result = run(folder, "--changes", "5")
    assert result["portal_matches"] is True
    assert 0 < int(str(result["created"])) + int(str(result["updated"])) <= 20


def test_no_patient_and_no_secret_passes_through_redis_or_is_shown_by_flower(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("live") / "state"
    with live_demo(folder) as demo:
        eventually(lambda: len(demo.hinted()) >= 40)
        demo.hint_again()
        eventually(lambda: demo.finished("records.upsert") >= 40)
        passed, stored, pages = "\n".join(demo.tap.commands), demo.stored(), demo.pages()
    # Улики настоящие: сообщения с ключами приёмов подслушаны, страницы Flower задачи показали.
    assert re.search(r'\[\["F\d_\d+"\], \{\}', passed)
    assert sum("records.upsert" in page for page in pages.values()) >= 12
    assert "outbox" in stored
    told = {
        "сообщения и команды Redis": passed,
        "Redis": stored,
        **pages,
        "вывод": demo.output.read_text("utf-8"),
    }
    traces = set(people(folder)) | {SECRET}
    assert len(traces) > 100
    assert [(place, trace) for place, text in told.items() for trace in traces if trace in text] == []


def people(folder: Path) -> Iterator[str]:
    """Возвращает фамилии с именами и телефоны всех, кто есть в базах клиники."""
    clinic: Clinic = pickle.loads((folder / "clinic.pickle").read_bytes())
    for ledger in clinic.ledgers:
        with at_desk(ledger.path, clinic_now()) as desk:
            for person in desk.ask("SELECT Surname, Name, MobilePhone FROM Persons"):
                yield f"{person['Surname']} {person['Name']}"
                digits = "".join(filter(str.isdigit, str(person["MobilePhone"] or "")))
                yield from [digits[-10:]] if len(digits) >= 10 else []


def open_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Возвращает всё записанное, кроме баз, портала и (для вебхука) настроек."""
    for file in folder.rglob("*"):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and not name.startswith(PLACES_OF_PEOPLE + PLACES_OF_SECRET):
            yield file, file.read_bytes().decode("utf-8", errors="replace")
