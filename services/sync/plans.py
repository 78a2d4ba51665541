"""Просмотр плана лечения: вопрос вкладки → ответ из Ident (ТЗ 2.4.2, МАП 5.3–5.4, постановление 16)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timezone
from typing import Protocol

from services.domain.errors import DatabaseError
from services.domain.plan_view import (
    Json,
    PlanHead,
    PlanPatient,
    newest_first,
    patient_view,
    plan_summary,
    plan_view,
    rows_by_plan,
)
from services.ports import Journal, PlanSource

#: Больше однофамильцев с тем же именем и отчеством списком не выбирают.
MOST_NAMESAKES = 20
MOST_PLANS = 50


@dataclass(frozen=True, slots=True, repr=False)
class PlanQuestion:
    """Чей план спрашивают: по приёму — точно, по ФИО — запасной путь; ``patient_id`` выбирает из тёзок."""

    reception_id: int | None = None
    full_name: str = ""
    patient_id: int | None = None
    plan_id: int | None = None

    def as_json(self) -> Json:
        """Возвращает вопрос для запечатывания."""
        return asdict(self)

    @classmethod
    def parse(cls, message: Mapping[str, object]) -> "PlanQuestion":
        """Читает вскрытый вопрос."""
        numbers = {name: _number(message.get(name)) for name in ("reception_id", "patient_id", "plan_id")}
        return cls(full_name=str(message.get("full_name", "")), **numbers)


class PlanLookup:
    """Поиск планов в базе одного филиала."""

    def __init__(self, branch_id: str, source: PlanSource, journal: Journal, zone: timezone) -> None:
        self._branch_id, self._source, self._journal, self._zone = branch_id, source, journal, zone

    def lookup(self, request: Mapping[str, object]) -> Json:
        """Отвечает: планы пациента, выбор из тёзок или «никого»; сбой базы — DatabaseError."""
        question = PlanQuestion.parse(request)
        patients = self._patients(question)
        if len(patients) > 1:
            return {"found": "choice", "patients": [self._candidate(one) for one in patients]}
        if not patients:
            return self._nothing(question, "patient_not_found")
        return self._plans(question, patients[0])

    def _patients(self, question: PlanQuestion) -> Sequence[PlanPatient]:
        """Находит пациента по приёму; нет приёма — по ФИО, и тогда тёзки не смешиваются."""
        if question.reception_id is not None:
            owner = self._source.patient_of(question.reception_id)
            if owner is not None:
                return [owner]
        namesakes = self._source.patients_named(question.full_name)[:MOST_NAMESAKES]
        chosen = [one for one in namesakes if one.patient_id == question.patient_id]
        return chosen if question.patient_id is not None else namesakes

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


def _shown(heads: Sequence[PlanHead], plan_id: int | None) -> PlanHead | None:
    """Выбирает план: названный, иначе последний созданный (МАП 5.3); чужой — None."""
    if plan_id is None:
        return heads[0]
    return next((head for head in heads if head.plan_id == plan_id), None)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


class Seal(Protocol):
    """Печать: запечатать и вскрыть."""

    def seal(self, message: Mapping[str, object]) -> str:
        """Запечатывает сообщение."""
        ...

    def unseal(self, sealed: str) -> dict[str, object]:
        """Вскрывает сообщение."""
        ...


class SealedPlanLookup:
    """Тот же поиск для очереди: вопрос и ответ запечатаны, сбой базы — тоже ответ."""

    def __init__(self, lookup: PlanLookup, requests: Seal, answers: Seal) -> None:
        self._lookup, self._requests, self._answers = lookup, requests, answers

    def lookup_sealed(self, sealed: str) -> str:
        """Вскрывает вопрос и запечатывает ответ; в ответе повторена метка вопроса ``nonce``."""
        request = self._requests.unseal(sealed)
        try:
            answer = self._lookup.lookup(request)
        except DatabaseError as error:
            # Повторы задачи растянулись бы на минуты, а человек ждёт секунды: пусть сам нажмёт «Обновить».
            answer = {"found": "failure", "message": str(error)}
        return self._answers.seal({**answer, "nonce": request.get("nonce")})
