"""Страница целиком: шапка с кнопками, живая часть, подвал; входная страница и страница беды."""

import socket
from typing import TYPE_CHECKING

from config.version import version
from plan_frontend.monitor import lists, sections
from plan_frontend.monitor.forms import button
from plan_frontend.monitor.markup import Html, rendered, tag
from plan_frontend.monitor.snapshot import Filter, Snapshot
from plan_frontend.monitor.wording import ago, clock

if TYPE_CHECKING:
    from config.models import Settings

NAME = "Ident → Битрикс24"
#: Что показать после действия: код в адресе, слова — здесь.
DONE = {
    "requeued": "Возвращено в очередь записей: {}",
    "sync": "Выборка запрошена: изменения появятся через несколько секунд",
    "paused": "Пауза поставлена",
    "unpaused": "Пауза снята",
    "resumed": "Отправка возобновлена",
    "stale": "Страница устарела или запрос пришёл не с неё: повторите действие",
}


def page(snapshot: Snapshot, chosen: Filter, settings: "Settings", token: str, syncs: bool, done: str) -> str:
    """Возвращает страницу наблюдения."""
    head = tag(
        "header",
        tag("div", tag("strong", NAME), tag("span", f"служба на {socket.gethostname()}", class_="muted")),
        _controls(snapshot, token, syncs),
    )
    return document(
        head,
        tag("p", done, class_="flash", role="status") if done else None,
        tag("main", live(snapshot, chosen, settings, token), id="live", data_token=token),
        _footer(settings),
        script=True,
    )


def live(snapshot: Snapshot, chosen: Filter, settings: "Settings", token: str) -> Html:
    """Возвращает часть страницы, которая обновляется сама."""
    zone, portal, now = settings.rules.zone, settings.portal, snapshot.signs.now
    watched = ago(snapshot.watched_at, now) if snapshot.watched_at else "ещё не было"
    return rendered(
        [
            sections.headline(snapshot, token),
            sections.figures(snapshot),
            sections.branches(snapshot, zone),
            lists.failed(snapshot, chosen, zone, token),
            sections.charts(snapshot, zone),
            lists.retries(snapshot, zone),
            lists.rejected(snapshot, zone),
            sections.portal(snapshot, zone, portal.operating_limit, portal.requests_per_second),
            tag("p", f"Обновлено {clock(now, zone, now)}, присмотр {watched}", id="stamp", class_="muted"),
        ]
    )


def _controls(snapshot: Snapshot, token: str, syncs: bool) -> Html:
    paused = snapshot.signs.pause is not None
    sync = button("/sync", token, "Синхронизировать сейчас", kind="primary") if syncs and not paused else None
    question = "Поставить на паузу? Изменения перестанут читаться и отправляться, пока её не снимут."
    pause = (
        button("/unpause", token, "Снять паузу", kind="primary")
        if paused
        else button("/pause", token, "Пауза", confirm=question)
    )
    return tag("div", sync, pause, class_="controls")


def _footer(settings: "Settings") -> Html:
    flower = f"http://127.0.0.1:{settings.flower.port}/"
    return tag(
        "footer",
        tag("a", "Flower: задачи Celery", href=flower, target="_blank", rel="noopener"),
        tag("a", "Метрики Prometheus", href="/metrics"),
        tag("span", f"Журналы: {settings.journal.folder}", class_="muted"),
        tag("span", f"Версия {version()}", class_="muted"),
    )


def login(token: str, complaint: str = "") -> str:
    """Возвращает страницу входа."""
    form = tag(
        "form",
        tag("h1", NAME),
        tag("p", complaint, class_="alert", role="alert") if complaint else None,
        tag("input", type="hidden", name="token", value=token),
        tag("label", "Пароль страницы ", tag("input", type="password", name="password", autofocus=True)),
        tag("button", "Войти", type="submit", class_="primary"),
        method="post",
        action="/login",
        class_="panel login",
    )
    return document(tag("main", form))


def trouble(title: str, text: str) -> str:
    """Возвращает страницу, когда показать нечего: нет Redis, чужой запрос."""
    body = tag("main", trouble_section(title, text), id="live")
    return document(tag("header", tag("strong", NAME)), body, script=True)


def trouble_section(title: str, text: str) -> Html:
    """Возвращает приговор, когда показать нечего."""
    return tag(
        "section",
        tag("div", "✕", class_="mark", aria_hidden="true"),
        tag("div", tag("h1", title), tag("p", text, class_="lead")),
        id="verdict",
        class_="verdict bad",
        data_level="bad",
    )


def document(*body: Html | None, script: bool = False) -> str:
    """Возвращает документ HTML; посторонних ресурсов на странице нет."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"Наблюдение — {NAME}"),
        tag("link", rel="icon", href="data:,"),
        tag("link", rel="stylesheet", href="/page/monitor.css"),
        tag("script", src="/page/monitor.js", defer=True) if script else None,
    )
    reload = tag("noscript", tag("meta", http_equiv="refresh", content="30")) if script else None
    return "<!doctype html>" + tag("html", head, tag("body", *body, reload), lang="ru")
