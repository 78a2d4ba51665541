"""Осмотр портала: вебхук, права, поля, воронка и стадии, время, пределы."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.bitrix.portal_schema import STAGE_ID_LENGTH, STAGES, wanted_fields
from services.doctor.findings import Finding, fail, ok, warn
from services.domain.errors import NetworkError, RetriableError, SyncError

if TYPE_CHECKING:
    from config.models import PortalSettings
    from services.bitrix.portal_admin import PortalAdmin, StageRow

SETUP = "Создайте недостающее: {make_fields}"
WRONG_KIND = "Удалите его на портале и создайте заново ({make_fields}) или назовите другое {in_fields}"
DRIFT_WARN, DRIFT_FAIL = timedelta(seconds=60), timedelta(minutes=5)
HALF_HOUR = timedelta(minutes=30)
COMMON_RATE = 2.0
OPERATING_SHARE = 0.8
#: По этим полям узнают сделку приёма; доказательством они не служат, но лишний соблазн ни к чему.
KEY_FIELDS = ("reception_id", "ident_patient", "treatment_plans")


def webhook(admin: "PortalAdmin") -> Iterator[Finding]:
    """Проверяет вебхук; не принят — остальное на портале не проверить."""
    try:
        owner = admin.owner()
    except SyncError as error:
        yield fail("portal", str(error), advice_for(error))
        return
    who = "администратор" if owner.is_admin else "не администратор: воронку и поля создаёт администратор"
    yield ok("portal", f"вебхук принят, его владелец — сотрудник {owner.user_id}, {who}")


def advice_for(error: SyncError) -> str:
    """Возвращает, что делать с отказом портала: вебхук меняют, только если не принят он сам."""
    if isinstance(error, NetworkError):
        return (
            "Проверьте интернет на этом компьютере и открывается ли портал в браузере. Вебхук ни при чём: "
            "связь вернётся — отправка продолжится сама"
        )
    if isinstance(error, RetriableError):
        return "Портал отказал временно: подождите и повторите осмотр; вебхук менять не нужно"
    return "Создайте входящий вебхук и {set_webhook}"


def scopes(granted: Sequence[str], notifies: bool) -> Iterator[Finding]:
    if "crm" not in granted:
        yield fail("portal.scopes", "у вебхука нет права crm", "Отметьте crm в правах вебхука на портале")
    elif notifies and "im" not in granted:
        advice = "Отметьте im в правах вебхука или сотрите сотрудников портала (bitrix_users) {in_alerts}"
        yield fail("portal.scopes", "у вебхука нет права im", advice)
    else:
        yield ok("portal.scopes", f"права вебхука: {', '.join(granted)}")


def fields(settings: "PortalSettings", existing: Mapping[str, str]) -> Iterator[Finding]:
    wanted = wanted_fields(settings.field_table)
    good = True
    for field in wanted:
        code, kind = f"portal.field.{field.name}", existing.get(field.name)
        if kind is None:
            good = False
            yield fail(code, f"поля {field.name} ({field.label}) на портале нет", SETUP)
        elif kind != field.kind:
            good = False
            text = f"поле {field.name} вида {kind}, а нужно {field.kind}"
            yield fail(code, text, WRONG_KIND)
    if good:
        yield ok("portal.fields", f"все поля сделки ({len(wanted)}) на месте и нужных видов")


def keys(settings: "PortalSettings", editable: Collection[str]) -> Iterator[Finding]:
    """Проверяет, закрыты ли от людей поля, по которым сделку узнают."""
    table = settings.field_table
    named = [table[field] for field in KEY_FIELDS if table[field] in editable]
    if named:
        text = f"ключ приёма и пациента в сделке правит любой, кто её видит: {', '.join(named)}"
        yield warn("portal.keys", text, "Закройте поля от правки: docs/guide/administrator.md, «Поля ключа»")
    else:
        yield ok("portal.keys", "ключ приёма и пациента люди в сделке не правят")


def stages(settings: "PortalSettings", existing: Sequence["StageRow"]) -> Iterator[Finding]:
    if not existing:
        text = f"воронки {settings.category_id} на портале нет"
        yield fail("portal.pipeline", text, "Найдите готовую или создайте её: {make_fields}")
        return
    known = {row.status_id: row for row in existing}
    good = True
    for wanted in STAGES:
        code, status_id = f"portal.stage.{wanted.stage}", settings.stage_table.id_of(wanted.stage)
        row = known.get(status_id)
        if len(status_id) > STAGE_ID_LENGTH:
            good = False
            text = f"код стадии {status_id} длиннее {STAGE_ID_LENGTH} знаков: на портале такого быть не может"
            yield fail(code, text, "Впишите годный код: {make_fields}")
        elif row is None:
            good = False
            text = f"стадии {status_id} («{wanted.name}») в воронке {settings.category_id} нет"
            yield fail(code, text, SETUP)
        elif row.semantics != wanted.semantics:
            good = False
            text = f"стадия {status_id} не того рода: она должна быть {_kind(wanted.semantics)}"
            yield fail(code, text, "Назовите другую стадию воронки {in_stages}")
    if good:
        yield ok("portal.stages", f"все стадии ({len(STAGES)}) есть в воронке {settings.category_id}")


def _kind(semantics: str) -> str:
    return {"S": "успешной", "F": "неуспешной"}.get(semantics, "рабочей")


def clock(portal_now: datetime, now: datetime) -> Finding:
    drift = abs(now - portal_now)
    text = f"часы этого компьютера и портала расходятся на {drift.total_seconds():.0f} с"
    advice = "Включите сверку часов на этом компьютере"
    if drift > DRIFT_FAIL:
        return fail("portal.clock", text, advice)
    return (
        warn("portal.clock", text, advice) if drift > DRIFT_WARN else ok("portal.clock", "часы портала верны")
    )


def dates(pairs: Sequence[tuple[datetime, datetime]]) -> Finding:
    """Сверяет времена приёмов в Ident с тем, что портал вернул обратно: сдвиг пояса виден сразу у всех."""
    code = "portal.dates"
    shifts = [round((portal - ident) / HALF_HOUR) for ident, portal in pairs]
    if not shifts:
        return ok(code, "сделок ещё нет: времена сверить не на чем, повторите осмотр после первой выборки")
    common = max(set(shifts), key=shifts.count)
    if common and shifts.count(common) > len(shifts) / 2:
        text = f"времена приёмов на портале сдвинуты на {common / 2:+g} ч"
        return fail(
            code, text, "Поправьте часовой пояс базы (utc_offset) {in_rules}, и пояс владельца вебхука"
        )
    return ok(code, f"времена приёмов доходят без сдвига (сверено сделок: {len(shifts)})")


def limits(settings: "PortalSettings", operating: Mapping[str, float], is_simple: bool) -> Iterator[Finding]:
    rate = settings.requests_per_second
    if rate > COMMON_RATE:
        advice = "Так можно только на тарифе «Энтерпрайз»; на прочих поставьте 2 в секунду {in_portal}"
        yield warn("portal.rate", f"к порталу до {rate:g} запросов в секунду", advice)
    else:
        yield ok("portal.rate", f"к порталу до {rate:g} запросов в секунду: в пределах любого тарифа")
    limit = settings.operating_limit
    tight = {name: seconds for name, seconds in operating.items() if seconds >= OPERATING_SHARE * limit}
    for name, seconds in tight.items():
        text = f"метод {name} потратил {seconds:.0f} с из {limit:.0f} за десять минут"
        advice = "Проверьте на портале роботов и бизнес-процессы: они удлиняют запись сделок"
        yield warn("portal.operating", text, advice)
    if not tight:
        yield ok("portal.operating", "время методов далеко от предела")
    if is_simple:
        advice = "Переключите CRM в классический режим: в простом лиды превращаются в сделки сами"
        yield warn("portal.mode", "на портале простой режим CRM", advice)
