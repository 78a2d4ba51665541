"""Редкие, но верные приёмы: всё, на чём спотыкались прежние интеграции, и что обязано дойти до портала."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

from demo.clinic import catalog
from demo.clinic.desk import Item, Visit
from demo.clinic.people import as_written, invent, namesake_of, relative_of
from demo.clinic.scene import Scene, Step

TREATMENT = catalog.TREATMENTS[0]


def family(scene: Scene) -> None:
    """Семья с одним телефоном: три карты, три приёма."""
    parent = invent(scene.rng)
    for human in (parent, relative_of(parent, scene.rng), relative_of(parent, scene.rng)):
        scene.book(scene.patient(human), scene.slot(2))


def namesakes(scene: Scene) -> None:
    """Полные тёзки с разными телефонами и своими планами."""
    human = invent(scene.rng)
    for twin in (human, namesake_of(human, scene.rng)):
        patient_id = scene.patient(twin)
        scene.plan(patient_id, scene.rng.sample(catalog.TREATMENTS, 3))
        scene.book(patient_id, scene.slot(4))


def careless_writing(scene: Scene) -> None:
    """ФИО капсом или с пробелами и телефон только в поле Phone."""
    human = as_written(invent(scene.rng), scene.rng)
    scene.book(scene.desk.register(human, "", f"8{human.number}"), scene.slot(1))


def poisoned_comment(scene: Scene) -> None:
    """Комментарий, который портал мог бы принять за ссылку пакета или разметку."""
    comment = "Оплата: $result[contact] & 100% <b>сразу</b> 🙂\r\nВторая строка; a=1&b=2"
    scene.book(scene.patient(), scene.slot(2), Comment=comment)


def nowhere(scene: Scene) -> None:
    """Кабинет без организации и без заказа: филиал «Не указан», владеет домашний (постановление 2)."""
    staff_id = scene.rooms.staff[scene.place.number][0]
    scene.desk.book(Visit(scene.patient(), staff_id, scene.rooms.bare_armchair, scene.slot(3)))


def ordered_without_armchair(scene: Scene) -> None:
    """Филиал известен только из заказа."""
    staff_id = scene.rooms.staff[scene.place.number][0]
    visit = Visit(scene.patient(), staff_id, scene.rooms.bare_armchair, scene.slot(0))
    scene.order(scene.desk.book(visit), [TREATMENT])


def strange_company(scene: Scene) -> None:
    """Организация, которой нет в настройках: имя пишется как есть, владеет домашний (постановление 30)."""
    reception_id = scene.book(scene.patient(), scene.slot(3))
    scene.desk.order(reception_id, scene.rooms.stranger, [scene.item(TREATMENT)])


def many_services(scene: Scene) -> None:
    """Заказ из десяти услуг."""
    scene.order(scene.book(scene.patient(), scene.slot(1)), catalog.TREATMENTS[:10])


def endless_services(scene: Scene) -> None:
    """Перечень услуг длиннее 3000 знаков (МАП 2.6.5)."""
    scene.order(scene.book(scene.patient(), scene.slot(2)), catalog.LONG_SERVICES)


def several_orders(scene: Scene) -> None:
    """Три заказа: первый без организации, в третьем строка без цены; услуги не теряются и не двоятся."""
    reception_id = scene.book(scene.patient(), scene.slot(0))
    scene.desk.order(reception_id, None, [scene.item(catalog.TREATMENTS[1])])
    scene.order(reception_id, [TREATMENT, TREATMENT])
    scene.desk.order(reception_id, scene.rooms.companies[scene.place.number], [Item(None)])


def negative_sum(scene: Scene) -> None:
    """Скидка больше цены: сумма становится нулём (постановление 5)."""
    reception_id = scene.book(scene.patient(), scene.slot(1))
    generous = Item(scene.rooms.prices[TREATMENT.name], Decimal(1), TREATMENT.price + 1000)
    scene.desk.order(reception_id, scene.rooms.companies[scene.place.number], [generous])


def silent_cancel(scene: Scene) -> None:
    """Отмена без причины: предупреждение, не отказ (МАП 4.3)."""
    reception_id = scene.book(scene.patient(), scene.slot(2))
    scene.desk.cancel(reception_id, None)


def rescheduled(scene: Scene) -> None:
    """Перенос новым приёмом: старый отменён, у каждого своя сделка (постановление 18)."""
    patient_id = scene.patient()
    old_id = scene.book(patient_id, scene.slot(1))
    scene.desk.cancel(old_id, scene.rooms.reasons[2])
    scene.book(patient_id, scene.slot(5), ID_ReceptionsTransferFrom=old_id)


def _past_treatment(scene: Scene, patient_id: int, items: Sequence[Item]) -> tuple[int, int]:
    """Проводит вчерашний приём с заказом из готовых строк; возвращает номера приёма и заказа."""
    start = scene.slot(-1)
    scene.desk.now = start - timedelta(hours=2)
    reception_id = scene.book(patient_id, start)
    order_id = scene.desk.order(reception_id, scene.rooms.companies[scene.place.number], items)
    scene.attend(reception_id, start, Step.CHECKED)
    return reception_id, order_id


def finished_plan(scene: Scene) -> None:
    """План выполнен и оплачен целиком: WON (МАП 2.5.2)."""
    patient_id = scene.patient()
    _, items = scene.plan(patient_id, catalog.TREATMENTS[:3])
    _, order_id = _past_treatment(scene, patient_id, items)
    scene.desk.bill(order_id)


def unpaid_plan(scene: Scene) -> None:
    """План выполнен, но не оплачен: TREATMENT (постановление 21)."""
    patient_id = scene.patient()
    _, items = scene.plan(patient_id, catalog.TREATMENTS[3:6])
    _past_treatment(scene, patient_id, items)


def two_plans(scene: Scene) -> None:
    """Два действующих плана, один закончен: лечение продолжается."""
    patient_id = scene.patient()
    _, items = scene.plan(patient_id, catalog.TREATMENTS[:2])
    _, others = scene.plan(patient_id, catalog.TREATMENTS[4:8])
    _, order_id = _past_treatment(scene, patient_id, [*items, others[0]])
    scene.desk.bill(order_id)


def retired_plan(scene: Scene) -> None:
    """Недействующий и пустой планы ничего не значат."""
    patient_id = scene.patient()
    scene.plan(patient_id, catalog.TREATMENTS[:2], active=False)
    scene.plan(patient_id, ())
    scene.book(patient_id, scene.slot(6))


def mixed_services(scene: Scene) -> None:
    """Консультация среди лечения: приём считается консультацией (постановление 26)."""
    start = scene.slot(-2)
    scene.desk.now = start - timedelta(hours=1)
    reception_id = scene.book(scene.patient(), start)
    scene.order(reception_id, [catalog.CONSULTATIONS[2], *catalog.TREATMENTS[:2]])
    scene.attend(reception_id, start, Step.ENDED)


RARITIES: Sequence[Callable[[Scene], None]] = (
    family,
    namesakes,
    careless_writing,
    poisoned_comment,
    nowhere,
    ordered_without_armchair,
    strange_company,
    many_services,
    endless_services,
    several_orders,
    negative_sum,
    silent_cancel,
    rescheduled,
    finished_plan,
    unpaid_plan,
    two_plans,
    retired_plan,
    mixed_services,
)
