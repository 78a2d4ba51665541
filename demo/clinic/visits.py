"""Обычные приёмы: две недели вперёд, неделя назад, со всеми статусами, услугами и планами."""

from datetime import datetime, timedelta

from demo.clinic import catalog
from demo.clinic.scene import Scene, Step

#: Первая выборка читает изменения за 7 дней: всё обычное записано внутри них.
MEMORY = timedelta(days=6, hours=22)
DAYS_BACK, DAYS_AHEAD = -6, 14
AGED = timedelta(days=60)
TODAY_SHARE = 0.15
PLAN_SHARE = 0.25


def ordinary_visit(scene: Scene, patient_id: int) -> int:
    """Записывает пациента на случайный приём и доводит его до положенной сейчас ступени."""
    start = scene.slot(_day(scene))
    scene.desk.now = _booked_at(scene, start)
    reception_id = scene.book(patient_id, start)
    if scene.rng.random() < 0.12:
        _cancel(scene, reception_id, start)
        return reception_id
    step = _step(scene, start)
    order_id = _serve(scene, reception_id, patient_id)
    scene.attend(reception_id, start, step)
    if step is Step.CHECKED and order_id is not None:
        scene.desk.bill(order_id)
    return reception_id


def aged_visit(scene: Scene, patient_id: int) -> int:
    """Записывает приём двухмесячной давности, который давно не меняли."""
    start = scene.slot(-AGED.days)
    scene.desk.now = start - timedelta(days=1)
    reception_id = scene.book(patient_id, start)
    scene.attend(reception_id, start, Step.CHECKED)
    return reception_id


def _day(scene: Scene) -> int:
    return 0 if scene.rng.random() < TODAY_SHARE else scene.rng.randint(DAYS_BACK, DAYS_AHEAD)


def _booked_at(scene: Scene, start: datetime) -> datetime:
    earlier = start - timedelta(minutes=scene.rng.randint(60, 60 * 24 * 5))
    return min(max(earlier, scene.now - MEMORY), scene.now - timedelta(minutes=1))


def _cancel(scene: Scene, reception_id: int, start: datetime) -> None:
    latest = min(scene.now, max(start, scene.desk.now))
    scene.desk.now += (latest - scene.desk.now) / 2
    reasons = (None, *scene.rooms.reasons, *scene.rooms.reasons)
    scene.desk.cancel(reception_id, scene.rng.choice(reasons), scene.rng.choice((None, "звонил сам")))


def _step(scene: Scene, start: datetime) -> Step:
    """Возвращает ступень, до которой приём дошёл к нынешнему времени."""
    if start > scene.now:
        return Step.PLANNED
    if start > scene.now - timedelta(minutes=30):
        return scene.rng.choice((Step.APPEARED, Step.STARTED))
    steps = (Step.PLANNED, Step.ENDED, Step.CHECKED)
    return scene.rng.choices(steps, weights=(1, 2, 7))[0]


def _serve(scene: Scene, reception_id: int, patient_id: int) -> int | None:
    services = scene.services()
    if not services:
        return None
    order_id = scene.order(reception_id, services)
    if scene.rng.random() < PLAN_SHARE:
        planned = scene.rng.sample(catalog.TREATMENTS, scene.rng.randint(2, 5))
        _, items = scene.plan(patient_id, planned)
        scene.desk.add_line(order_id, items[0])
    return order_id
