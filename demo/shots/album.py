"""Альбом документов: что снимается, в каком порядке и при каких бедах."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from config.first_run import new_code
from demo.portal.faults import Fault, FaultKind
from demo.portal.schema import DEAL
from demo.shots.camera import NARROW, Camera, Shot, Size, camera
from demo.shots.deals import Examples, examples
from demo.shots.stage import Stage, stage
from monitoring.flower import LOGIN, password

BOARD, CARD, WATCH = Size(1560, 820), Size(1280, 900), Size(1280, 1000)
SHORT = Size(1280, 500)
DRAWER = "#drawer"
REFUSED_RECORDS = 6


def make_album(images: Path, work: Path) -> Iterator[Path]:
    """Снимает все картинки документов; ``work`` — папка демонстрации. Длится около трёх минут."""
    with stage(work) as shown, camera(images) as photographer:
        shown.live(25)
        yield from _portal(shown, photographer)
        yield from _watching(shown, photographer)


def _portal(shown: Stage, photographer: Camera) -> Iterator[Path]:
    found = examples(list(shown.portal.state.entities[DEAL].values()))
    base = shown.portal.base_url
    board = _seen(".tile")
    yield photographer.take(Shot("portal-funnel", base, board, BOARD))
    yield photographer.take(Shot("portal-funnel-narrow", base, board, NARROW))
    card = _seen("#card-title")
    yield photographer.take(Shot("deal-card", f"{base}deal/{found.card}", card, CARD, part=DRAWER))
    yield photographer.take(Shot("deal-card-narrow", f"{base}deal/{found.card}", card, NARROW))
    for shot in _plan_tabs(f"{base}deal/", found, shown.plans.port):
        yield photographer.take(shot)


def _plan_tabs(deal: str, found: Examples, port: int) -> Iterator[Shot]:
    table, one = _in_frame("tfoot"), f"{deal}{found.one}#plan"
    yield Shot("plan-one", one, table, CARD, part=DRAWER)
    yield Shot("plan-one-narrow", one, table, NARROW)
    yield Shot("plan-several", f"{deal}{found.several}#plan", table, CARD, part=DRAWER)
    absent = _in_frame("text=План лечения не найден")
    yield Shot("plan-none", f"{deal}{found.none}#plan", absent, SHORT, part=DRAWER)
    closed = f"http://127.0.0.1:{port}/**"
    yield Shot("plan-copy", one, _in_frame(".copy"), CARD, part=DRAWER, unreachable=closed)


def _watching(shown: Stage, photographer: Camera) -> Iterator[Path]:
    page = shown.monitor
    yield photographer.take(Shot("monitor-good", page, _seen("#verdict.good"), WATCH))
    yield photographer.take(Shot("monitor-good-narrow", page, _seen("#verdict.good"), NARROW))
    for shot in _sections(shown):
        yield photographer.take(shot)
    login = (LOGIN, password(shown.site.folder))
    yield photographer.take(
        Shot("flower", f"{shown.flower}tasks", _seen("#tasks-table tbody tr td"), login=login)
    )
    yield photographer.take(
        Shot("flower-workers", f"{shown.flower}workers", _seen("table tbody tr"), login=login)
    )
    with _failed_records(shown):
        yield photographer.take(Shot("monitor-failed", page, _seen("#verdict.note"), WATCH))
    with _base_lost(shown):
        yield photographer.take(Shot("monitor-base-lost", page, _seen("#verdict.bad"), WATCH))
    with _halted(shown):
        yield photographer.take(Shot("monitor-halted", page, _seen("#verdict.bad"), WATCH))
    # Последними: с паролем закрылось бы и прочее.
    entered = partial(_entered, new_code(shown.settings))
    yield photographer.take(Shot("settings", f"{page}settings", entered, WATCH))


def _sections(shown: Stage) -> Iterator[Shot]:
    deals = shown.portal.state.entities[DEAL]
    uid = deals[examples(list(deals.values())).card]["UF_CRM_RECEPTION_ID"]
    yield Shot("record", f"{shown.monitor}record?q={uid}", _seen("#facts tbody tr"), WATCH)
    yield Shot("check", f"{shown.monitor}check", _examined, WATCH)


def _examined(page: Any) -> None:
    """Осматривает установку."""
    page.locator("#doctor").get_by_role("button", name="Проверить").click()
    page.get_by_role("button", name="Проверить снова").wait_for()


def _entered(code: str, page: Any) -> None:
    """Ставит пароль страницы и открывает раздел «Решения клиники»."""
    page.get_by_label("Одноразовый код").fill(code)
    for label in ("Новый пароль", "Он же ещё раз"):
        page.get_by_label(label).fill("пароль демонстрации")
    page.get_by_role("button", name="Поставить пароль").click()
    page.get_by_role("link", name="Решения клиники").click()
    page.get_by_label("Семья с одним телефоном").wait_for()


@contextmanager
def _failed_records(shown: Stage) -> Iterator[None]:
    """Портал отказывает нескольким записям: владельцу вебхука закрыты их сделки."""
    refusal = Fault(
        FaultKind.COMMAND_ERROR,
        ("crm.deal.update", "crm.item.update", "crm.deal.add", "crm.item.add"),
        REFUSED_RECORDS,
        code="ACCESS_DENIED",
        description="Access denied.",
    )
    shown.portal.portal.faults.add(refusal)
    shown.live(20)
    shown.until(lambda: shown.failed() > 0)
    shown.portal.portal.faults.clear()
    yield


@contextmanager
def _halted(shown: Stage) -> Iterator[None]:
    """Портал не принимает вебхук."""
    shown.portal.portal.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    shown.site.live(20, shown.rng)
    shown.until(lambda: shown.services.store.gate.halted() is not None)
    yield
    shown.portal.portal.faults.clear()
    shown.services.store.gate.resume()


@contextmanager
def _base_lost(shown: Stage) -> Iterator[None]:
    """Одна база Ident не отвечает дольше порога: её файл заперт."""
    with closing(sqlite3.connect(shown.site.clinic.ledger("D3").path, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        shown.until(shown.troubled)
        yield
    shown.until(lambda: not shown.troubled())


def _seen(selector: str) -> Callable[[Any], object]:
    return lambda page: page.wait_for_selector(selector)


def _in_frame(selector: str) -> Callable[[Any], object]:
    return lambda page: page.frame_locator(".plan-frame").locator(selector).first.wait_for()
