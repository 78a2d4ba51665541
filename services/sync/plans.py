"""Просмотр плана лечения: вопрос вкладки → ответ из Ident (ТЗ 2.4.2, МАП 5.3–5.4, постановление 16)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from services.domain.branches import possible_uids
from services.domain.errors import SyncError
from services.domain.judgement import Rules
from services.domain.keys import RECEPTION, RecordKey
from services.domain.phones import same_phone
from services.domain.plan_view import (
    Json,
    PlanHead,
    PlanPatient,
    newest_first,
    patient_view,
    phone_of,
    plan_summary,
    plan_view,
    rows_by_plan,
)
from services.ports import Journal
from services.sync.ownership import DealOwnership

if TYPE_CHECKING:
    from services.ident.plan_source import IdentPlanSource
    from services.sealing import Sealer

#: Больше однофамильцев с тем же именем и отчеством списком не выбирают.
MOST_NAMESAKES = 20
MOST_PLANS = 50


@dataclass(frozen=True, slots=True, repr=False)
class PlanQuestion:
    """Чей план спрашивают и из какой сделки.

    По приёму — точно, если сделка и вправду его; без ключа — по ФИО контакта сделки и телефонам контакта
    ``phones`` (пусто — сделка не той воронки или телефонов нет); ``patient_id`` выбирает из тёзок.
    """

    deal_id: int | None = None
    created_by: int | None = None
    reception_id: int | None = None
    full_name: str = ""
    phones: Sequence[str] = ()
    patient_id: int | None = None
    plan_id: int | None = None

    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def parse(cls, message: Mapping[str, object]) -> "PlanQuestion":
        names = ("deal_id", "created_by", "reception_id", "patient_id", "plan_id")
        numbers = {name: _number(message.get(name)) for name in names}
        phones = message.get("phones")
        told = tuple(map(str, phones)) if isinstance(phones, (list, tuple)) else ()
        return cls(full_name=str(message.get("full_name", "")), phones=told, **numbers)


class ForeignDeal(Exception):
    """Сделка приёму не принадлежит: план в ней не показывают."""


class PlanLookup:
    """Поиск планов в базе одного филиала."""

    def __init__(
        self,
        rules: Rules,
        source: "IdentPlanSource",
        ownership: DealOwnership,
        journal: Journal,
        by_name: bool = True,
    ) -> None:
        self._rules, self._source, self._ownership, self._journal = rules, source, ownership, journal
        self._branch_id, self._zone, self._by_name = rules.branch_id, rules.zone, by_name

    def lookup(self, request: Mapping[str, object]) -> Json:
        """Отвечает: планы пациента, выбор из тёзок, «чужая сделка», «никого»; сбой базы — DatabaseError."""
        question = PlanQuestion.parse(request)
        try:
            patients = self._patients(question)
        except ForeignDeal:
            return {"found": "foreign"}
        if len(patients) > 1:
            return {"found": "choice", "patients": [self._candidate(one) for one in patients]}
        if not patients:
            return self._nothing(question, "patient_not_found")
        return self._plans(question, patients[0])

    def _patients(self, question: PlanQuestion) -> Sequence[PlanPatient]:
        """Находит пациента по приёму сделки; приёма нет — по ФИО и телефону, и тёзки не смешиваются."""
        if found := self._of_reception(question):
            return found
        if not self._by_name or not question.phones:
            return ()
        namesakes = [
            one for one in self._source.patients_named(question.full_name) if _has(one, question.phones)
        ]
        chosen = [one for one in namesakes if one.patient_id == question.patient_id]
        return chosen if question.patient_id is not None else namesakes[:MOST_NAMESAKES]

    def _of_reception(self, question: PlanQuestion) -> Sequence[PlanPatient]:
        """Находит пациента приёма; ключ вписан в сделку, которая приёму не принадлежит, — ForeignDeal."""
        reception_id = question.reception_id
        patient = self._source.patient_of(reception_id) if reception_id is not None else None
        if patient is None or reception_id is None:
            return ()
        own = str(RecordKey(self._rules.number, RECEPTION, reception_id))
        uids = (own, *(uid for uid in possible_uids(reception_id, self._rules.neighbours) if uid != own))
        deal_id = question.deal_id or 0
        if not self._ownership.belongs(deal_id, question.created_by, uids, phone_of(patient)):
            self._ownership.alarm(own, deal_id, question.created_by)
            raise ForeignDeal
        return [patient]

    def _plans(self, question: PlanQuestion, patient: PlanPatient) -> Json:
        heads = self._plans_of(patient)
        if not heads:
            return self._nothing(question, "plan_not_found", patient)
        shown = _shown(heads, question.plan_id)
        if shown is None:
            self._journal.warning("plan_of_stranger", branch=self._branch_id, plan=question.plan_id)
            return {"found": "stranger"}
        rows = rows_by_plan(self._source.plan_rows([head.plan_id for head in heads]))
        return {
            "found": "plans",
            "patient": patient_view(patient),
            "plans": [plan_summary(head, rows.get(head.plan_id, []), self._zone) for head in heads],
            "plan": plan_view(shown, rows.get(shown.plan_id, []), self._zone),
        }

    def _candidate(self, patient: PlanPatient) -> Json:
        plans = len(self._plans_of(patient))
        return {**patient_view(patient), "plans": plans}

    def _plans_of(self, patient: PlanPatient) -> Sequence[PlanHead]:
        """Возвращает действующие планы пациента, новые первыми; больше пятидесяти не показать."""
        return newest_first(self._source.active_plans([patient.patient_id]).get(patient.patient_id, ()))[
            :MOST_PLANS
        ]

    def _nothing(self, question: PlanQuestion, event: str, patient: PlanPatient | None = None) -> Json:
        """Отвечает «плана нет» и записывает это в журнал (МАП 5.4), без имён."""
        self._journal.info(event, branch=self._branch_id, reception=question.reception_id)
        return {"found": "nothing", "patient": patient_view(patient) if patient else None}


def _has(patient: PlanPatient, phones: Sequence[str]) -> bool:
    """Отвечает, есть ли среди телефонов контакта телефон пациента из Ident."""
    phone = phone_of(patient)
    return phone is not None and any(same_phone(raw, phone) for raw in phones)


def _shown(heads: Sequence[PlanHead], plan_id: int | None) -> PlanHead | None:
    """Выбирает план: названный, иначе последний созданный (МАП 5.3); чужой — None."""
    if plan_id is None:
        return heads[0]
    return next((head for head in heads if head.plan_id == plan_id), None)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


class SealedPlanLookup:
    """Тот же поиск для очереди: вопрос и ответ запечатаны, сбой базы — тоже ответ."""

    def __init__(self, lookup: PlanLookup, requests: "Sealer", answers: "Sealer") -> None:
        self._lookup, self._requests, self._answers = lookup, requests, answers

    def lookup_sealed(self, sealed: str) -> str:
        """Вскрывает вопрос и запечатывает ответ; в ответе повторена метка вопроса ``nonce``."""
        request = self._requests.unseal(sealed)
        try:
            answer = self._lookup.lookup(request)
        except SyncError as error:
            # Повторы задачи растянулись бы на минуты, а человек ждёт секунды: пусть сам нажмёт «Обновить».
            answer = {"found": "failure", "message": str(error)}
        return self._answers.seal({**answer, "nonce": request.get("nonce")})
