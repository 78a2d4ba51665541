"""Точки отсчёта: как ту же работу сделал бы толковый интегратор готовыми средствами.

Все делают одно: ищут сделку по ключу и клиента по телефону (контакты и лиды), создают контакт и сделку;
при изменении — находят сделку вместе с её стадией и пишут поля. Очереди, повторов и памяти у них нет.
"""

from collections.abc import Sequence

from bench.work import KEY, Visit

Params = dict[str, object]


def find_deals(visits: Sequence[Visit]) -> Params:
    """Возвращает параметры поиска сделок по ключам, до 50 сразу: ответ несёт и стадию."""
    return {"filter": {f"@{KEY}": [visit.uid for visit in visits]}, "select": ["ID", "STAGE_ID", KEY]}


def find_client(visit: Visit, kind: str) -> Params:
    """Возвращает параметры поиска клиента по телефону."""
    return {"type": "PHONE", "values": [visit.phone], "entity_type": kind}


def new_contact(visit: Visit) -> Params:
    """Возвращает параметры нового контакта."""
    phones = [{"VALUE": visit.phone, "VALUE_TYPE": "MOBILE"}]
    return {"fields": {"LAST_NAME": visit.surname, "NAME": "Имя", "PHONE": phones}}


def new_deal(visit: Visit, contact_id: object) -> Params:
    """Возвращает параметры новой сделки."""
    fields = {
        KEY: visit.uid,
        "TITLE": f"{visit.surname} Имя - {visit.start:%d.%m.%Y %H:%M}",
        "CATEGORY_ID": 1,
        "STAGE_ID": "C1:CONSULT_SCHED",
        "UF_CRM_START_TIME": f"{visit.start.isoformat()}+03:00",
        "UF_CRM_FILIAL": "Филиал Фучика",
        "OPPORTUNITY": 5000,
        "CURRENCY_ID": "RUB",
        "CONTACT_ID": contact_id,
    }
    return {"fields": fields}


def changed_deal(deal_id: object) -> Params:
    """Возвращает параметры изменения: пациент пришёл."""
    fields = {"STAGE_ID": "C1:TREATMENT", "UF_CRM_STATUS": "Пациент пришел", "OPPORTUNITY": 5000}
    return {"id": deal_id, "fields": fields}
