"""Списки страницы: не отправлено, ждут повтора, исправить в Ident."""

import csv
import io
from collections import Counter
from datetime import timezone
from urllib.parse import urlencode

from plan_frontend.monitor.forms import button
from plan_frontend.monitor.markup import Html, tag
from plan_frontend.monitor.snapshot import Filter, Snapshot
from plan_frontend.monitor.wording import clock, number, plural, records, within
from services.domain.reasons import reason_of
from services.ports import Entry, EntryState

SHOWN = 50
RETRIES_SHOWN = 20
REJECTED_SHOWN = 300
CSV_HEAD = ("Запись", "Филиал", "Причина", "Что сделать", "Подробно", "Попыток", "Поставлена", "Отказ")


def failed(snapshot: Snapshot, chosen: Filter, zone: timezone, token: str) -> Html | None:
    """Возвращает неотправленные записи с отбором, возвратом и выгрузкой."""
    if not snapshot.failed:
        return None
    found = [entry for entry in snapshot.failed if chosen.admits(entry)]
    return tag(
        "section",
        tag("h2", "Не отправлено", tag("small", _counted(len(found), len(snapshot.failed)))),
        _groups(found, chosen, token),
        _filter(snapshot, chosen),
        _failed_actions(found, chosen, token),
        tag("div", _failed_table(found[:SHOWN], snapshot, zone, token), class_="scroll", tabindex=0),
        tag("p", f"Показаны первые {SHOWN}; в CSV — все.", class_="muted") if len(found) > SHOWN else None,
        id="failed",
        class_="panel",
    )


def _counted(found: int, total: int) -> str:
    return records(total) if found == total else f"отобрано {number(found)} из {number(total)}"


def _groups(found: list[Entry], chosen: Filter, token: str) -> Html:
    """Возвращает причины с числом записей: с одной причиной справляются разом."""
    counts = Counter(entry.reason.split(",")[0].strip() for entry in found)
    rows = []
    for code, count in counts.most_common():
        reason, fields = reason_of(code), {"branch": chosen.branch, "reason": code, "q": chosen.words}
        question = f"Вернуть в очередь {records(count)} с этой причиной?"
        about = tag("div", tag("strong", reason.title), tag("small", reason.advice))
        back = button("/requeue", token, f"Вернуть {number(count)}", fields, question)
        rows.append(tag("li", tag("b", number(count)), about, back))
    return tag("ul", *rows, class_="groups")


def _filter(snapshot: Snapshot, chosen: Filter) -> Html:
    branches = [(view.signs.branch_id, view.signs.name) for view in snapshot.branches]
    reasons = [(code, reason.title) for code, reason in snapshot.reasons.items()]
    return tag(
        "form",
        _select("branch", "Все филиалы", branches, chosen.branch),
        _select("reason", "Все причины", reasons, chosen.reason),
        tag("input", type="search", name="q", value=chosen.words, placeholder="Номер записи", maxlength=40),
        tag("button", "Отобрать", type="submit"),
        method="get",
        action="/#failed",
        class_="filter",
    )


def _select(name: str, every: str, options: list[tuple[str, str]], chosen: str) -> Html:
    items = [tag("option", text, value=value, selected=value == chosen) for value, text in options]
    return tag("select", tag("option", every, value=""), *items, name=name, aria_label=every)


def _failed_actions(found: list[Entry], chosen: Filter, token: str) -> Html:
    fields = {"branch": chosen.branch, "reason": chosen.reason, "q": chosen.words}
    question = f"Вернуть в очередь {records(len(found))}? Они уйдут на портал с нынешними данными Ident."
    back = button("/requeue", token, f"Вернуть в очередь: {number(len(found))}", fields, question, "primary")
    export = tag("a", "Скачать CSV", href=f"/failed.csv?{urlencode(fields)}", class_="link", download=True)
    return tag("div", back if found else None, export, class_="actions")


def _failed_table(rows: list[Entry], snapshot: Snapshot, zone: timezone, token: str) -> Html:
    names = ("Запись", "Причина", "Что сделать", "Когда", "Попыток", "")
    head = tag("tr", *[tag("th", name, scope="col") for name in names])
    body = [_failed_row(entry, snapshot, zone, token, names) for entry in rows]
    return tag("table", tag("thead", head), tag("tbody", *body), class_="cards")


def _failed_row(entry: Entry, snapshot: Snapshot, zone: timezone, token: str, names: tuple[str, ...]) -> Html:
    reason = reason_of(entry.reason)
    cells = (
        tag("b", entry.uid),
        tag("div", reason.title, tag("small", entry.message)),
        reason.advice,
        tag("time", clock(entry.due_at, zone, snapshot.signs.now)),
        number(entry.attempts),
        button("/requeue", token, "Вернуть", {"uid": entry.uid}, hint=f"Вернуть {entry.uid} в очередь"),
    )
    marked = [tag("td", cell, data_label=name or None) for cell, name in zip(cells, names, strict=True)]
    return tag("tr", *marked, data_uid=entry.uid)


def retries(snapshot: Snapshot, zone: timezone) -> Html | None:
    """Возвращает записи, ждущие повтора, с его временем."""
    now = snapshot.signs.now
    found = [entry for entry in snapshot.waiting if entry.state is EntryState.RETRY]
    if not found:
        return None
    rows = [
        tag(
            "li",
            tag("b", entry.uid),
            tag("span", f"{reason_of(entry.reason).title}, попытка {entry.attempts + 1}"),
            tag("time", f"{within(entry.due_at, now)}, в {clock(entry.due_at, zone, now)}"),
        )
        for entry in sorted(found, key=lambda entry: entry.due_at)[:RETRIES_SHOWN]
    ]
    more = len(found) - len(rows)
    return tag(
        "section",
        tag("h2", "Ждут повтора", tag("small", records(len(found)))),
        tag("ul", *rows, class_="retries"),
        tag("p", f"И ещё {records(more)}.", class_="muted") if more > 0 else None,
        id="retries",
        class_="panel",
    )


def rejected(snapshot: Snapshot, zone: timezone) -> Html | None:
    """Возвращает приёмы, которые надо исправить в Ident."""
    rows = snapshot.rejected[:REJECTED_SHOWN]
    if not rows:
        return None
    names = ("Приём", "Что не так", "Что исправить", "Когда")
    head = tag("tr", *[tag("th", name, scope="col") for name in names])
    body = []
    for one in rows:
        reason = reason_of(one.reason)
        at = tag("time", clock(one.at, zone, snapshot.signs.now))
        cells = (tag("b", one.uid), one.message, reason.advice, at)
        marked = [tag("td", cell, data_label=name) for cell, name in zip(cells, names, strict=True)]
        body.append(tag("tr", *marked))
    more = len(snapshot.rejected) > len(rows)
    note = "Число после «_» — номер приёма в Ident. Исправленный приём уйдёт на портал сам."
    return tag(
        "section",
        tag(
            "h2",
            "Исправить в Ident",
            tag("small", plural(len(snapshot.rejected), "приём", "приёма", "приёмов")),
        ),
        tag("p", note, class_="muted"),
        tag(
            "div",
            tag("table", tag("thead", head), tag("tbody", *body), class_="cards"),
            class_="scroll",
            tabindex=0,
        ),
        tag("p", f"Показаны последние {REJECTED_SHOWN}.", class_="muted") if more else None,
        id="rejected",
        class_="panel",
    )


def failed_csv(snapshot: Snapshot, chosen: Filter, zone: timezone) -> bytes:
    """Возвращает отобранные неотправленные записи таблицей для Excel."""
    names = {view.signs.branch_id: view.signs.name for view in snapshot.branches}
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow(CSV_HEAD)
    for entry in filter(chosen.admits, snapshot.failed):
        reason = reason_of(entry.reason)
        times = [f"{moment.astimezone(zone):%d.%m.%Y %H:%M:%S}" for moment in (entry.queued_at, entry.due_at)]
        branch = names.get(entry.uid.partition("_")[0], "")
        row = (entry.uid, branch, reason.title, reason.advice, entry.message, entry.attempts, *times)
        table.writerow([_harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _harmless(cell: object) -> object:
    """Не даёт таблице принять текст за формулу."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell
