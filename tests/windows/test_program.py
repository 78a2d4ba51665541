"""Программа, собранная PyInstaller под Windows: без Python, службой, на русской и английской Windows."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.version import version
from tests.package.test_program import answer
from tests.support.node import eventually
from tests.support.packed import Clinic
from tests.windows.program import Program, build, windows_clinic
from tests.windows.project import Project
from tests.windows.service import Service
from tests.windows.wine import ENGLISH, RUSSIAN

pytestmark = [pytest.mark.node, pytest.mark.package, pytest.mark.xdist_group("windows-program")]

#: Машина проверок бывает занята: срок не меряет скорости, а кончает безнадёжное ожидание.
PATIENCE = 300.0
LOCALES = pytest.mark.parametrize("locale", [RUSSIAN, ENGLISH])


@pytest.fixture(scope="module")
def program(tree: Project) -> Program:
    return build(tree)


@pytest.fixture(scope="module")
def clinic_and_settings(program: Program) -> Iterator[tuple[Clinic, str]]:
    with windows_clinic(program.wine) as both:
        for action in ("init", "seal"):
            done = program.call("secrets", action, "--config", both[1])
            assert done.code == 0, done.text
        yield both


@pytest.fixture
def clinic(clinic_and_settings: tuple[Clinic, str]) -> Clinic:
    return clinic_and_settings[0]


@pytest.fixture
def settings(clinic_and_settings: tuple[Clinic, str]) -> str:
    return clinic_and_settings[1]


@LOCALES
def test_program_tells_its_version(program: Program, locale: str) -> None:
    done = program.call("--version", locale=locale)
    assert done.code == 0
    assert done.text.startswith(f"ident-bitrix {version()} (Python 3.11.9, Windows")


@LOCALES
def test_help_reaches_a_pipe_whole(program: Program, locale: str) -> None:
    done = program.call("--help", locale=locale)
    assert done.code == 0
    assert "осмотр" in done.output.decode("utf-8")


@LOCALES
def test_examination_reaches_the_installer_as_json(program: Program, settings: str, locale: str) -> None:
    done = program.call("doctor", "--json", "--config", settings, locale=locale)
    told = json.loads(done.output.decode("utf-8"))
    assert {finding["level"] for finding in told["findings"]} >= {"ok"}
    assert "настройки годны" in told["findings"][0]["text"]
    assert done.code == int(told["level"] == "fail")


def test_service_lives_through_a_stop_and_a_kill(program: Program, clinic: Clinic, settings: str) -> None:
    """ТЗ 5.3 № 1: узел — служба Windows; «net stop» — вежливая остановка, убитый возвращается сам."""
    with Service(program, "IdentBitrixNode", "run", settings) as service:
        service.start()
        moved(clinic)
        service.stop()
        assert "Warm shutdown" in service.text()
        assert program.processes("run") == []
        service.start()
        eventually(lambda: program.processes("run"), seconds=PATIENCE)
        (before,) = program.processes("run")
        before.kill()
        eventually(lambda: set(program.processes("run")) - {before}, seconds=PATIENCE)
        clinic.site.live(5, random.Random(7))
        moved(clinic)


def moved(clinic: Clinic) -> None:
    """Ждёт, пока портал станет верным."""
    eventually(clinic.settled, seconds=PATIENCE)
    eventually(lambda: not clinic.differences(), seconds=PATIENCE)


def test_flower_asks_for_the_password_and_lets_in(program: Program, clinic: Clinic, settings: str) -> None:
    page = f"http://127.0.0.1:{clinic.services.settings.flower.port}/"
    with program.start("flower", "--config", settings):
        eventually(lambda: answer(page) == 401, seconds=PATIENCE)
        password = (clinic.services.settings.node.state_dir / "flower.password").read_text().strip()
        assert answer(page, password) == 200


def test_package_holds_what_a_clinic_gets(program: Program) -> None:
    folder = program.wine.path(program.path).parents[1]
    names = {path.name for path in folder.iterdir()}
    assert {"program", "install.ps1", "update.ps1", "uninstall.ps1", "SHA256SUMS"} <= names
    assert Path(program.wine.path(program.path)).stat().st_size > 1_000_000
