"""Сайт документов в настоящем Chromium: с диска, без сети, с поиском и схемами."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cli.docs.blocks import ROOT
from cli.docs.site import build_site, fetch_scripts


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_site_is_read_from_the_disk_with_search_and_diagrams(tmp_path: Path, browser: Browser) -> None:
    scripts = fetch_scripts(ROOT / "build" / "site-scripts")
    if scripts is None:
        pytest.skip("нет npm или сети: сценариев сайта взять неоткуда")
    build_site(ROOT, tmp_path / "site", scripts)
    page = browser.new_page(locale="ru-RU")
    outside: list[str] = []
    page.on("request", lambda one: outside.append(one.url) if one.url.startswith("http") else None)
    page.goto((tmp_path / "site" / "docs" / "architecture.html").as_uri())
    expect(page.locator("div.mermaid")).to_have_count(8, timeout=60_000)
    expect(page.locator("pre.mermaid")).to_have_count(0)
    page.get_by_role("button", name="Поиск").click()
    page.keyboard.type("вебхук")
    expect(page.get_by_role("option", name="Сменить вебхук").first).to_be_visible(timeout=60_000)
    page.close()
    assert outside == []
