"""Фотограф документов в настоящем Chromium: ждёт готовности страницы и снимает названное."""

import struct
from pathlib import Path

import pytest

from demo.portal.server import PortalServer
from demo.shots.camera import NARROW, Shot, Size, camera

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def size_of(path: Path) -> tuple[int, int]:
    """Возвращает размер картинки PNG."""
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height


def test_page_is_shot_when_it_is_ready(chromium: str, portal: PortalServer, tmp_path: Path) -> None:
    shots = [
        Shot("wide", portal.base_url, lambda page: page.wait_for_selector(".column"), Size(900, 500)),
        Shot("narrow", portal.base_url, lambda page: page.wait_for_selector(".column"), NARROW),
        Shot("part", portal.base_url, lambda page: page.wait_for_selector(".column"), part="header >> nth=0"),
    ]
    with camera(tmp_path) as photographer:
        wide, narrow, part = (photographer.take(shot) for shot in shots)
    assert size_of(wide) == (900, 500)
    assert size_of(narrow) == (NARROW.width, NARROW.height)
    assert size_of(part)[1] < 400


def test_computer_without_chromium_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="Нужен Chromium"), camera(tmp_path):
        pass
