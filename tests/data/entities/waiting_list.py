"""Лист ожидания Ident → сделка на стадии «Лист ожидания» (МАП 2.5.3): пример из docs/extending.md."""

from collections.abc import Mapping

from services.domain.entity import EntityPlace
from services.domain.mapping import DealDraft
from services.domain.names import PersonName
from services.domain.phones import normalize_phone
from services.domain.stages import Stage
from services.domain.texts import line, paragraph
from services.ident.rows import number, text


class WaitingList:
    """Заявка пациента, готового лечиться, как только у врача найдётся время."""

    letter = "W"

    def draft(self, row: Mapping[str, object], place: EntityPlace) -> DealDraft | None:
        """Возвращает сделку заявки; заявке, по которой уже записали на приём, сделка не нужна."""
        if text(row, "closed_by") is not None:
            return None
        patient = PersonName.of(text(row, "surname"), text(row, "name"), text(row, "patronymic"))
        values = {
            "reception_id": str(place.key),
            "title": f"{patient.full} - лист ожидания",
            "filial": place.branch_text,
            "doctor_profession": line(text(row, "profession")),
            "comment": paragraph(text(row, "comment")),
            "ident_patient": f"{place.database_id}_{number(row, 'patient_id')}",
        }
        return DealDraft(
            str(place.key), patient, normalize_phone(text(row, "phone")), Stage.WAITING_LIST, values
        )


ENTITY = WaitingList()
