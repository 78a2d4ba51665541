"""Справочники клиники: филиалы, кабинеты, специальности, услуги, источники и причины отмены."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from demo.clinic.clinic import Place

#: Базы и филиалы: на первой базе двое, домашний — филиал Абжалилова (постановление 2).
DATABASES: Sequence[tuple[str, Sequence[Place]]] = (
    ("D1", (Place(1, "Филиал Абжалилова", home=True), Place(2, "Филиал Амирхана"))),
    ("D3", (Place(3, "Филиал Салимжанова"),)),
    ("D4", (Place(4, "Филиал Миннуллина"),)),
    ("D5", (Place(5, "Филиал Фучика"),)),
)
#: Организация, которой нет в настройках: записи с ней отклоняются.
STRANGER = "ООО «Соседняя клиника»"

ADMIN_ROLE, DOCTOR_ROLE, DIRECTOR_ROLE = 7, 8, 9
#: Специальности и роли Ident.
PROFESSIONS: Sequence[tuple[str, int]] = (
    ("Директор", DIRECTOR_ROLE),
    ("Администратор", ADMIN_ROLE),
    ("Терапевт", DOCTOR_ROLE),
    ("Хирург-имплантолог", DOCTOR_ROLE),
    ("Ортопед", DOCTOR_ROLE),
    ("Ортодонт", DOCTOR_ROLE),
    ("Гигиенист", DOCTOR_ROLE),
)
#: Врачи филиала — номера специальностей каждого; у второго их три: главная — врачебная с меньшим номером.
STAFF: Sequence[Sequence[int]] = ((3,), (4, 1, 5), (5,), (6, 3), (7,))

CANCEL_REASONS = ("Заболел пациент", "Изменились планы", "Перенос на другое время", "Не устроила цена")
SOURCES = ("Сайт", "Звонок", "Рекомендация", "Карты", "Повторное обращение")
COMMENTS = (
    None,
    None,
    None,
    "Просит позвонить за час",
    "Аллергия на лидокаин, предупредить врача",
    "Первый визит: встретить у входа & проводить <к стойке>",
    "Боится уколов.\r\nНужен спокойный врач.",
)


@dataclass(frozen=True, slots=True)
class Service:
    """Услуга прейскуранта."""

    name: str
    price: Decimal


CONSULTATIONS = (
    Service("Консультация врача-стоматолога", Decimal("0")),
    Service("Первичная консультация с планом лечения", Decimal("1500")),
    Service("КОНСУЛЬТАЦИЯ ортодонта", Decimal("1000")),
)
TREATMENTS = (
    Service("Лечение кариеса", Decimal("5000")),
    Service("Лечение пульпита трёхканального зуба", Decimal("14500")),
    Service("Профессиональная чистка Air-Flow", Decimal("4200.50")),
    Service("Удаление зуба простое", Decimal("2900")),
    Service("Удаление зуба мудрости", Decimal("9800")),
    Service("Установка имплантата", Decimal("38000")),
    Service("Коронка из диоксида циркония", Decimal("29900")),
    Service("Анестезия", Decimal("650")),
    Service("Прицельный снимок", Decimal("400")),
    Service("Отбеливание, 1 челюсть", Decimal("12000")),
    Service("Брекет-система, установка", Decimal("45000")),
    Service("Временная пломба", Decimal("333.3333333333")),
)
#: Длинные названия: тридцать таких не помещаются в 3000 знаков.
LONG_SERVICES = tuple(
    Service(
        f"Восстановление зуба {number}.{tooth} керамической вкладкой с изготовлением временной конструкции, "
        "снятием цифрового слепка и подбором цвета",
        Decimal(7000 + 100 * tooth),
    )
    for number in range(1, 5)
    for tooth in range(1, 9)
)
PRICEY = Service("Полная реставрация улыбки под ключ", Decimal("3500000"))
SERVICES: Sequence[Service] = (*CONSULTATIONS, *TREATMENTS, PRICEY, *LONG_SERVICES)

PLAN_STAGES = ("Подготовка", "Лечение", "Протезирование")
PLAN_ELEMENTS = ("Гигиена", "Терапия", "Хирургия", "Ортопедия")
