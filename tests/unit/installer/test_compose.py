"""Файл Compose: команды существуют, ничего не открыто наружу, узел останавливается вежливо."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.commands import available
from deploy.package.contents import MODULES, OURS
from installer.layout import linux_layout
from installer.roles import node

FILE = Path(__file__).resolve().parents[3] / "deploy" / "docker-compose.yml"


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return found


def test_commands_are_those_of_the_program(services: dict[str, Any]) -> None:
    ours = {name: service["command"][0] for name, service in services.items() if name != "redis"}
    assert set(ours.values()) <= set(available(packed=True))
    assert {"node-f1", "node-f2", "flower"} == set(ours)


def test_nothing_is_opened_to_the_network(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == []


def test_node_gets_as_long_to_stop_as_a_service(services: dict[str, Any]) -> None:
    assert services["node-f1"]["stop_grace_period"] == f"{node(linux_layout()).stop_seconds}s"


def test_image_holds_every_part_of_the_program() -> None:
    text = (FILE.parent / "Dockerfile").read_text(encoding="utf-8")
    assert [name for name in OURS if f"COPY {name} {name}\n" not in text] == []
    assert [name for name in MODULES if f"{name}.py" not in text] == []
