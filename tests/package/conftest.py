"""Пакет собирается один раз на все проверки (около минуты)."""

from pathlib import Path

import pytest

from deploy.package.archive import unpack
from tests.support.packed import build_package


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Архив пакета для этой системы."""
    return build_package(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Пакет, распакованный вдали от исходников."""
    return unpack(archive, tmp_path_factory.mktemp("elsewhere"))
