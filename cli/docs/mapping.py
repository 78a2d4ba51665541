"""Таблицы соответствия: поля, стадии, отказы. Составляются исполнением правил, а не пересказом."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cli.docs.origins import CONTACT_NAME, CONTACT_PHONE, STAGE, origins
from cli.docs.samples import APPEARED, BARE, CANCELED, CHECK, ENDED, NOW, STARTED, WHOLE
from cli.docs.tables import table
from services.domain.mapping import ALWAYS_SENT, DEFAULT_FIELDS, DEFAULT_IMMUTABLE, KEY, WHEN_FILLED
from services.domain.phones import InvalidPhone, normalize_phone
from services.domain.plan import PlanLine
from services.domain.reception import OrderLine, Reception, status_of
from services.domain.stages import MANUAL, RANK, SetStage, Stage, StageTable, move_stage, target_stage
from services.domain.validation import REQUIRED, WARNINGS, violations

CODE_LIMIT = 22
CATEGORY = 1
TABLE = StageTable.build(CATEGORY, {})

CONSULTATION = OrderLine("Консультация терапевта", Decimal(1), Decimal(1000), Decimal(0))
FILLING = OrderLine("Лечение кариеса", Decimal(2), Decimal(5000), Decimal(500))


def fields() -> str:
    """Возвращает таблицу полей: имя на портале, источник в Ident, что пишет обновление."""
    found = origins()
    rows = [
        (f"`{field}`", f"`{name}`", ", ".join(found[field]), _creation(field), _update(field))
        if field in found
        else (f"`{field}`", f"`{name}`", "не из приёма", "—", "—")
        for field, name in DEFAULT_FIELDS.items()
    ]
    extra = [
        ("фамилия, имя, отчество", "контакт `LAST_NAME`, `NAME`, `SECOND_NAME`", CONTACT_NAME),
        ("телефон", "контакт `PHONE`", CONTACT_PHONE),
        ("стадия", "`STAGE_ID`", STAGE),
    ]
    contact = ("у нового контакта", "нет")
    rows += [
        (title, name, ", ".join(found[key]), *(("всегда", "только вперёд") if key == STAGE else contact))
        for title, name, key in extra
    ]
    return table(("поле", "на портале", "откуда в Ident", "при создании", "при обновлении"), rows)


def _creation(field: str) -> str:
    return "всегда" if field in ALWAYS_SENT or field == KEY else "если не пусто"


def _update(field: str) -> str:
    if field == KEY:
        return "никогда"
    if field in DEFAULT_IMMUTABLE:
        return "нет"
    return "если не пусто" if field in WHEN_FILLED else "да"


def stages() -> str:
    """Возвращает стадии: код по документам, длина, кто ставит."""
    rows = [(f"`{stage}`", f"`{TABLE.id_of(stage)}`", _length(stage), _setter(stage)) for stage in Stage]
    return table(("стадия", "код по МАП 2.5.1", f"знаков (не больше {CODE_LIMIT})", "кто ставит"), rows)


def _length(stage: Stage) -> str:
    length = len(TABLE.id_of(stage))
    return str(length) if length <= CODE_LIMIT else f"**{length} — портал не примет**"


def _setter(stage: Stage) -> str:
    if stage in MANUAL:
        return "куратор; программа не трогает"
    return f"программа, ступень {RANK[stage]}" if stage in RANK else "программа, из любой стадии"


#: Приоритеты МАП 2.5.2: условие и приём, для которого стадию считает само правило.
PRIORITIES: Sequence[tuple[str, str, Reception]] = (
    ("1", "запись отменена, что бы ещё ни стояло", replace(WHOLE, canceled_at=CANCELED)),
    ("2.1", "есть консультация; приём завершён", replace(BARE, lines=[CONSULTATION], ended_at=ENDED)),
    ("2.1", "есть консультация; счёт выдан", replace(BARE, lines=[CONSULTATION], check_issued_at=CHECK)),
    ("2.2", "есть консультация; не завершён", replace(BARE, lines=[CONSULTATION], started_at=STARTED)),
    ("3.1", "связанные планы выполнены и оплачены", replace(BARE, plan_lines=[PlanLine(1, 1, True, True)])),
    ("3.2", "план выполнен, не весь оплачен", replace(BARE, plan_lines=[PlanLine(1, 1, True, False)])),
    ("3.2", "план выполнен не весь", replace(BARE, plan_lines=[PlanLine(1, 1, False, False)])),
    ("4.1", "не консультация; счёт выдан", replace(BARE, lines=[FILLING], check_issued_at=CHECK)),
    ("4.2", "не консультация; завершён без счёта", replace(BARE, lines=[FILLING], ended_at=ENDED)),
    ("4.3", "не консультация; приём начат", replace(BARE, lines=[FILLING], started_at=STARTED)),
    ("4.4", "не консультация; пациент пришёл", replace(BARE, lines=[FILLING], appeared_at=APPEARED)),
    ("5", "ничего из перечисленного", BARE),
)


def priorities() -> str:
    """Возвращает порядок решения о стадии; стадию каждой строки считает правило."""
    rows = [(number, text, f"`{target_stage(reception)}`") for number, text, reception in PRIORITIES]
    return table(("приоритет", "условие", "стадия"), rows)


def moves() -> str:
    """Возвращает, куда сделка перейдёт с каждой стадии, когда приёму положена другая."""
    targets = [stage for stage in Stage if stage not in MANUAL]
    currents = [*Stage, None]
    rows = [(_named(current), *(_move(current, target) for target in targets)) for current in currents]
    return table(("стоит ↓, положена →", *(f"`{target}`" for target in targets)), rows)


def _named(stage: Stage | None) -> str:
    return f"`{stage}`" if stage else "чужая стадия"


def _move(current: Stage | None, target: Stage) -> str:
    current_id = TABLE.id_of(current) if current else "C9:OTHER"
    return "перейдёт" if isinstance(move_stage(current_id, target, TABLE), SetStage) else "—"


def statuses() -> str:
    """Возвращает статусы записи: заполненная отметка → текст UF_CRM_STATUS; верхняя главнее."""
    marks: Mapping[str, Mapping[str, datetime]] = {
        "ReceptionCanceled": {"canceled_at": CANCELED},
        "CheckIssued": {"check_issued_at": CHECK},
        "ReceptionEnded": {"ended_at": ENDED},
        "ReceptionStarted": {"started_at": STARTED},
        "PatientAppeared": {"appeared_at": APPEARED},
    }
    rows = [(f"`{name}`", str(status_of(_marked(mark)))) for name, mark in marks.items()]
    return table(("заполнено", "статус"), [*rows, ("ничего", str(status_of(BARE)))])


def _marked(marks: Mapping[str, datetime]) -> Reception:
    return replace(BARE, **marks)  # type: ignore[arg-type]


def _spoiled() -> Iterator[Reception]:
    yield from (replace(WHOLE, **{field: None}) for field in REQUIRED)  # type: ignore[arg-type]
    yield from (replace(WHOLE, phone=phone) for phone in ("", "8 916 123-45-67 доб. 2"))
    yield replace(WHOLE, plan_start=NOW + timedelta(days=400), plan_end=NOW + timedelta(days=401))
    yield replace(WHOLE, plan_start=NOW - timedelta(days=4000))
    yield replace(WHOLE, plan_end=WHOLE.plan_start)
    yield replace(WHOLE, lines=[replace(FILLING, price=Decimal(10_000_001))])
    yield replace(WHOLE, canceled_at=None)


def refusals() -> str:
    """Возвращает причины отказа: код и текст для администратора."""
    found = {
        violation.reason: violation.message
        for reception in _spoiled()
        for violation in violations(reception, NOW.replace(tzinfo=UTC), UTC)
    }
    return table(("причина", "текст"), [(f"`{reason}`", text) for reason, text in found.items()])


def warnings() -> str:
    """Возвращает предупреждения: отправке они не мешают."""
    return table(("код", "текст"), [(f"`{warning.reason}`", warning.message) for _, warning in WARNINGS])


#: Примеры документов и спорные записи номера.
PHONES = (
    "79161234567",
    "+7 (916) 123-45-67",
    "8-916-123-45-67",
    "9161234567",
    "8916123456",
    "+375 29 123-45-67",
    "89161234567, 89167654321",
    "8 916 123-45-67 доб. 2",
)


def phones() -> str:
    """Возвращает, что выходит из разных записей номера."""
    return table(("в Ident", "итог"), [(f"`{phone}`", _phone(phone)) for phone in PHONES])


def _phone(text: str) -> str:
    try:
        return f"`{normalize_phone(text).value}`"
    except InvalidPhone as error:
        return f"отказ `{error.reason}`: {error}"
