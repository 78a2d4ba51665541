"""README.en.md идёт в ногу с README.md: те же разделы, команды, пути и ссылки, раздел за разделом."""

import re
from collections.abc import Sequence

import pytest

from tests.support.documents import CODE, FENCE, IMAGE, LINK, document

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
HEADING = re.compile(r"^(#{1,6}) .+$", re.MULTILINE)
#: В английском остаются русскими имена того, что человек увидит на экране, и якорь русского документа.
QUOTED = re.compile(r"«[^»]+»|По-русски|\([^)]*#[^)]*\)")


def sections(name: str) -> Sequence[tuple[str, str]]:
    """Возвращает разделы документа: уровень заголовка и текст до следующего; заголовки в коде не в счёт."""
    text = document(name).text
    fences = [fence.span() for fence in FENCE.finditer(text)]
    heads = [head for head in HEADING.finditer(text) if not any(a <= head.start() < b for a, b in fences)]
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [(head[1], text[head.end() : end]) for head, end in zip(heads, ends, strict=True)]


RUSSIAN, ENGLISH = sections("README.md"), sections("README.en.md")


def commands(section: str) -> list[list[str]]:
    """Возвращает блоки кода без слов для людей: примечаний, пояснений дерева и подписей схемы."""
    blocks = [block.splitlines() for block in FENCE.findall(section)]
    return [[_bare(line) for line in lines] for lines in blocks]


def _bare(line: str) -> str:
    line = re.sub(r'"[^"]*"', '""', line.partition("#")[0]).strip()
    return line.split("  ")[0]


def codes(section: str) -> set[str]:
    """Возвращает всё в обратных кавычках, кроме слова «команда» в образце вызова."""
    return {code for code in CODE.findall(FENCE.sub("", section)) if not re.search("КОМАНДА|COMMAND", code)}


def test_sections_are_the_same() -> None:
    assert [level for level, _ in ENGLISH] == [level for level, _ in RUSSIAN]


@pytest.mark.parametrize("number", range(len(RUSSIAN)))
def test_section_names_the_same_commands_paths_and_links(number: int) -> None:
    russian, english = RUSSIAN[number][1], ENGLISH[number][1]
    assert commands(english) == commands(russian)
    assert codes(english) == codes(russian)
    assert [link for link in LINK.findall(english) if not link.startswith("README")] == [
        link for link in LINK.findall(russian) if not link.startswith("README")
    ]
    assert [address for _, address in IMAGE.findall(english)] == [
        address for _, address in IMAGE.findall(russian)
    ]


def test_english_is_english() -> None:
    left = [
        line for line in document("README.en.md").text.splitlines() if CYRILLIC.search(QUOTED.sub("", line))
    ]
    assert left == []


def test_each_names_the_other() -> None:
    assert "README.en.md" in document("README.md").links
    assert "README.md" in document("README.en.md").links
