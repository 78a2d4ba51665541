"""Охрана страницы наблюдения: чужие имена узла, подделка запроса, вход, формулы в таблице."""

import csv
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from starlette.routing import Route

from demo.portal.server import PortalServer
from monitoring.actions import Actions
from monitoring.app import monitor_app
from monitoring.export import failed_csv
from monitoring.guard import PasswordLogin, Tokens, refused
from monitoring.snapshot import Filter, take
from tests.support.pages import PageServer
from tests.support.watched import WatchedWorld
from tests.support.world import World

TOKEN = re.compile(r'name="token" value="([^"]+)"')


@pytest.fixture
def watched(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[WatchedWorld]:
    """Работающая установка."""
    watched = WatchedWorld(tmp_path, redis_url, portal)
    yield watched
    watched.close()


@pytest.fixture
def url(watched: WatchedWorld) -> Iterator[str]:
    """Адрес её страницы."""
    with PageServer(monitor_app(watched.services)) as server:
        yield server.url


def test_foreign_host_name_is_refused_and_noted(url: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = requests.get(url, headers={"Host": "evil.example:8025"}, timeout=10)
    assert answer.status_code == 403
    assert "Всё хорошо" not in answer.text
    assert "request_refused" in caplog.text


@pytest.mark.parametrize("host", ["127.0.0.1:8025", "localhost:1", "localhost", "[::1]:8025", "LOCALHOST"])
def test_own_names_are_known(url: str, host: str) -> None:
    assert requests.get(url, headers={"Host": host}, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("client", "host", "own"),
    [
        (("127.0.0.1", 5), "localhost", True),
        (("::1", 5), "[::1]:8025", True),
        (("192.168.1.7", 5), "localhost", False),
        (("127.0.0.1", 5), "", False),
        (("127.0.0.1", 5), "127.0.0.1.evil.example", False),
        (None, "localhost", False),
    ],
)
def test_who_is_asking(client: tuple[str, int] | None, host: str, own: bool) -> None:
    assert (refused(client, {"host": host}) == "") is own


@pytest.mark.parametrize(
    "action",
    ["requeue", "sync", "pause", "unpause", "resume", "check/doctor", "check/preview", "check/backfill"],
)
def test_order_without_the_token_is_not_obeyed(url: str, watched: WatchedWorld, action: str) -> None:
    watched.halt()
    answer = requests.post(url + action, data={"uid": "F1_70000"}, timeout=10, allow_redirects=False)
    assert answer.status_code == 403
    assert watched.store.gate.halted() is not None
    assert watched.store.gate.paused() is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_right_token_from_a_foreign_page_is_not_obeyed(
    url: str, watched: WatchedWorld, headers: dict[str, str]
) -> None:
    with requests.Session() as session:
        token = TOKEN.search(session.get(url, timeout=10).text)
        assert token is not None
        answer = session.post(url + "pause", data={"token": token[1]}, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert watched.store.gate.paused() is None


def test_token_of_another_visitor_is_not_obeyed(url: str, watched: WatchedWorld) -> None:
    token = TOKEN.search(requests.get(url, timeout=10).text)
    assert token is not None
    with requests.Session() as session:
        session.get(url, timeout=10)
        assert session.post(url + "pause", data={"token": token[1]}, timeout=10).status_code == 403
    assert watched.store.gate.paused() is None


def test_every_answer_forbids_framing_and_foreign_resources(url: str) -> None:
    for path in ("", "live", "page/monitor.css", "metrics"):
        headers = requests.get(url + path, timeout=10).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_page_asks_nothing_of_the_outside(url: str) -> None:
    text = requests.get(url, timeout=10).text
    sources = re.findall(r'(?:src|href|action)="([^"]*)"', text)
    outside = [source for source in sources if "//" in source and "127.0.0.1" not in source]
    assert outside == []


def test_orders_go_to_the_security_journal(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with requests.Session() as session:
        token = TOKEN.search(session.get(url, timeout=10).text)
        assert token is not None
        session.post(url + "pause", data={"token": token[1]}, timeout=10)
        session.post(url + "requeue", data={"token": token[1], "uid": "F1_7"}, timeout=10)
    said = [record.getMessage() for record in caplog.records if record.name == "ident.security"]
    assert any(text.startswith("sending_paused") for text in said)
    assert any(text.startswith("requeued") and "F1_7" in text for text in said)


def test_huge_form_is_not_read(url: str) -> None:
    assert requests.post(url + "pause", data={"token": "x" * 200_000}, timeout=10).status_code == 403


@pytest.mark.parametrize("offset", ["+05:30", "-03:30", "+05:45", "+03:00", "+14:00"])
def test_page_opens_in_any_time_zone_and_loses_no_event(
    tmp_path: Path, redis_url: str, portal: PortalServer, offset: str
) -> None:
    watched = WatchedWorld(tmp_path / "zone", redis_url, portal, days=40, rules={"utc_offset": offset})
    snapshot = take(watched.services)
    with PageServer(monitor_app(watched.services)) as server:
        assert requests.get(server.url, timeout=10).status_code == 200
    first = snapshot.month[0][0]
    stats, branches = watched.store.stats, [f"F{number}" for number in range(1, 6)]
    hours = [stats.hours(branch, first, snapshot.signs.now) for branch in branches]
    written = sum(events.get("created", 0) for found in hours for events in found.values())
    assert sum(events.get("created", 0) for _, events in snapshot.month) == written > 0
    assert [day.utcoffset() for day, _ in snapshot.month] == [first.utcoffset()] * 30
    watched.close()


def test_empty_password_of_the_page_is_no_password(
    tmp_path: Path, redis_url: str, portal: PortalServer
) -> None:
    watched = WatchedWorld(tmp_path / "open", redis_url, portal, monitor={"password": ""})
    with PageServer(monitor_app(watched.services)) as server:
        assert "Всё хорошо" in requests.get(server.url, timeout=10).text
    watched.close()


def test_page_without_redis_says_so(tmp_path: Path, portal: PortalServer) -> None:
    world = World(tmp_path / "lost", "redis://127.0.0.1:1/0", portal)
    with PageServer(monitor_app(world.services)) as server:
        text = requests.get(server.url, timeout=60).text
        assert "Redis недоступен" in text
        assert "Запустите службу Redis" in text
        assert "ident_up 0" in requests.get(server.url + "metrics", timeout=60).text
    world.close()


#: Вход и код пускают сами; метрики и обновление отвечают отказом, а не входом.
OWN_GUARD = ("/login", "/welcome", "/metrics", "/live")


def test_password_guards_every_address(tmp_path: Path, redis_url: str, portal: PortalServer) -> None:
    watched = WatchedWorld(tmp_path / "closed", redis_url, portal, monitor={"password": "тайна страницы"})
    app = monitor_app(watched.services, watched.world.path)
    routes = [route for route in app.routes if isinstance(route, Route) and route.path not in OWN_GUARD]
    asked = [(method, route.path) for route in routes for method in (route.methods or set()) - {"HEAD"}]
    with PageServer(app) as server:
        led = {
            place: requests.request(
                place[0], server.url + place[1][1:], timeout=10, allow_redirects=False
            ).headers.get("location")
            for place in asked
        }
        assert requests.get(server.url + "live", timeout=10).status_code == 401
    assert {("POST", f"/{name}") for name in Actions.NAMES} <= set(led)
    assert {place: where for place, where in led.items() if where != "/login"} == {}
    assert watched.store.gate.paused() is None
    watched.close()


def test_login_closes_after_five_mistakes_and_opens_later() -> None:
    moment = [0.0]
    login = PasswordLogin("верно", lambda: moment[0])
    assert not any(login.admits("мимо") for _ in range(5))
    assert login.closed_for() == 60
    moment[0] = 61
    assert login.closed_for() == 0
    assert login.admits("верно")


@pytest.fixture
def closed_url(tmp_path: Path, redis_url: str, portal: PortalServer) -> Iterator[str]:
    """Адрес страницы с паролем."""
    watched = WatchedWorld(tmp_path / "closed", redis_url, portal, monitor={"password": "тайна страницы"})
    with PageServer(monitor_app(watched.services)) as server:
        yield server.url
    watched.close()


def sign_in(session: requests.Session, url: str, password: str) -> int:
    """Вводит пароль на странице; возвращает код ответа."""
    token = TOKEN.search(session.get(url + "login", timeout=10).text)
    assert token is not None
    form = {"token": token[1], "password": password}
    return session.post(url + "login", data=form, timeout=10, allow_redirects=False).status_code


def test_mistakes_of_others_do_not_lock_out_the_browser_of_the_administrator(closed_url: str) -> None:
    with requests.Session() as administrator, requests.Session() as stranger:
        assert sign_in(administrator, closed_url, "тайна страницы") == 303
        assert [sign_in(stranger, closed_url, "мимо") for _ in range(6)] == [401] * 6
        assert sign_in(stranger, closed_url, "тайна страницы") == 401
        administrator.cookies.set("ident_session", None)
        assert sign_in(administrator, closed_url, "тайна страницы") == 303


def test_forged_browser_counts_with_strangers(closed_url: str) -> None:
    with requests.Session() as stranger:
        for number in range(5):
            stranger.cookies.set("ident_device", f"{number}.0123")
            assert sign_in(stranger, closed_url, "мимо") == 401
        assert sign_in(stranger, closed_url, "тайна страницы") == 401


@pytest.mark.parametrize(
    ("auth", "status"),
    [(None, 401), ((b"prometheus", "мимо".encode()), 401), ((b"prometheus", "тайна страницы".encode()), 200)],
)
def test_metrics_ask_for_the_password_of_the_page(closed_url: str, auth: object, status: int) -> None:
    answer = requests.get(closed_url + "metrics", auth=auth, timeout=10)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert ("ident_up" in answer.text) is (status == 200)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"])
def test_request_through_a_proxy_is_refused(url: str, header: str) -> None:
    assert requests.get(url, headers={header: "203.0.113.7"}, timeout=10).status_code == 403


def test_session_ends_in_time_and_with_a_new_password() -> None:
    moment = [1000.0]
    tokens = Tokens(b"key", "пароль", lambda: moment[0])
    cookie = tokens.session()
    assert tokens.is_session(cookie)
    assert not Tokens(b"key", "другой", lambda: moment[0]).is_session(cookie)
    assert not tokens.is_session(cookie.replace(cookie[0], "9", 1))
    moment[0] += 13 * 3600
    assert not tokens.is_session(cookie)
    assert not tokens.is_session(None)


def test_table_says_what_to_do_in_words(watched: WatchedWorld) -> None:
    watched._refuse("F1_1", "field_unknown", "нет поля")
    zone = watched.services.settings.rules.zone
    text = failed_csv(take(watched.services), Filter(), zone).decode("utf-8-sig")
    (_, row) = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert row[3] == "Создайте поля: «Настройки» → «Создать на портале» на странице наблюдения"


@pytest.mark.parametrize("lead", ["=", "\t=", "\r=", "  =", "\n=", "＝", "+", "-", "@", "\t"])
def test_table_never_holds_a_formula(watched: WatchedWorld, lead: str) -> None:
    watched._refuse("F1_1", "refused", f"{lead}HYPERLINK(1)")
    zone = watched.services.settings.rules.zone
    text = failed_csv(take(watched.services), Filter(), zone).decode("utf-8-sig")
    (_, row) = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert row[4] == f"'{lead}HYPERLINK(1)"
    assert row[2] == "Портал отказал вызову"
