"""Сценарии PowerShell: понятны грамматике и PowerShell 5.1, сами ничего не решают и не качают."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tree_sitter import Node

# Для Python 3.15 колеса tree-sitter нет: сценарии разбираются на прежних.
grammar = pytest.importorskip("tree_sitter_powershell", reason="нет колеса tree-sitter для этого Python")

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "windows"
every_script = pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ps1")), ids=lambda path: path.name)


def troubles(source: bytes) -> list[str]:
    """Возвращает места, которых грамматика PowerShell не поняла."""
    from tree_sitter import Language, Parser

    tree = Parser(Language(grammar.language())).parse(source)
    return [f"строка {node.start_point.row + 1}" for node in nodes(tree.root_node) if bad(node)]


def bad(node: "Node") -> bool:
    return node.is_error or node.is_missing


def nodes(node: "Node") -> "Iterator[Node]":
    yield node
    for child in node.children:
        yield from nodes(child)


@every_script
def test_script_is_understood_by_the_grammar(path: Path) -> None:
    assert troubles(path.read_bytes().removeprefix(b"\xef\xbb\xbf")) == []


def test_broken_script_is_noticed() -> None:
    assert troubles(b"if ($a -eq 1 { Write-Host 'x' }\n") != []


@every_script
def test_script_is_readable_for_powershell_5(path: Path) -> None:
    """Без метки порядка байтов PowerShell 5 читает кириллицу в кодировке системы."""
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert not re.search(rb"\?\?|\?\.|&&|\|\||-Parallel|\? .* : ", content), (
        "это понимает только PowerShell 7"
    )


@every_script
def test_script_downloads_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    assert not re.search(r"Invoke-WebRequest|WebClient|Start-BitsTransfer|https?://|\biwr\b|curl", text)


@every_script
def test_script_is_a_thin_shell_over_the_program(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    assert f"'service', '{path.stem}'" in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) <= 6, "решать — дело программы: PowerShell 5.1 здесь не выполнить"
    assert "$ErrorActionPreference = 'Stop'" in lines, "без него пропавшая программа дала бы код 0"
    assert lines[-1] == "exit $LASTEXITCODE"
