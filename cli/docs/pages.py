"""Страница сайта из документа: ссылки на документы становятся ссылками на страницы, схемы — рисунками."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

OUTSIDE = re.compile(r"[a-z]+:|//")


@dataclass(frozen=True, slots=True)
class Page:
    """Страница: путь документа, заголовок, содержимое и файлы проекта, на которые она ссылается."""

    path: str
    title: str
    html: str
    files: tuple[str, ...]

    @property
    def target(self) -> str:
        """Возвращает место страницы на сайте."""
        return re.sub(r"\.md$", ".html", self.path)


def read_page(root: Path, path: Path) -> Page:
    """Читает документ и делает из него страницу."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(path.read_text(encoding="utf-8"))
    number_headings(tokens)
    files: list[str] = []
    for token in _all(tokens):
        _aim(token, root, path.parent, files)
    rendered = "".join(_drawn(parser, tokens))
    name = path.relative_to(root).as_posix()
    title = next((tokens[i + 1].content for i, token in enumerate(tokens) if token.tag == "h1"), name)
    return Page(name, escape(title), rendered, tuple(dict.fromkeys(files)))


def number_headings(tokens: list[Any]) -> None:
    """Даёт заголовкам якоря, какие им даёт GitHub."""
    seen: Counter[str] = Counter()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            slug = anchor(tokens[place + 1].content)
            token.attrSet("id", f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1


def anchor(heading: str) -> str:
    """Возвращает якорь заголовка: строчные буквы, дефисы вместо пробелов, без знаков."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.replace("`", ""))
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def _aim(token: Any, root: Path, folder: Path, files: list[str]) -> None:
    """Направляет ссылку или картинку: документ — на страницу, файл — на его копию, папка — никуда."""
    name = {"link_open": "href", "image": "src"}.get(token.type)
    address = str(token.attrGet(name) or "") if name else ""
    if not name or not address or OUTSIDE.match(address) or address.startswith("#"):
        return
    target, mark, place = address.partition("#")
    path = (folder / target).resolve()
    if path.suffix == ".md":
        token.attrSet(name, re.sub(r"\.md$", ".html", target) + mark + place)
    elif path.is_file():
        files.append(path.relative_to(root).as_posix())
    else:
        token.attrs.pop(name)
        token.attrSet("title", "папка исходников")


def _all(tokens: list[Any]) -> Iterator[Any]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _drawn(parser: Any, tokens: list[Any]) -> Iterator[str]:
    """Отдаёт HTML; таблицы — в прокручиваемой рамке, схемы — рисунками."""
    for token in tokens:
        if token.type == "fence" and token.info.strip() == "mermaid":
            diagram = f'<pre class="mermaid">{escape(token.content)}</pre>'
            yield f"<figure>{diagram}<figcaption></figcaption></figure>\n"
        elif token.type == "table_open":
            yield '<div class="table"><table>\n'
        elif token.type == "table_close":
            yield "</table></div>\n"
        else:
            yield parser.renderer.render([token], parser.options, {})
