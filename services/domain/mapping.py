"""Приём → сделка: какие поля, под какими именами, что пишется при создании и при обновлении (МАП 2.2–2.6)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from services.domain.dates import title_time, to_iso
from services.domain.keys import RecordKey
from services.domain.names import PersonName, normalize_name
from services.domain.phones import Phone, normalize_phone
from services.domain.reception import Reception, status_of
from services.domain.services_list import amount_for_deal, services_text, total_amount
from services.domain.stages import KeepStage, SetStage, Stage, StageTable, target_stage
from services.domain.texts import line, paragraph

#: Поля сделки: имя на портале (МАП 2.2 и постановление 13) и подпись.
FIELDS: Mapping[str, tuple[str, str]] = {
    "reception_id": ("UF_CRM_RECEPTION_ID", "Номер приёма"),
    "title": ("TITLE", "Название"),
    "start_time": ("UF_CRM_START_TIME", "Начало приёма"),
    "end_time": ("UF_CRM_END_TIME", "Окончание приёма"),
    "doctor_surname": ("UF_CRM_DOCTOR_SURNAME", "Фамилия врача"),
    "doctor_name": ("UF_CRM_DOCTOR_NAME", "Имя врача"),
    "doctor_patronymic": ("UF_CRM_DOCTOR_PATRONYMIC", "Отчество врача"),
    "doctor_profession": ("UF_CRM_DOCTOR_PROFESSION", "Специальность врача"),
    "filial": ("UF_CRM_FILIAL", "Филиал"),
    "services": ("UF_CRM_SERVICES", "Услуги"),
    "amount": ("OPPORTUNITY", "Сумма"),
    "cancel_reason": ("UF_CRM_CANCEL_REASON", "Причина отмены"),
    "comment": ("COMMENTS", "Комментарий"),
    "card_number": ("UF_CRM_CARD_NUMBER", "Номер карты"),
    "armchair": ("UF_CRM_ARMCHAIR", "Кресло"),
    "status": ("UF_CRM_STATUS", "Статус приёма"),
    "created_time": ("UF_CRM_CREATED_TIME", "Запись создана"),
    "appeared_time": ("UF_CRM_APPEARED_TIME", "Пациент пришёл"),
    "started_time": ("UF_CRM_STARTED_TIME", "Приём начат"),
    "ended_time": ("UF_CRM_ENDED_TIME", "Приём завершён"),
    "canceled_time": ("UF_CRM_CANCELED_TIME", "Приём отменён"),
    "source": ("UF_CRM_SOURCE", "Источник записи"),
    "ident_patient": ("UF_CRM_IDENT_PATIENT", "Пациент в Ident"),
    "treatment_plans": ("UF_CRM_TREATMENT_PLANS", "Планы лечения"),
}
DEFAULT_FIELDS: Mapping[str, str] = {field: name for field, (name, _) in FIELDS.items()}
LABELS: Mapping[str, str] = {field: label for field, (_, label) in FIELDS.items()}

#: Поля, где бывают люди: без разрешения показываются закрытыми.
PERSONAL = (
    "title",
    "comment",
    "cancel_reason",
    "doctor_surname",
    "doctor_name",
    "doctor_patronymic",
)

#: Первоначальные данные, которые обновление не трогает (МАП 2.3.4, постановления 4 и 28). Пациент и номер
#: карты идут за приёмом: объединённые в Ident карты иначе оставили бы сделку без плана (постановление 33).
DEFAULT_IMMUTABLE: tuple[str, ...] = (
    "reception_id",
    "title",
    "start_time",
    "end_time",
    "doctor_surname",
    "doctor_name",
    "doctor_patronymic",
    "doctor_profession",
    "filial",
)

#: Пишутся, даже когда пусты: пустой список услуг — тоже ответ (МАП 5.2).
ALWAYS_SENT = frozenset({"services", "amount"})
#: Обновляются только при заполнении (МАП 2.3.4).
WHEN_FILLED = frozenset({"cancel_reason"})
#: Ключ записи не обновляется ни при каких настройках.
KEY = "reception_id"
#: Едут вместе с суммой: она в рублях и посчитана Ident, а не по товарам сделки.
MONEY: Mapping[str, str] = {"CURRENCY_ID": "RUB", "IS_MANUAL_OPPORTUNITY": "Y"}
#: Поля сделки, которыми распоряжается программа: настройка их занять не может.
RESERVED = frozenset({"ID", "CATEGORY_ID", "STAGE_ID", "CONTACT_ID", "CONTACT_IDS", "LEAD_ID", *MONEY})
FIELD_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class FieldTable:
    """Имена полей сделки на портале."""

    names: Mapping[str, str]

    @classmethod
    def build(cls, overrides: Mapping[str, str]) -> "FieldTable":
        """Собирает таблицу; незнакомое поле, негодное или повторённое имя — ValueError."""
        if unknown := sorted(set(overrides) - set(DEFAULT_FIELDS)):
            raise ValueError(f"[portal.fields]: нет полей {', '.join(unknown)}")
        if wrong := sorted(name for name in overrides.values() if not _is_free_name(name)):
            raise ValueError(f"[portal.fields]: не годятся имена {', '.join(map(repr, wrong))}")
        names = {**DEFAULT_FIELDS, **overrides}
        if len(set(names.values())) < len(names):
            raise ValueError("[portal.fields]: одно имя стоит у двух полей")
        return cls(names)

    def __getitem__(self, field: str) -> str:
        return self.names[field]


def _is_free_name(name: str) -> bool:
    return FIELD_NAME.fullmatch(name) is not None and name not in RESERVED


@dataclass(frozen=True, slots=True, repr=False)
class DealDraft:
    """Сделка, какой она должна быть: значения готовы для JSON; ``repr`` человека не показывает."""

    uid: str
    patient: PersonName
    phone: Phone
    target: Stage
    values: Mapping[str, str | float]

    def __repr__(self) -> str:
        return f"DealDraft({self.uid})"


def draft_deal(
    reception: Reception, uid: RecordKey, branch_text: str, database_id: str, zone: timezone
) -> DealDraft:
    """Составляет сделку по проверенному приёму; негодный телефон — InvalidPhone."""
    patient = PersonName.of(reception.surname, reception.name, reception.patronymic)
    values = {
        **_identity(reception, uid, patient, branch_text, database_id),
        **_doctor(reception),
        **_contents(reception),
        **_times(reception, zone),
    }
    return DealDraft(str(uid), patient, normalize_phone(reception.phone), target_stage(reception), values)


def deal_title(patient: PersonName, start: datetime | None) -> str:
    """Возвращает «Фамилия Имя Отчество - ДД.ММ.ГГГГ ЧЧ:ММ» (МАП 2.4)."""
    return f"{patient.full} - {title_time(start)}" if start else patient.full


def _identity(
    reception: Reception, uid: RecordKey, patient: PersonName, branch_text: str, database_id: str
) -> dict[str, str | float]:
    return {
        "reception_id": str(uid),
        "title": deal_title(patient, reception.plan_start),
        "filial": branch_text,
        "card_number": line(reception.card_number),
        "ident_patient": f"{database_id}_{reception.patient_id}",
    }


def _doctor(reception: Reception) -> dict[str, str | float]:
    return {
        "doctor_surname": normalize_name(reception.doctor_surname),
        "doctor_name": normalize_name(reception.doctor_name),
        "doctor_patronymic": normalize_name(reception.doctor_patronymic),
        "doctor_profession": line(reception.profession),
    }


def _contents(reception: Reception) -> dict[str, str | float]:
    canceled = reception.canceled_at is not None
    return {
        "armchair": line(reception.armchair),
        "services": services_text([line(item.service) for item in reception.lines]),
        "amount": to_amount(total_amount(reception.lines)),
        "status": str(status_of(reception)),
        "cancel_reason": line(reception.cancel_reason) if canceled else "",
        "comment": paragraph(reception.comment),
        "source": line(reception.source),
    }


def _times(reception: Reception, zone: timezone) -> dict[str, str | float]:
    moments = {
        "start_time": reception.plan_start,
        "end_time": reception.plan_end,
        "created_time": reception.created_at,
        "appeared_time": reception.appeared_at,
        "started_time": reception.started_at,
        "ended_time": reception.ended_at,
        "canceled_time": reception.canceled_at,
    }
    return {field: to_iso(moment, zone) if moment else "" for field, moment in moments.items()}


def to_amount(total: Decimal) -> float:
    """Возвращает сумму для портала: неотрицательную, до копеек (МАП 2.6.6)."""
    return float(amount_for_deal(total))


def creation_fields(
    draft: DealDraft, fields: FieldTable, stages: StageTable, category_id: int
) -> dict[str, object]:
    """Возвращает поля новой сделки; пустые, кроме услуг и суммы, не пишутся."""
    filled = {
        fields[field]: value for field, value in draft.values.items() if value != "" or field in ALWAYS_SENT
    }
    return {
        **filled,
        "CATEGORY_ID": category_id,
        "STAGE_ID": stages.id_of(draft.target),
        **MONEY,
    }


def update_fields(
    draft: DealDraft, fields: FieldTable, immutable: Sequence[str], move: SetStage | KeepStage
) -> dict[str, object]:
    """Возвращает поля обновления: без первоначальных данных, со стадией, если она двигается (МАП 2.3.4)."""
    changed: dict[str, object] = dict(_updatable(draft, fields, frozenset(immutable)))
    if fields["amount"] in changed:
        changed |= MONEY
    if isinstance(move, SetStage):
        changed["STAGE_ID"] = move.stage_id
    return changed


def _updatable(
    draft: DealDraft, fields: FieldTable, immutable: frozenset[str]
) -> Iterator[tuple[str, str | float]]:
    for field, value in draft.values.items():
        if field == KEY or field in immutable or (field in WHEN_FILLED and value == ""):
            continue
        yield fields[field], value
