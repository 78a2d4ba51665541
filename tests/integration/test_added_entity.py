"""Вторая сущность — лист ожидания: модуль, запрос и строка настроек; основа не тронута (СПЕЦ 3.5.2)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from celeryconfig import beat_table
from config.loader import ConfigError, parse_settings
from demo.portal.faults import Fault, FaultKind
from demo.portal.server import PortalServer
from demo.site import STAGES
from services.domain.errors import RetriableError
from services.domain.keys import parse_key
from services.domain.outbox import EntryState
from services.domain.stages import Stage
from services.extensions import load_entities
from services.ident.sqlite import clinic_now
from services.sync.feed import Outcome
from services.sync.redrive import Redrive
from tasks.names import queue_of
from tests.support.node import NODE, Process, eventually
from tests.support.world import World

FOLDER = Path(__file__).resolve().parents[1] / "data" / "entities"
MODULE = FOLDER / "waiting_list.py"
TABLE = """
CREATE TABLE ScheduledReceptions (
    ID INTEGER PRIMARY KEY, ID_Patients INTEGER, ID_OwnCompanies INTEGER, ID_ProfessionNames INTEGER,
    Comment TEXT, ID_ReceptionsClose INTEGER, DateTimeAdded TEXT, DateTimeChanged TEXT
)
"""
WAITING = STAGES[Stage.WAITING_LIST]


class WaitingRoom(World):
    """Мир с листом ожидания."""

    def __init__(self, folder: Path, redis_url: str, portal: PortalServer) -> None:
        node = {"state_dir": str(folder), "entities": [str(MODULE)]}
        super().__init__(folder, redis_url, portal, node=node, sync={"interval": 2})
        with closing(sqlite3.connect(self.ident.path)) as base, base:
            base.execute(TABLE)

    def ask_for(self, patient_id: int, company_id: int | None = 1, comment: str = "Удобно вечером") -> int:
        """Ставит пациента в лист ожидания."""
        stamp = clinic_now()
        return self.ident.insert(
            "ScheduledReceptions",
            ID_Patients=patient_id,
            ID_OwnCompanies=company_id,
            Comment=comment,
            DateTimeAdded=stamp,
        )

    def wishes(self, branch_id: str = "F1") -> list[str]:
        """Делает выборку листа ожидания."""
        return self.take("waiting_list", branch_id)


@pytest.fixture
def room(folder: Path, redis_url: str, portal: PortalServer) -> Iterator[WaitingRoom]:
    room = WaitingRoom(folder / "world", redis_url, portal)
    yield room
    room.close()


def test_waiting_patient_becomes_a_deal_on_the_waiting_stage(room: WaitingRoom) -> None:
    number = room.ask_for(room.patient())
    assert room.wishes() == [f"F1_W{number}"]
    assert room.send(f"F1_W{number}") is Outcome.CREATED
    deal = room.deal(f"F1_W{number}")
    assert deal["STAGE_ID"] == WAITING
    assert deal["TITLE"] == "Лунёва Алсу - лист ожидания"
    assert deal["COMMENTS"] == "Удобно вечером"
    assert len(room.contacts()) == 1


def test_patient_with_a_reception_and_a_wish_keeps_one_contact(room: WaitingRoom) -> None:
    patient = room.patient()
    reception = room.book(patient)
    room.sync()
    number = room.ask_for(patient)
    assert [room.send(uid) for uid in room.wishes()] == [Outcome.CREATED]
    assert len(room.contacts()) == 1
    assert {deal["UF_CRM_RECEPTION_ID"] for deal in room.deals()} == {f"F1_{reception}", f"F1_W{number}"}


def test_changed_wish_updates_its_deal_and_the_unchanged_waits_for_nothing(room: WaitingRoom) -> None:
    number = room.ask_for(room.patient())
    uid = f"F1_W{number}"
    assert [room.send(found) for found in room.wishes()] == [Outcome.CREATED]
    assert room.wishes() == []
    room.ident.change("ScheduledReceptions", number, Comment="Только утром", DateTimeChanged=clinic_now())
    assert [room.send(found) for found in room.wishes()] == [Outcome.UPDATED]
    assert room.deal(uid)["COMMENTS"] == "Только утром"


def test_curator_who_moved_the_deal_is_not_disturbed(room: WaitingRoom) -> None:
    number = room.ask_for(room.patient())
    uid = f"F1_W{number}"
    _ = [room.send(found) for found in room.wishes()]
    room.move(uid, STAGES[Stage.PREPAYMENT_RECEIVED])
    room.ident.change("ScheduledReceptions", number, Comment="Другое", DateTimeChanged=clinic_now())
    _ = [room.send(found) for found in room.wishes()]
    assert room.deal(uid)["STAGE_ID"] == STAGES[Stage.PREPAYMENT_RECEIVED]


def test_closed_wish_makes_no_deal(room: WaitingRoom) -> None:
    number = room.ask_for(room.patient())
    room.ident.change("ScheduledReceptions", number, ID_ReceptionsClose=5, DateTimeChanged=clinic_now())
    assert room.wishes() == []


def test_wish_belongs_to_its_branch(room: WaitingRoom) -> None:
    mine, other = room.ask_for(room.patient(), 1), room.ask_for(room.patient(phone="+79031112299"), 2)
    nobodys = room.ask_for(room.patient(phone="+79031112277"), None)
    assert set(room.wishes("F1")) == {f"F1_W{mine}", f"F1_W{nobodys}"}
    assert room.wishes("F2") == [f"F2_W{other}"]


def test_wrong_phone_is_shown_to_the_administrator_and_holds_nobody(room: WaitingRoom) -> None:
    wrong, right = room.ask_for(room.patient(phone="12")), room.ask_for(room.patient(phone="+79031112299"))
    assert room.wishes() == [f"F1_W{right}"]
    (rejection,) = room.services.store.links.rejections("F1")
    assert rejection.uid == f"F1_W{wrong}"


def test_failure_of_the_portal_waits_in_the_same_queue(room: WaitingRoom, portal: PortalServer) -> None:
    number = room.ask_for(room.patient())
    (uid,) = room.wishes()
    portal.portal.faults.add(Fault(FaultKind.RESET, ("crm.deal.add",)))
    assert isinstance(room.send(uid), RetriableError)
    assert [entry.state for entry in room.services.store.outbox.entries("F1")] == [EntryState.DOUBT]
    assert parse_key(uid).number == number


def test_schedule_and_hints_know_the_new_entity(room: WaitingRoom) -> None:
    line = beat_table(room.settings)["extract-waiting_list-F1"]
    assert line["args"] == ("F1", "waiting_list")
    assert line["options"]["queue"] == queue_of("F1")


@pytest.mark.node
@pytest.mark.xdist_group("node")
def test_node_moves_the_waiting_list_by_itself(room: WaitingRoom) -> None:
    number = room.ask_for(room.patient())
    with Process(room.path, NODE):
        eventually(lambda: room.deals(f"F1_W{number}"))
    assert room.deal(f"F1_W{number}")["STAGE_ID"] == WAITING


@pytest.mark.parametrize(
    ("uid", "reason"), [("F1_Q1", "entity_unknown"), ("F9_1", "entity_unknown"), ("F1_нет", "bad_uid")]
)
def test_record_nobody_can_carry_goes_to_the_administrator_and_holds_nobody(
    room: WaitingRoom, uid: str, reason: str
) -> None:
    """Сущность или филиал убрали из настроек, ключ испорчен: запись видна, обход очереди идёт дальше."""
    outbox, branch = room.services.store.outbox, uid.partition("_")[0]
    outbox.put([uid, f"{branch}_77"], room.clock.now(), timedelta())
    hinted = Redrive(branch, room.services.work).due()
    assert set(hinted) == {uid, f"{branch}_77"}
    assert room.send(uid) is Outcome.FAILED
    (entry,) = outbox.entries(branch, EntryState.FAILED)
    assert (entry.uid, entry.reason) == (uid, reason)
    assert room.send(uid) is Outcome.NOT_DUE


def test_unfit_module_does_not_stop_the_receptions(
    tmp_path: Path, redis_url: str, portal: PortalServer, caplog: pytest.LogCaptureFixture
) -> None:
    node = {"state_dir": str(tmp_path), "entities": [str(tmp_path / "absent.py")]}
    world = World(tmp_path / "world", redis_url, portal, node=node)
    uid = f"F1_{world.book()}"
    assert world.sync() == [Outcome.CREATED]
    assert world.deal(uid)
    assert "entities_refused" in caplog.text
    world.close()


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "нет файла"), ("x = 1\n", "ожидается ENTITY"), ('class ENTITY:\n    letter = "P"\n', "кроме P")],
)
def test_unfit_module_is_named(tmp_path: Path, text: str | None, why: str) -> None:
    path = tmp_path / "visits.py"
    if text is not None:
        path.write_text(text)
        path.with_suffix(".sql").write_text("SELECT 1")
    with pytest.raises(ConfigError, match=why):
        load_entities([path])


def test_two_entities_of_one_letter_are_named(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text('class ENTITY:\n    letter = "W"\n')
        (tmp_path / f"{name}.sql").write_text("SELECT 1")
    with pytest.raises(ConfigError, match="two и one одна буква"):
        load_entities([tmp_path / "one.py", tmp_path / "two.py"])


def test_path_of_an_entity_is_counted_from_the_settings(tmp_path: Path) -> None:
    raw = {
        "portal": {"webhook": "http://127.0.0.1:1/rest/1/abc/"},
        "databases": [{"id": "D1", "type": "sqlite", "path": "x"}],
        "branches": [{"number": 1, "name": "Ф", "database": "D1"}],
        "node": {"entities": ["entities/waiting_list.py"]},
    }
    assert parse_settings(raw, tmp_path).node.entities == (tmp_path / "entities" / "waiting_list.py",)


def test_page_shows_exactly_the_files_that_are_tested() -> None:
    """Списанное с docs/extending.md работает: там стоят эти же модуль и запрос."""
    page = (FOLDER.parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
    query = MODULE.with_suffix(".sql").read_text(encoding="utf-8").splitlines(keepends=True)
    assert f"```python\n{MODULE.read_text(encoding='utf-8')}```" in page
    assert f"```sql\n{''.join(line for line in query if not line.startswith('--'))}```" in page
