"""Страницы из шаблонов Jinja2: всякий текст экранируется, посторонних ресурсов на странице нет."""

import socket
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from config.version import version
from monitoring import wording
from monitoring.charts import chart
from monitoring.snapshot import RATE_MINUTES, Snapshot, Visit
from monitoring.verdict import verdict
from services.advice import Front, worded
from services.domain.alarms import Cause, spell
from services.domain.reasons import Place, reason_of

if TYPE_CHECKING:
    from config.models import Settings

#: Сколько строк списка видно сразу и сколько всего в каждом.
AT_ONCE, SHOWN, RETRIES_SHOWN, REJECTED_SHOWN, TROUBLE_RECORDS = 10, 50, 20, 300, 8
#: Разделы страницы: адрес и имя.
NAVIGATION = (
    ("/", "Состояние"),
    ("/record", "Запись"),
    ("/journals", "Журналы"),
    ("/check", "Проверка"),
    ("/settings", "Настройки"),
)
#: Отклонённые записи: где с ними справляются, раздел, его имя и что с ними делать.
LISTS = (
    (
        Place.IDENT,
        "rejected",
        "Исправить в Ident",
        "Число после «_» — номер приёма в Ident. Исправленный приём уйдёт на портал сам.",
    ),
    (
        Place.GONE,
        "gone",
        "Пропали из Ident",
        "Приёма нет, а сделка осталась. Удалили верно — закройте её; по ошибке — запишите пациента снова.",
    ),
    (
        Place.PROGRAM,
        "unread",
        "Сообщить разработчикам",
        "Программа не разобрала эти записи: в Ident исправлять, может быть, нечего.",
    ),
)
#: Куда на странице ведёт тревога.
WAYS = {
    Cause.FAILED: ("#failed", "К списку «Не отправлено»"),
    Cause.ERROR_SHARE: ("#failed", "К списку «Не отправлено»"),
    Cause.REJECTED: ("#rejected", "К списку «Исправить в Ident»"),
}


def page(snapshot: Snapshot, settings: "Settings", visit: Visit) -> str:
    around = {"syncs": visit.syncs, "done": visit.done, "host": socket.gethostname(), "version": version()}
    return rendered("page.html", here="/", refreshes=True, **around, **_living(snapshot, settings, visit))


def live(snapshot: Snapshot, settings: "Settings", visit: Visit) -> str:
    """Возвращает часть страницы, которая обновляется сама."""
    return rendered("live.html", **_living(snapshot, settings, visit))


def login(token: str, complaint: str = "") -> str:
    return rendered("login.html", token=token, complaint=complaint, refreshes=False)


def trouble(title: str, text: str) -> str:
    """Возвращает страницу, когда показать нечего: нет Redis, чужой запрос."""
    return rendered("trouble.html", title=title, text=text, refreshes=True)


def trouble_section(title: str, text: str) -> str:
    """Возвращает приговор, когда показать нечего."""
    return rendered("trouble_section.html", title=title, text=text)


def _living(snapshot: Snapshot, settings: "Settings", visit: Visit) -> Mapping[str, Any]:
    zone = settings.rules.zone
    return {
        "s": snapshot,
        "settings": settings,
        "token": visit.token,
        "chosen": visit.chosen,
        "now": snapshot.signs.now,
        "zone": zone,
        "verdict": verdict(snapshot),
        "ways": WAYS,
        "charts": [
            chart("За 24 часа", snapshot.day, lambda moment: f"{moment.astimezone(zone):%H:%M}"),
            chart("За 30 дней", snapshot.month, lambda moment: f"{moment.astimezone(zone):%d.%m}"),
        ],
        "rate_minutes": RATE_MINUTES,
        "at_once": AT_ONCE,
        "shown": SHOWN,
        "retries_shown": RETRIES_SHOWN,
        "trouble_records": TROUBLE_RECORDS,
        "rejected_shown": REJECTED_SHOWN,
        "lists": [one for one in LISTS if snapshot.refused(one[0])],
    }


def rendered(template: str, **values: Any) -> str:
    """Возвращает страницу по шаблону; ``here`` — её место в навигации, ``title`` — заголовок окна."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"product": wording.PRODUCT, "navigation": NAVIGATION}
    environment.filters |= {
        "number": wording.number,
        "records": wording.records,
        "plural": wording.plural,
        "spell": spell,
        "repeated": lambda value: (value, value),
        "px": lambda value: f"{value:.1f}",
        "reason": reason_of,
        "advice": lambda advice: worded(advice, Front.PAGE),
        "ago": _ago,
        "within": _within,
        "day": lambda moment: f"{moment:%d.%m.%Y}",
        "clock": _clock,
    }
    return environment


@pass_context
def _ago(context: Context, moment: datetime | None) -> str:
    return wording.ago(moment, context["now"])


@pass_context
def _within(context: Context, moment: datetime) -> str:
    return wording.within(moment, context["now"])


@pass_context
def _clock(context: Context, moment: datetime) -> str:
    return wording.clock(moment, context["zone"], context["now"])
