"""Поступки персонала и пациентов: каждый меняет базу так, как изменил бы её Ident."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from demo.clinic import catalog
from demo.clinic.desk import Item
from demo.clinic.people import PHONE_STYLES, invent_number
from demo.clinic.scene import MARKS, Scene, Step
from services.domain.phones import InvalidPhone, normalize_phone

#: Поступок возвращает номер приёма и что с ним стало; None — сейчас для него нет повода.
Outcome = tuple[int, str]
Deed = Callable[[Scene], Outcome | None]

ALIVE = "ReceptionCanceled IS NULL AND ID_ReceptionCancelReasons IS NULL AND CheckIssued IS NULL"
STEP_NAMES = ("", "пациент пришёл", "приём начат", "приём завершён", "счёт выдан")


def newcomer_books(scene: Scene) -> Outcome:
    """Записывает нового пациента."""
    reception_id = scene.book(scene.patient(), scene.slot(scene.rng.randint(0, 10)))
    return reception_id, "записан новый пациент"


def regular_books(scene: Scene) -> Outcome | None:
    """Записывает прежнего пациента ещё раз, иногда сразу с услугами."""
    patient_id = _pick(scene, "SELECT ID_Persons FROM Patients")
    if patient_id is None:
        return None
    reception_id = scene.book(patient_id, scene.slot(scene.rng.randint(1, 14)))
    if services := scene.services():
        scene.order(reception_id, services)
    return reception_id, "прежний пациент записан снова"


def visit_moves_on(scene: Scene) -> Outcome | None:
    """Отмечает следующую ступень ближайшего приёма: пришёл, начат, завершён, счёт."""
    visit = _visit(scene, f"{ALIVE} AND PlanStart < ?", scene.now + timedelta(days=1))
    if visit is None:
        return None
    step = Step(1 + max((n for n, mark in enumerate(MARKS, start=1) if visit[mark]), default=0))
    scene.desk.mark(visit["ID"], **{MARKS[step - 1]: scene.now})
    if step is Step.CHECKED:
        _bill(scene, visit["ID"])
    return visit["ID"], STEP_NAMES[step]


def doctor_adds_service(scene: Scene) -> Outcome | None:
    """Добавляет услугу в заказ начатого приёма; нет заказа — открывает его."""
    visit = _visit(scene, f"{ALIVE} AND PatientAppeared IS NOT NULL")
    if visit is None:
        return None
    service = scene.rng.choice((*catalog.TREATMENTS, *catalog.CONSULTATIONS))
    orders = scene.desk.ids("SELECT ID FROM Orders WHERE ID_Receptions = ? ORDER BY ID", visit["ID"])
    if orders:
        scene.desk.add_line(orders[-1], scene.item(service))
    else:
        scene.desk.order(visit["ID"], _company_of(scene, visit["ID"]), [scene.item(service)])
    return visit["ID"], f"добавлена услуга «{service.name}»"


def patient_cancels(scene: Scene) -> Outcome | None:
    """Отменяет будущий приём с причиной."""
    visit = _future_visit(scene)
    if visit is None:
        return None
    scene.desk.cancel(visit["ID"], scene.rng.choice(scene.rooms.reasons))
    return visit["ID"], "отменён"


def patient_reschedules(scene: Scene) -> Outcome | None:
    """Переносит приём: старый отменён, новый ссылается на него (постановление 18)."""
    visit = _future_visit(scene)
    if visit is None:
        return None
    scene.desk.cancel(visit["ID"], scene.rooms.reasons[2])
    start = scene.slot(scene.rng.randint(2, 14))
    moved_id = scene.book(visit["ID_Patients"], start, ID_ReceptionsTransferFrom=visit["ID"])
    return moved_id, f"перенесён с приёма {visit['ID']}"


def admin_corrects_phone(scene: Scene) -> Outcome | None:
    """Исправляет негодный телефон: отклонённая запись становится годной."""
    people = scene.desk.ask(
        "SELECT r.ID, r.ID_Patients, COALESCE(NULLIF(p.MobilePhone, ''), p.Phone) AS phone "
        "FROM Receptions r JOIN Persons p ON p.ID = r.ID_Patients ORDER BY r.ID"
    )
    spoiled = [row for row in people if not _is_phone(row["phone"])]
    if not spoiled:
        return None
    row = scene.rng.choice(spoiled)
    number = scene.rng.choice(PHONE_STYLES)(invent_number(scene.rng))
    scene.desk.correct_patient(row["ID_Patients"], MobilePhone=number)
    return row["ID"], "исправлен телефон"


def plan_advances(scene: Scene) -> Outcome | None:
    """Выполняет и оплачивает следующую строку плана на приёме пациента."""
    rows = scene.desk.ask(
        "SELECT r.ID, e.ID AS line, e.ID_TreatmentPlans AS plan, e.ID_ServicePrices AS price "
        "FROM TreatmentPlanElementRelations e JOIN TreatmentPlans t ON t.ID = e.ID_TreatmentPlans "
        "JOIN Receptions r ON r.ID_Patients = t.ID_Patients "
        f"WHERE t.IsActive = 1 AND {ALIVE} AND r.PlanStart < ? AND NOT EXISTS (SELECT 1 "
        "FROM OrderServiceRelation s WHERE s.ID_TreatmentPlanElementRelations = e.ID) ORDER BY r.ID, e.ID",
        scene.now + timedelta(days=2),
    )
    if not rows:
        return None
    row = scene.rng.choice(rows)
    done = Item(row["price"], plan_id=row["plan"], plan_line_id=row["line"])
    scene.desk.bill(scene.desk.order(row["ID"], _company_of(scene, row["ID"]), [done]))
    return row["ID"], "выполнена и оплачена услуга плана"


#: Поступки и как часто они случаются.
DEEDS: Mapping[Deed, int] = {
    visit_moves_on: 8,
    doctor_adds_service: 4,
    newcomer_books: 4,
    regular_books: 3,
    patient_cancels: 2,
    patient_reschedules: 2,
    plan_advances: 2,
    admin_corrects_phone: 1,
}


def _visit(scene: Scene, condition: str, *parameters: datetime) -> Mapping[str, Any] | None:
    """Возвращает случайный приём последних дней по условию."""
    sql = f"SELECT * FROM Receptions WHERE {condition} AND PlanStart > ? ORDER BY ID"
    visits = scene.desk.ask(sql, *parameters, scene.now - timedelta(days=2))
    return scene.rng.choice(visits) if visits else None


def _future_visit(scene: Scene) -> Mapping[str, Any] | None:
    return _visit(scene, f"{ALIVE} AND PatientAppeared IS NULL AND PlanStart > ?", scene.now)


def _pick(scene: Scene, sql: str) -> int | None:
    found: Sequence[int] = scene.desk.ids(f"{sql} ORDER BY 1")
    return scene.rng.choice(found) if found else None


def _company_of(scene: Scene, reception_id: int) -> int | None:
    """Возвращает организацию кабинета: заказ открывают там, где пациент сидит."""
    sql = (
        "SELECT a.ID_OwnCompanies FROM Receptions r JOIN Armchairs a ON a.ID = r.ID_Armchairs WHERE r.ID = ?"
    )
    return next(iter(scene.desk.ids(sql, reception_id)), None)


def _bill(scene: Scene, reception_id: int) -> None:
    sql = "SELECT ID FROM Orders WHERE ID_Receptions = ? AND DateTimeBillFormed IS NULL"
    for order_id in scene.desk.ids(sql, reception_id):
        scene.desk.bill(order_id)


def _is_phone(raw: str | None) -> bool:
    try:
        normalize_phone(raw)
    except InvalidPhone:
        return False
    return True
