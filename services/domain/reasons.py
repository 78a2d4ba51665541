"""Коды причин словами: что не так и что сделать; одни слова на странице, в выгрузке и в консоли."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Reason:
    """Причина: коротко и что сделать; поступок в скобках называет каждый по-своему (services/advice)."""

    title: str
    advice: str


class Place(StrEnum):
    """Где справляются с отклонённой записью."""

    IDENT = "ident"
    GONE = "gone"
    PROGRAM = "program"


#: Прочие отклонённые исправляют в Ident.
ELSEWHERE: Mapping[str, Place] = {"reception_deleted": Place.GONE, "rule_failed": Place.PROGRAM}

_PORTAL_FIELDS = "Сверьте обязательные поля сделки и контакта на портале, затем верните запись в очередь"
_WAITS = "Запись вернётся в очередь сама, когда причина уйдёт; можно вернуть и сейчас"
_PROGRAM = "Передайте разработчикам строку журнала об этой записи; верните запись в очередь после обновления"
_DATE = "Исправьте в Ident дату приёма"

REASONS: Mapping[str, Reason] = {
    # Не отправлено: решать администратору.
    "network": Reason("Портал был недоступен по сети", _WAITS),
    "api": Reason("Портал отвечал ошибкой", _WAITS),
    "database": Reason("База Ident не отвечала", _WAITS),
    "store": Reason("Redis не отвечал", _WAITS),
    "field_required": Reason("На портале обязательно поле, которого нет у записи", _PORTAL_FIELDS),
    "field_invalid": Reason("Портал не принял данные сделки или контакта", _PORTAL_FIELDS),
    "field_unknown": Reason("Портал не знает одного из полей", "Создайте поля: {make_fields}"),
    "access_denied": Reason("Владельцу вебхука закрыта сделка или контакт", "Дайте ему права на портале"),
    "contact_unreadable": Reason(
        "Контакт с этим телефоном закрыт для владельца вебхука", "Дайте ему право читать контакты"
    ),
    "not_found": Reason("Элемента на портале уже нет", "Верните запись в очередь: он создастся заново"),
    "refused": Reason("Портал отказал вызову", _PORTAL_FIELDS),
    "reception_missing": Reason("Приёма больше нет в базе Ident", "Удалён в Ident: делать ничего не нужно"),
    "bad_uid": Reason("Номер записи испорчен", _PROGRAM),
    "bug": Reason("Ошибка программы", _PROGRAM),
    "worker_lost": Reason(
        "Отправка обрывалась раз за разом: узел погибал на этой записи или терял Redis",
        f"В первый раз запись попробуется сама через четверть часа. {_PROGRAM}",
    ),
    "entity_unknown": Reason(
        "Вида записей или филиала нет в настройках",
        "Верните файл сущности ([node] entities) или уберите запись",
    ),
    # Отклонено: исправить в Ident.
    "reception_deleted": Reason(
        "Пропали из Ident", "Проверьте, не удалён ли приём по ошибке: его сделка на портале осталась"
    ),
    "unreadable": Reason("Значение не читается из базы Ident", "Откройте и сохраните приём и карту в Ident"),
    "phone_missing": Reason("Нет телефона", "Впишите в Ident телефон пациента"),
    "phone_invalid": Reason("Телефон записан неверно", "Оставьте в Ident один российский номер"),
    "surname_missing": Reason("Нет фамилии", "Впишите в карту пациента Ident фамилию"),
    "name_missing": Reason("Нет имени", "Впишите в карту пациента Ident имя"),
    "card_number_missing": Reason("Нет номера карты", "Присвойте пациенту в Ident номер карты"),
    "plan_start_missing": Reason("Нет времени начала", "Укажите в Ident время начала приёма"),
    "plan_end_missing": Reason("Нет времени окончания", "Укажите в Ident время окончания приёма"),
    "created_at_missing": Reason(
        "Нет времени создания записи", "Создайте приём в Ident заново: у этого нет времени создания"
    ),
    "doctor_surname_missing": Reason("Нет врача", "Назначьте в Ident врача приёма"),
    "doctor_name_missing": Reason("Нет имени врача", "Заполните в Ident карту врача"),
    "profession_missing": Reason("Нет специальности врача", "Укажите в Ident специальность врача"),
    "end_before_start": Reason("Конец приёма раньше начала", "Исправьте в Ident время приёма"),
    "start_too_late": Reason("Дата приёма слишком далеко в будущем", _DATE),
    "start_too_early": Reason("Дата приёма слишком далеко в прошлом", _DATE),
    "amount_too_big": Reason("Сумма больше 10 млн рублей", "Проверьте в Ident заказ приёма"),
    "cancel_reason_without_cancel": Reason(
        "Указана причина отмены, но приём не отменён", "Отмените приём в Ident или уберите причину отмены"
    ),
    "rule_failed": Reason(
        "Программа не разобрала запись",
        "Проверьте запись в Ident; место сбоя — в тексте причины, сообщите его",
    ),
}


def place_of(code: str) -> Place:
    """Возвращает, где справляются с записью, отклонённой по этой причине."""
    return ELSEWHERE.get(code.split(",")[0].strip(), Place.IDENT)


def reason_of(code: str) -> Reason:
    """Возвращает причину словами; у записи их может быть несколько через запятую, важна первая."""
    first = code.split(",")[0].strip()
    return REASONS.get(first) or Reason(f"Причина «{first or 'не названа'}»", "Подробности — в журнале")
