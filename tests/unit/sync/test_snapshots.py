"""Лента снимков планов: сколько спрашивает, что помнит, когда отказано (СПЕЦ 2.3.2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from services.domain.crm import PlanDeal
from services.domain.errors import SkippableError
from services.domain.fingerprint import failed_mark
from services.domain.outbox import EntryState, Link, Permit
from services.domain.plan_snapshot import hash_of
from services.ident.plan_source import IdentPlanSource
from services.ident.source import IdentSource
from services.sync.feed import Outcome
from services.sync.intake import Intake
from services.sync.ownership import DealOwnership
from services.sync.sender import Sender
from services.sync.snapshots import PlanFeed
from tests.factories import make_rules
from tests.fakes_ident import SmallIdent
from tests.support.scenarios import Office

NOW = datetime(2024, 12, 29, 12, 0)


class Counted:
    """Запросы к базе со счётом."""

    def __init__(self, source: IdentSource) -> None:
        self._source = source
        self.asked: list[str] = []

    def ask(self, name: str, **values: object) -> list[Mapping[str, object]]:
        """Выполняет запрос."""
        self.asked.append(name)
        return self._source.ask(name, **values)


class FakePlanDeals:
    """Открытые сделки пациентов; ``refusal`` — отказ портала писать, ``forged`` — снимок правили рукой."""

    mark = "ключ"

    def __init__(self) -> None:
        self.written: dict[int, str] = {}
        self.forged: set[int] = set()
        self.keys: dict[int, str] = {}
        self.refusal: Exception | None = None

    def open_deals(self, patient: str) -> Sequence[PlanDeal]:
        """Возвращает открытые сделки пациента: номер сделки — номер пациента."""
        number = int(patient.rpartition("_")[2])
        sealed = number not in self.forged
        return [PlanDeal(number, self.written.get(number, ""), sealed, self.keys.get(number, ""))]

    def write(self, deal_id: int, snapshot: str, *, permit: Permit | None = None) -> None:
        """Записывает снимок."""
        if self.refusal is not None:
            raise self.refusal
        self.written[deal_id] = snapshot


class Plans:
    """Лента снимков на маленькой базе."""

    def __init__(self, folder: Path) -> None:
        self.office, self.ident = Office(), SmallIdent(folder, NOW)
        self.questions, self.deals = Counted(self.ident.source), FakePlanDeals()
        source = IdentPlanSource(self.questions)
        ownership = DealOwnership(self.office.work, self.office.crm, "F1")
        self.feed = PlanFeed(make_rules(), source, self.deals, ownership, self.office.work)
        self.intake = Intake(self.feed, self.office.work)
        self.sender = Sender(self.intake, self.office.work)

    def patients(self, count: int) -> list[int]:
        """Заводит пациентов, у каждого план, приём и сделка, которую узел помнит."""
        found = []
        for number in range(count):
            person = self.ident.insert("Persons", Surname=f"Зорин{number}", Name="Лев")
            self.ident.insert("Patients", ID_Persons=person, CardNumber=f"К{number}")
            self.ident.plan(1, patient_id=person)
            uid = f"F1_{self.ident.reception(ID_Patients=person)}"
            self.deals.keys[person] = uid
            self.office.links.save(uid, Link("отпечаток", person), self.office.clock.now())
            found.append(person)
        return found


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    return Plans(tmp_path)


def test_page_of_fifty_patients_is_read_in_three_questions(plans: Plans) -> None:
    numbers = plans.patients(50)
    assert len(plans.intake.take(numbers)) == 50
    assert plans.questions.asked == ["patients", "patient_plans", "plan_details"]


def test_many_plans_of_a_page_are_read_by_fifty(plans: Plans) -> None:
    (number,) = plans.patients(1)
    for _ in range(60):
        plans.ident.plan(1, patient_id=number)
    plans.intake.take([number])
    assert plans.questions.asked == ["patients", "patient_plans", "plan_details", "plan_details"]


def test_patient_that_is_gone_leaves_the_queue(plans: Plans) -> None:
    plans.office.put("F1_P404")
    assert plans.sender.run("F1_P404") is Outcome.FOREIGN
    assert plans.office.state is None


def test_snapshot_refused_by_the_portal_is_not_put_back_by_every_extract(plans: Plans) -> None:
    (number,) = plans.patients(1)
    (uid,) = plans.intake.take([number])
    plans.deals.refusal = SkippableError("портал не принял поля", "field_invalid")
    assert plans.sender.run(uid) is Outcome.FAILED
    assert [list(plans.intake.take([number])) for _ in range(2)] == [[], []]
    assert plans.office.state is EntryState.FAILED
    link = plans.office.link(uid)
    assert link is not None
    assert link.fingerprint.startswith(failed_mark(""))
    plans.ident.plan(1, patient_id=number)
    assert list(plans.intake.take([number])) == [uid]


def test_delivered_snapshot_is_not_put_back(plans: Plans) -> None:
    (number,) = plans.patients(1)
    (uid,) = plans.intake.take([number])
    assert plans.sender.run(uid) is Outcome.UPDATED
    assert list(plans.intake.take([number])) == []
    assert plans.deals.written[number]
    assert plans.office.counted("plans_updated") == 1
    assert plans.office.counted("timed") == 0


def test_snapshot_edited_in_the_deal_is_written_again(plans: Plans) -> None:
    """Правивший поле оставил прежний оттиск: доказательство — печать, а не он."""
    (number,) = plans.patients(1)
    plans.sender.run(*plans.intake.take([number]))
    mark = hash_of(plans.deals.written[number])
    plans.deals.written[number] = f'{{"hash":"{mark}","plans":[]}}'
    plans.deals.forged.add(number)
    plans.office.put(f"F1_P{number}")
    plans.office.links.save(f"F1_P{number}", Link("", None), plans.office.clock.now())
    assert plans.sender.run(f"F1_P{number}") is Outcome.UPDATED
    assert '"plans":[]' not in plans.deals.written[number]


def test_new_key_of_the_node_seals_every_snapshot_anew(plans: Plans) -> None:
    (number,) = plans.patients(1)
    (uid,) = plans.intake.take([number])
    plans.sender.run(uid)
    plans.deals.mark = "другой ключ"
    assert list(plans.intake.take([number])) == [uid]
