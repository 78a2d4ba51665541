"""Документы Markdown глазами проверок: ссылки, заголовки, имена из кода."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cli.docs.blocks import BLOCK, ROOT, documents, project_files

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
#: Путь внутри проекта, быть может с именем проверки после «::».
PATH = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*/?(?:::\w+)?")
TEST = re.compile(r"test_\w+")
#: Имя из кода: со знаком подчёркивания или с заглавной внутри (snake_case, CamelCase), с точками или без.
NAME = re.compile(r"[A-Za-z_][\w.]*")
LOOKS_OURS = re.compile(r"[a-z0-9]_[a-z0-9]|[a-z][A-Z]")
CODE_SUFFIXES = (".py", ".sql", ".toml", ".js", ".html", ".ps1", ".yml", ".yaml", ".json")
#: Создаются человеком или программой: в проекте их нет.
MADE_LATER = frozenset({"config/settings.toml", "var/demo"})
#: Имена чужих программ и таблиц, которых код не трогает, а документы объясняют почему.
FOREIGN = frozenset({"time_limit", "CurrentTimeTable", "PaymentsIn", "OrderPaymentsJournal"})


@dataclass(frozen=True, slots=True)
class Document:
    """Документ: путь от корня и текст."""

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """Возвращает текст без отгороженного кода и схем."""
        return FENCE.sub("", self.text)

    @property
    def links(self) -> list[str]:
        """Возвращает ссылки внутрь проекта."""
        return [link for link in LINK.findall(self.prose) if not re.match(r"[a-z]+:", link)]

    @property
    def images(self) -> list[tuple[str, str]]:
        """Возвращает картинки: подпись и адрес."""
        return IMAGE.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """Возвращает якоря заголовков так, как их делает GitHub."""
        found: Counter[str] = Counter()
        anchors = set()
        for heading in HEADING.findall(self.prose):
            slug = _slug(heading)
            anchors.add(f"{slug}-{found[slug]}" if found[slug] else slug)
            found[slug] += 1
        return anchors

    @property
    def codes(self) -> list[str]:
        """Возвращает всё, что стоит в обратных кавычках, кроме таблиц: их составил код."""
        return CODE.findall(BLOCK.sub("", self.prose))


def _slug(heading: str) -> str:
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


@cache
def all_documents() -> list[Document]:
    """Возвращает документы проекта."""
    return [Document(path.relative_to(ROOT), path.read_text(encoding="utf-8")) for path in documents(ROOT)]


def document(name: str) -> Document:
    """Возвращает документ по пути от корня."""
    return Document(Path(name), (ROOT / name).read_text(encoding="utf-8"))


@cache
def code_words() -> frozenset[str]:
    """Возвращает все слова кода, запросов и образцов настроек; проверки — не код."""
    files = [path for path in _files(CODE_SUFFIXES) if path.relative_to(ROOT).parts[0] != "tests"]
    return frozenset(word for path in files for word in re.findall(r"\w+", _read(path)))


@cache
def test_names() -> frozenset[str]:
    """Возвращает имена всех проверок и их файлов."""
    files = [path for path in _files((".py",)) if path.relative_to(ROOT).parts[0] == "tests"]
    names = {name for path in files for name in re.findall(r"def (test_\w+)", _read(path))}
    return frozenset(names | {path.stem for path in files})


def broken_links(document: Document) -> Iterator[str]:
    """Возвращает ссылки, которые никуда не ведут."""
    for link in document.links:
        target, _, anchor = link.partition("#")
        path = (ROOT / document.path.parent / target).resolve() if target else ROOT / document.path
        if not path.exists() or (anchor and anchor not in Document(path, _read(path)).anchors):
            yield link


def broken_images(document: Document) -> Iterator[str]:
    """Возвращает картинки, которых нет, и картинки без подписи."""
    for caption, address in document.images:
        if not caption or not (ROOT / document.path.parent / address).is_file():
            yield address


def missing_paths(document: Document) -> Iterator[str]:
    """Возвращает пути в обратных кавычках, которых в проекте нет."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    for code in document.codes:
        path, _, name = code.partition("::")
        ours = PATH.fullmatch(code) and "/" in path and path.split("/")[0] in folders
        if not ours or path.rstrip("/") in MADE_LATER:
            continue
        if not any(ROOT.glob(path.rstrip("/"))) or name not in _read(ROOT / path):
            yield code


def unknown_names(document: Document) -> Iterator[str]:
    """Возвращает имена в обратных кавычках, которых нет ни в коде, ни среди проверок."""
    for code in document.codes:
        if TEST.fullmatch(code):
            known = code in test_names()
        elif NAME.fullmatch(code) and LOOKS_OURS.search(code) and code not in _file_names():
            known = code.rpartition(".")[2] in code_words() | FOREIGN
        else:
            continue
        if not known:
            yield code


@cache
def _file_names() -> frozenset[str]:
    return frozenset(path.name for path in project_files(ROOT))


def _files(suffixes: tuple[str, ...]) -> Iterator[Path]:
    return (path for path in project_files(ROOT) if path.suffix in suffixes)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
