"""Планы лечения из базы Ident; соединение общее с выборкой приёмов."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.domain.cursor import ChangePage, ChangePoint
from services.domain.names import PersonName
from services.domain.patients_match import name_key, surname_patterns
from services.domain.plan import PlanItem, teeth_count
from services.domain.plan_view import LAST, PlanHead, PlanPatient, PlanRow
from services.domain.texts import line
from services.ident.rows import Row, moment, money, number, required, text
from services.ident.source import after, page_after


class Questions(Protocol):
    """Ответы на запросы из файлов config/sql (IdentSource)."""

    def ask(self, name: str, **values: object) -> list[Mapping[str, object]]:
        """Выполняет запрос и возвращает строки."""


class IdentPlanSource:
    """Планы одной базы Ident; сбой связи или запроса — DatabaseError."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def patient_of(self, reception_id: int) -> PlanPatient | None:
        """Возвращает пациента приёма; нет такого приёма — None."""
        rows = self._questions.ask("patient_of_reception", reception_id=reception_id)
        return _patient(rows[0]) if rows else None

    def patients(self, patient_ids: Sequence[int]) -> Sequence[PlanPatient]:
        """Возвращает пациентов по номерам (до 50); отсутствующие пропущены."""
        return [_patient(row) for row in self._questions.ask("patients", ids=list(patient_ids))]

    def changed_after(self, point: ChangePoint) -> ChangePage:
        """Возвращает до 50 пациентов, чьи планы изменились строго после точки; номер точки — пациента."""
        rows = self._questions.ask("changed_plans", **after(point))
        return page_after(point, rows, "patient_id", self.now)

    def planned_between(self, since: datetime, until: datetime, after_id: int) -> Sequence[int]:
        """Возвращает до 50 пациентов с действующими планами и приёмами в [since, until)."""
        rows = self._questions.ask("planned_patients", since=since, until=until, after_id=after_id)
        return [number(row, "patient_id") for row in rows]

    def now(self) -> datetime:
        return required(self._questions.ask("server_time")[0], "database_now")

    def patients_named(self, full_name: str) -> Sequence[PlanPatient]:
        """Возвращает пациентов с точно таким ФИО: база отбирает похожие фамилии, сравнивает программа."""
        patterns = surname_patterns(full_name)
        if patterns is None:
            return ()
        rows = self._questions.ask(
            "patients_by_name", titled=patterns.titled, upper=patterns.upper, lower=patterns.lower
        )
        wanted = name_key(full_name)
        return [patient for patient in map(_patient, rows) if name_key(patient.full_name) == wanted]

    def active_plans(self, patient_ids: Sequence[int]) -> Mapping[int, Sequence[PlanHead]]:
        """Возвращает действующие планы пациентов (до 50 номеров), новые первыми."""
        found: dict[int, list[PlanHead]] = {}
        for row in self._questions.ask("patient_plans", ids=list(patient_ids)):
            found.setdefault(number(row, "patient_id"), []).append(_head(row))
        return found

    def plan_rows(self, plan_ids: Sequence[int]) -> Sequence[PlanRow]:
        """Возвращает строки планов (до 50 номеров) в порядке этапов."""
        if not plan_ids:
            return ()
        return [_row(row) for row in self._questions.ask("plan_details", ids=list(plan_ids))]


def _patient(row: Row) -> PlanPatient:
    card, phone = line(text(row, "card_number")), text(row, "phone") or ""
    return PlanPatient(number(row, "patient_id"), card, _person(row, ""), phone)


def _head(row: Row) -> PlanHead:
    return PlanHead(
        plan_id=number(row, "plan_id"),
        name=line(text(row, "plan_name")),
        doctor_name=_person(row, "doctor_"),
        created_at=moment(row, "created_at"),
        price_fixed_at=moment(row, "price_fixed_at"),
    )


def _row(row: Row) -> PlanRow:
    bits, order = text(row, "teeth_bits"), text(row, "stage_order")
    item = PlanItem(
        stage=line(text(row, "stage")),
        stage_order=LAST if order is None else number(row, "stage_order"),
        price=money(row, "price"),
        teeth=teeth_count(number(row, "teeth_bits") if bits is not None else None),
        discount=money(row, "discount"),
    )
    return PlanRow(
        plan_id=number(row, "plan_id"),
        line_id=number(row, "line_id"),
        item=item,
        element=line(text(row, "element")),
        service=line(text(row, "service")),
        done=bool(number(row, "done")),
        paid=bool(number(row, "paid")),
    )


def _person(row: Row, prefix: str) -> str:
    parts = (text(row, prefix + part) for part in ("surname", "name", "patronymic"))
    return PersonName.of(*parts).full
