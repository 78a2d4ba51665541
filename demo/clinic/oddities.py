"""Испорченные приёмы: по одному на каждую причину отказа, какую встречает администратор."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from demo.clinic import catalog
from demo.clinic.clinic import Oddity
from demo.clinic.desk import Item, Visit
from demo.clinic.people import invent
from demo.clinic.scene import Scene


@dataclass(frozen=True, slots=True)
class Trouble:
    """Порча: код причины отказа, что записано не так и как это получилось."""

    reason: str
    what: str
    happen: Callable[[Scene], int]


def _written(phone: str | None) -> Callable[[Scene], int]:
    """Возвращает приём пациента, чей телефон записан именно так."""

    def happen(scene: Scene) -> int:
        patient_id = scene.desk.register(invent(scene.rng), phone)
        return scene.book(patient_id, scene.slot(3))

    return happen


def _ends_before_start(scene: Scene) -> int:
    start = scene.slot(2)
    return scene.book(scene.patient(), start, PlanEnd=start - timedelta(minutes=30))


def _far_ahead(scene: Scene) -> int:
    return scene.book(scene.patient(), scene.slot(420))


def _far_back(scene: Scene) -> int:
    return scene.book(scene.patient(), scene.slot(-3700))


def _reason_without_cancel(scene: Scene) -> int:
    return scene.book(scene.patient(), scene.slot(4), ID_ReceptionCancelReasons=scene.rooms.reasons[0])


def _too_expensive(scene: Scene) -> int:
    reception_id = scene.book(scene.patient(), scene.slot(5))
    pricey = Item(scene.rooms.prices[catalog.PRICEY.name], Decimal(3))
    scene.desk.order(reception_id, scene.rooms.companies[scene.place.number], [pricey])
    return reception_id


def _without_surname(scene: Scene) -> int:
    return scene.book(scene.patient(replace(invent(scene.rng), surname="")), scene.slot(1))


def _without_card(scene: Scene) -> int:
    patient_id = scene.patient()
    scene.desk.change("Patients", patient_id, CardNumber=None)
    return scene.book(patient_id, scene.slot(6))


def _without_profession(scene: Scene) -> int:
    armchair_id = scene.rooms.armchairs[scene.place.number][0]
    return scene.desk.book(Visit(scene.patient(), scene.rooms.bare_staff, armchair_id, scene.slot(2)))


def _without_doctor(scene: Scene) -> int:
    armchair_id = scene.rooms.armchairs[scene.place.number][0]
    return scene.desk.book(Visit(scene.patient(), None, armchair_id, scene.slot(7)))


TROUBLES: Sequence[Trouble] = (
    Trouble("phone_missing", "телефона нет", _written(None)),
    Trouble("phone_missing", "в телефоне одни пробелы", _written("   ")),
    Trouble("phone_invalid", "два номера в одном поле", _written("8 943 000-11-22, 8 943 000-11-33")),
    Trouble("phone_invalid", "номер другой страны", _written("+375 29 000-11-22")),
    Trouble("phone_invalid", "буквы в номере", _written("8 943 000-11-22 мама")),
    Trouble("phone_invalid", "добавочный номер", _written("8 943 000-11-22 доб. 5")),
    Trouble("phone_invalid", "не хватает цифры", _written("8 943 000-11-2")),
    Trouble("end_before_start", "окончание раньше начала", _ends_before_start),
    Trouble("start_too_late", "назначен больше чем на год вперёд", _far_ahead),
    Trouble("start_too_early", "назначен больше десяти лет назад", _far_back),
    Trouble("cancel_reason_without_cancel", "причина отмены без отмены", _reason_without_cancel),
    Trouble("amount_too_big", "сумма больше 10 миллионов", _too_expensive),
    Trouble("surname_missing", "нет фамилии", _without_surname),
    Trouble("card_number_missing", "нет номера карты", _without_card),
    Trouble("profession_missing", "у врача нет специальности", _without_profession),
    Trouble("doctor_surname_missing, doctor_name_missing, profession_missing", "нет врача", _without_doctor),
)


def spoil(scene: Scene, database_id: str, troubles: Sequence[Trouble]) -> list[Oddity]:
    """Записывает испорченные приёмы и возвращает, с какой причиной каждый должны отклонить."""
    return [Oddity(database_id, trouble.happen(scene), trouble.reason, trouble.what) for trouble in troubles]
