"""Разделы страницы: приговор, числа, филиалы, портал, графики."""

from collections.abc import Sequence
from datetime import datetime, timezone

from plan_frontend.monitor.charts import chart, processed
from plan_frontend.monitor.forms import button
from plan_frontend.monitor.markup import Html, tag
from plan_frontend.monitor.snapshot import RATE_MINUTES, BranchView, Snapshot
from plan_frontend.monitor.verdict import Level, verdict
from plan_frontend.monitor.wording import ago, clock, number, records, within
from services.domain.alarms import Alarm, Cause, spell
from services.domain.signs import Signs
from services.ports import EntryState

MARKS = {Level.GOOD: "✓", Level.NOTE: "!", Level.BAD: "✕"}
OPERATING_SHOWN = 6
HERE = (
    ("на странице наблюдения", "на этой странице"),
    ("затем python manage.py portal resume", "затем нажмите «Возобновить отправку»"),
    ("выполните python manage.py portal resume", "нажмите «Возобновить отправку»"),
)
WAYS = {
    Cause.FAILED: ("#failed", "К списку «Не отправлено»"),
    Cause.ERROR_SHARE: ("#failed", "К списку «Не отправлено»"),
    Cause.REJECTED: ("#rejected", "К списку «Исправить в Ident»"),
}


def headline(snapshot: Snapshot, token: str) -> Html:
    """Возвращает приговор с тревогами и тем, что делать."""
    found = verdict(snapshot)
    return tag(
        "section",
        tag("div", MARKS[found.level], class_="mark", aria_hidden="true"),
        tag(
            "div",
            tag("h1", found.title),
            tag("p", found.text, class_="lead"),
            _advice(snapshot.alarms),
            _rescue(snapshot, token),
        ),
        id="verdict",
        class_=f"verdict {found.level}",
        data_level=str(found.level),
    )


def _advice(found: Sequence[Alarm]) -> Html | None:
    if not found:
        return None
    first, *others = found
    rest = [
        tag("li", tag("strong", alarm.title), f" — {alarm.text}. ", tag("em", f"{_here(alarm.advice)}."))
        for alarm in others
    ]
    return tag(
        "div",
        tag("p", tag("b", "Что делать: "), f"{_here(first.advice)}. ", _way(first), class_="advice"),
        tag("ul", *rest, class_="alarms") if rest else None,
    )


def _here(advice: str) -> str:
    """Возвращает совет словами этой страницы: письмо зовёт на неё, а она уже открыта."""
    for elsewhere, here in HERE:
        advice = advice.replace(elsewhere, here)
    return advice


def _way(alarm: Alarm) -> Html | None:
    """Возвращает ссылку на раздел страницы, где видно дело."""
    found = WAYS.get(alarm.cause)
    return tag("a", found[1], href=found[0]) if found else None


def _rescue(snapshot: Snapshot, token: str) -> Html | None:
    if snapshot.signs.halt is None:
        return None
    question = "Причина устранена? Отправка начнётся сразу."
    return tag("p", button("/resume", token, "Возобновить отправку", confirm=question, kind="primary"))


def figures(snapshot: Snapshot) -> Html:
    """Возвращает четыре главных числа."""
    day: dict[str, float] = {}
    for _, events in snapshot.day:
        for event, amount in events.items():
            day[event] = day.get(event, 0) + amount
    sent = day.get("created", 0) + day.get("updated", 0)
    tiles = (
        ("Отправлено за сутки", number(sent), f"обработано {number(processed(day))}", ""),
        ("Ждут отправки", number(len(snapshot.waiting)), _retry_note(snapshot), ""),
        (
            "Не отправлено",
            number(len(snapshot.failed)),
            "нужно ваше решение" if snapshot.failed else "решать нечего",
            "alert" if snapshot.failed else "",
        ),
        (
            "Исправить в Ident",
            number(len(snapshot.rejected)),
            "приёмы с ошибками" if snapshot.rejected else "ошибок нет",
            "warn" if snapshot.rejected else "",
        ),
    )
    items = [
        tag(
            "li", tag("span", title, class_="muted"), tag("b", value), tag("small", note), class_=kind or None
        )
        for title, value, note, kind in tiles
    ]
    return tag("section", tag("ul", *items, class_="tiles"), id="figures", aria_label="Главные числа")


def _retry_note(snapshot: Snapshot) -> str:
    retries = [entry.due_at for entry in snapshot.waiting if entry.state is EntryState.RETRY]
    if not retries:
        return "повторов нет"
    return f"повторов {len(retries)}, ближайший {within(min(retries), snapshot.signs.now)}"


def branches(snapshot: Snapshot, zone: timezone) -> Html:
    """Возвращает состояние каждого филиала."""
    names = (
        "Филиал",
        "Последний успех",
        "Прочитано изменений до",
        "Очередь",
        "Ошибки за час",
        "Связь с Ident",
    )
    head = tag("tr", *[tag("th", name, scope="col") for name in names])
    rows = [_branch_row(view, snapshot.signs, zone, names) for view in snapshot.branches]
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="cards")
    return tag("section", tag("h2", "Филиалы"), table, id="branches", class_="panel")


def _branch_row(view: BranchView, signs: Signs, zone: timezone, names: Sequence[str]) -> Html:
    found, now = view.signs, signs.now
    success = clock(found.last_success, zone, now) if found.last_success else ""
    errors = found.events("failed", "rejected", "retried")
    cells: tuple[object, ...] = (
        tag("div", tag("b", found.name), tag("small", f"{found.branch_id}, база {found.database_id}")),
        tag("div", ago(found.last_success, now), tag("small", success)),
        tag("div", _cursor(view), tag("small", _lag(view, now))),
        tag("div", _queue(view), tag("small", _queue_note(view, now))),
        tag("span", number(errors), class_="alert" if errors else None),
        tag("span", found.last_error, class_="alert")
        if found.last_error
        else tag("span", "есть" if found.last_success else "проверяется", class_="good" if success else None),
    )
    marked = [tag("td", cell, data_label=name) for cell, name in zip(cells, names, strict=True)]  # type: ignore[arg-type]
    return tag("tr", *marked, class_="trouble" if found.last_error else None)


def _cursor(view: BranchView) -> str:
    return f"{view.cursor.at:%d.%m %H:%M:%S}" if view.cursor else "ещё не читалось"


def _lag(view: BranchView, now: datetime) -> str:
    """Возвращает, на сколько портал может отставать от Ident: по чтению и по старшей записи очереди."""
    if view.signs.last_success is None:
        return ""
    behind = min(view.signs.last_success, view.oldest or now)
    return f"портал отстаёт до {spell(now - behind)}"


def _queue(view: BranchView) -> str:
    waiting = view.signs.waiting
    return records(waiting) if waiting else "пусто"


def _queue_note(view: BranchView, now: datetime) -> str:
    states = view.states
    parts = [
        f"отправляются {states[EntryState.IN_FLIGHT]}" if states[EntryState.IN_FLIGHT] else "",
        f"на повторе {states[EntryState.RETRY]}" if states[EntryState.RETRY] else "",
        f"следующий {within(view.next_retry, now)}" if view.next_retry else "",
        f"не отправлено {states[EntryState.FAILED]}" if states[EntryState.FAILED] else "",
        f"старшая ждёт {ago(view.oldest, now).removesuffix(' назад')}" if view.oldest else "",
    ]
    return ", ".join(part for part in parts if part)


def portal(snapshot: Snapshot, zone: timezone, limit: float, rate: float) -> Html:
    """Возвращает, как идут дела с порталом."""
    lately = snapshot.portal.lately
    each = lately.commands / lately.requests if lately.requests else 0.0
    waits = lately.waited / lately.requests if lately.requests else 0.0
    facts = (
        ("Запросов в секунду", f"{number(lately.requests / (RATE_MINUTES * 60), 2)} из {rate:g}"),
        ("Команд в запросе", number(each, 1)),
        ("Ожидание предела", f"{number(waits, 2)} с на запрос"),
        ("Отказов «слишком часто»", number(lately.refused)),
    )
    figures = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]
    return tag(
        "section",
        tag("h2", "Портал", tag("small", f"за {RATE_MINUTES} минут")),
        tag("dl", *figures, class_="facts"),
        _operating(snapshot, limit),
        _troubles(snapshot, zone),
        id="portal",
        class_="panel",
    )


def _operating(snapshot: Snapshot, limit: float) -> Html:
    spent = sorted(snapshot.portal.operating.items(), key=lambda item: -item[1])[:OPERATING_SHOWN]
    if not spent:
        return tag("p", "Время методов: за десять минут портал ни о чём не напоминал.", class_="muted")
    rows = [
        tag(
            "li",
            tag("code", method),
            tag("progress", value=f"{min(seconds, limit):.1f}", max=f"{limit:.0f}"),
            tag("span", f"{number(seconds, 1)} с из {number(limit)}"),
        )
        for method, seconds in spent
    ]
    return tag("div", tag("h3", "Время методов за десять минут"), tag("ul", *rows, class_="operating"))


def _troubles(snapshot: Snapshot, zone: timezone) -> Html:
    rows = [
        tag(
            "li",
            tag("time", clock(one.at, zone, snapshot.signs.now)),
            tag("span", f"{one.kind}: {one.message}"),
        )
        for one in snapshot.portal.troubles[:8]
    ]
    shown = tag("ul", *rows, class_="troubles") if rows else tag("p", "Отказов не было.", class_="muted")
    return tag("div", tag("h3", "Последние отказы"), shown)


def charts(snapshot: Snapshot, zone: timezone) -> Html:
    """Возвращает графики за сутки и за месяц."""
    return tag(
        "section",
        chart("За 24 часа", snapshot.day, lambda moment: f"{moment.astimezone(zone):%H:%M}"),
        chart("За 30 дней", snapshot.month, lambda moment: f"{moment.astimezone(zone):%d.%m}"),
        id="charts",
        class_="panel charts",
    )
