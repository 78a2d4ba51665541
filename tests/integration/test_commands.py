"""Команды администратора: на настоящих Redis, портале и базе, рядом с работающим узлом."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cli.__main__ import main
from config.loader import CONFIG_VARIABLE
from demo.portal.faults import Fault, FaultKind
from demo.portal.server import PortalServer
from services.domain.outbox import EntryState, Rejection
from services.ident.sqlite import clinic_now
from services.sync.feed import Outcome
from tests.support.node import NODE, ROOT, Process, eventually
from tests.support.quick import delivered, quick
from tests.support.world import World


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Возвращает окружение, как было: команды называют в нём файл настроек."""
    before = os.environ.get(CONFIG_VARIABLE)
    yield
    if before is None:
        os.environ.pop(CONFIG_VARIABLE, None)
    else:
        os.environ[CONFIG_VARIABLE] = before


@pytest.fixture
def failed(world: World) -> str:
    """Отказавшая запись."""
    uid = f"F1_{world.book()}"
    world.extract()
    fault = Fault(FaultKind.COMMAND_ERROR, ("crm.deal.add",), code="CRM_FIELD_ERROR_REQUIRED")
    world.portal.portal.faults.add(fault)
    assert world.send(uid) is Outcome.FAILED
    return uid


def command(world: World, *arguments: str) -> int:
    """Выполняет команду с настройками мира."""
    return main([*arguments, "--config", str(world.path)])


def test_failed_records_are_listed_with_advice(
    world: World, failed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(world, "failed", "list") == 0
    shown = capsys.readouterr().out
    assert failed in shown
    assert "Всего: 1" in shown


def test_nothing_failed_is_said_plainly(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(world, "failed", "list") == 0
    assert "Отказавших записей нет" in capsys.readouterr().out


def test_reception_gone_from_ident_is_in_a_list_of_its_own(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    links, now = world.services.store.links, world.services.clock.now()
    links.reject(Rejection("F1_7", "reception_deleted", "Приёма больше нет в базе Ident", now))
    links.reject(Rejection("F1_8", "phone_missing", "Нет телефона", now))
    assert command(world, "failed", "list") == 0
    shown = capsys.readouterr().out
    assert "Пропали из Ident (1)" in shown
    assert "F1_7" in shown
    assert "F1_8" not in shown


def test_one_record_is_shown_whole(world: World, failed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(world, "failed", "show", failed) == 0
    shown = capsys.readouterr().out
    assert "field_required" in shown
    assert "отказ" in shown


def test_unknown_record_and_branch_are_said_plainly(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(world, "failed", "show", "F1_77777") == 1
    assert "ничего не известно" in capsys.readouterr().out
    assert command(world, "failed", "list", "--branch", "F9") == 2
    assert "Нет филиала F9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (["--all"], 1),
        (["--branch", "F1"], 1),
        (["--branch", "F2"], 0),
        (["--reason", "field_required"], 1),
        (["--reason", "network"], 0),
    ],
)
def test_requeue_takes_what_is_chosen(world: World, failed: str, choice: list[str], count: int) -> None:
    assert command(world, "failed", "requeue", *choice) == 0
    assert world.services.store.outbox.depth("F1")[EntryState.PENDING] == count
    assert world.services.store.outbox.depth("F1")[EntryState.FAILED] == 1 - count


def test_requeue_without_a_choice_changes_nothing(
    world: World, failed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(world, "failed", "requeue") == 2
    assert "--all" in capsys.readouterr().err
    assert world.services.store.outbox.depth("F1")[EntryState.FAILED] == 1


def test_requeued_record_is_sent_with_fresh_data(world: World, failed: str) -> None:
    assert command(world, "failed", "requeue", failed) == 0
    assert world.send(failed) in (Outcome.CREATED, Outcome.UPDATED)


def test_export_opens_in_excel(world: World, failed: str, folder: Path) -> None:
    assert command(world, "failed", "export", "csv", "--to", str(folder / "failed.csv")) == 0
    with (folder / "failed.csv").open(encoding="utf-8-sig", newline="") as file:
        head, row = csv.reader(file, delimiter=";")
    assert (head[0], row[0]) == ("Запись", failed)


def test_dropped_record_is_forgotten(world: World, failed: str) -> None:
    assert command(world, "failed", "drop", failed) == 0
    assert world.services.store.outbox.size("F1") == 0
    assert command(world, "failed", "drop", failed) == 1


def test_state_shows_the_halt_and_what_to_do(
    world: World, failed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.portal.portal.faults.add(Fault(FaultKind.UNAUTHORIZED))
    command(world, "failed", "requeue", "--all")
    world.send(failed)
    capsys.readouterr()
    assert command(world, "state", "show") == 0
    shown = capsys.readouterr().out
    assert "ОСТАНОВЛЕНА" in shown
    assert "portal resume" in shown
    assert "appendonly" in shown
    assert "ни один не подаёт" in shown


def test_reset_forgets_and_the_next_sync_doubles_nothing(world: World) -> None:
    world.book()
    world.sync()
    assert command(world, "state", "reset", "--branch", "F1", "--yes") == 0
    assert world.services.store.cursors.load("F1") is None
    assert world.sync() == [Outcome.UPDATED]
    assert len(world.deals()) == len(world.contacts()) == 1


def test_dry_run_masks_people_and_writes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    uid = f"F1_{world.book(Comment='аллергия')}"
    before = world.portal.state.revision
    assert command(world, "sync", "--dry-run", "--diff") == 0
    shown = capsys.readouterr().out
    assert f"{uid}: создать сделку" in shown
    assert "UF_CRM_STATUS: — → Запланирован" in shown
    assert "Ничего не записано" in shown
    assert not any(word in shown for word in ("Лунёва", "Алсу", "аллергия", "9031112233"))
    assert world.portal.state.revision == before
    assert world.services.store.outbox.size("F1") == 0


def test_dry_run_stops_at_the_limit(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        world.book(world.patient(phone=f"+7903111000{number}"))
    assert command(world, "sync", "--dry-run", "--limit", "2") == 0
    assert "создать сделку: 2" in capsys.readouterr().out


def test_names_are_not_shown_into_a_file(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(world, "sync", "--dry-run", "--diff", "--names") == 2
    assert "только на экране" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Назовите промежуток"),
        (["--from", "2024-02-01", "--to", "2024-01-01"], "раньше"),
        (["--from", "2020-01-01", "--to", "2024-01-01"], "не больше года"),
        (["--continue"], "Прерванной загрузки"),
    ],
)
def test_wrong_backfill_is_explained(
    world: World, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(world, "backfill", "--branch", "F1", *arguments) == 2
    assert words in capsys.readouterr().err


def test_redis_that_is_down_is_said_without_a_traceback(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    text = world.path.read_text(encoding="utf-8")
    lines = [
        'url = "redis://127.0.0.1:1/0"' if line.startswith("url") else line for line in text.splitlines()
    ]
    world.path.write_text("\n".join(lines), encoding="utf-8")
    assert command(world, "failed", "list") == 3
    assert "Redis недоступен" in capsys.readouterr().err


# --- рядом с работающим узлом ---


def past(world: World, count: int) -> set[str]:
    """Записывает приёмы прошлого месяца: обычная выборка их не видит."""
    start, uids = clinic_now() - timedelta(days=30), set()
    for number in range(count):
        patient_id = world.patient(phone=f"+79037{number:06}")
        when = start + timedelta(minutes=number)
        values = {"PlanStart": when, "PlanEnd": when + timedelta(minutes=30), "ReceptionAdded": start}
        uids.add(f"F1_{world.ident.reception(ID_Patients=patient_id, **values)}")
    return uids


def run(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Выполняет команду отдельным процессом."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--config", str(world.path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.node
@pytest.mark.xdist_group("commands")
def test_sync_now_and_backfill_work_beside_the_node(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    slow = {"interval": 600, "reconcile_interval": 600, "reconcile_back": 86400}
    world = quick(tmp_path / "world", redis_url, portal, sync=slow)
    day = clinic_now() - timedelta(days=30)
    window = ("--from", f"{day - timedelta(days=1):%Y-%m-%d}", "--to", f"{day + timedelta(days=1):%Y-%m-%d}")
    with Process(world.path, NODE):
        eventually(lambda: world.services.store.pulse.ages())
        eventually(lambda: world.services.store.stats.notes("F1").get("last_success"))
        uid = f"F1_{world.book()}"
        done = run(world, "sync", "--branch", "F1", "--now")
        assert done.returncode == 0, done.stderr
        eventually(lambda: uid in delivered(world))
        uids, cursor = past(world, 60), world.services.store.cursors.load("F1")
        done = run(world, "backfill", "--branch", "F1", *window)
        assert done.returncode == 0, done.stderr + done.stdout
        assert "прочитано приёмов 60" in done.stdout
        eventually(lambda: uids <= delivered(world))
        assert world.services.store.cursors.load("F1") == cursor
    world.close()


@pytest.mark.node
@pytest.mark.xdist_group("commands")
def test_backfill_interrupted_by_a_person_is_continued(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    world = quick(tmp_path / "world", redis_url, portal)
    past(world, 10)
    day = clinic_now() - timedelta(days=30)
    world.branch().backfill.begin(day - timedelta(days=1), day + timedelta(days=1))
    world.services.store.pulse.beat("celery@pc")
    command_line = ["backfill", "--branch", "F1", "--continue", "--config", str(world.path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *command_line],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    # Узла нет: команда ждёт его, пока её не прервут.
    eventually(lambda: world.services.store.redis.keys("ident:celery:branch.F1*"))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "--continue" in errors
    with Process(world.path, NODE):
        done = run(world, "backfill", "--branch", "F1", "--continue")
        assert done.returncode == 0, done.stderr
    assert world.services.store.backfills.load("F1") is None
    world.close()
