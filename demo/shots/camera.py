"""Фотограф: страница в настоящем Chromium → файл PNG."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
#: Обозреватель без гостей: ни сети, ни первого запуска, ни видеокарты.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ARGUMENTS = (*QUIET, "--hide-scrollbars", "--force-color-profile=srgb")
PATIENCE_MS = 180_000
#: Страница опросила сервер и доиграла переезды карточек.
REST_MS = 1500


@dataclass(frozen=True, slots=True)
class Size:
    """Размер окна в точках."""

    width: int
    height: int


DESKTOP, NARROW = Size(1280, 800), Size(390, 844)


@dataclass(frozen=True, slots=True)
class Shot:
    """Снимок: имя файла, адрес, размер окна и что должно быть на странице до спуска."""

    name: str
    url: str
    ready: Callable[[Any], object]
    size: Size = DESKTOP
    login: Sequence[str] = ()
    #: Часть страницы; пусто — всё окно.
    part: str = ""
    #: Адреса, до которых браузер будто бы не достаёт.
    unreachable: str = ""


class Camera:
    """Открытый браузер; снимает в папку."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self._browser, self._folder = browser, folder

    def take(self, shot: Shot) -> Path:
        """Открывает страницу, ждёт её готовности и снимает."""
        login = dict(zip(("username", "password"), shot.login, strict=False)) or None
        size = {"width": shot.size.width, "height": shot.size.height}
        context = self._browser.new_context(viewport=size, locale="ru-RU", http_credentials=login)
        try:
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            if shot.unreachable:
                page.route(shot.unreachable, lambda route: route.abort())
            page.goto(shot.url)
            shot.ready(page)
            page.wait_for_timeout(REST_MS)
            path = self._folder / f"{shot.name}.png"
            target = page.locator(shot.part) if shot.part else page
            target.screenshot(path=str(path), animations="disabled")
            return path
        finally:
            context.close()


@contextmanager
def camera(folder: Path) -> Iterator[Camera]:
    """Держит браузер открытым; Chromium на компьютере нет — SystemExit с советом."""
    from playwright.sync_api import sync_playwright

    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        raise SystemExit("Нужен Chromium: apt-get install chromium (на Windows — Chrome или Edge в PATH).")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield Camera(browser, folder)
        finally:
            browser.close()
