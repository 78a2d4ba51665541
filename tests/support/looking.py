"""Осмотр страницы в Chromium: снимки в четырёх видах, axe, не едет ли вбок."""

from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (1280, 400)
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


def look(page: Page, folder: Path, name: str) -> None:
    """Снимает страницу широкой и узкой, светлой и тёмной; серьёзного axe не находит, вбок она не едет."""
    folder.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
            assert serious(page) == [], f"{name} {width} {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} {width}"
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.emulate_media(color_scheme=SCHEMES[0])


def serious(page: Page) -> list[tuple[str, list[str]]]:
    """Возвращает, что axe считает серьёзным."""
    told = Axe().run(page).response
    assert told["passes"]
    return [(one["id"], [node["target"] for node in one["nodes"]][:3])
            for one in told["violations"] if one["impact"] in ("serious", "critical")]  # fmt: skip
