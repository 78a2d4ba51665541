"""Сайт документов: страницы HTML из документов Markdown, читается с диска без сети."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from string import Template

from cli.docs.blocks import documents
from cli.docs.pages import Page, read_page
from cli.docs.roles import ROLES, Role, title_of

LOOK = Path(__file__).parent / "look"
MARK = ".ident-bitrix-site"
BUNDLE = "mermaid.min.js"
#: Сюда ведёт своё оглавление: в меню этих страниц нет.
INDEXED = "docs/decisions/"
NOTE = "Схема показана текстом: сайт собран без рисователя схем."


class SiteError(Exception):
    """Сайт собрать нельзя; текст говорит, что сделать."""


@dataclass(frozen=True, slots=True)
class Site:
    """Сайт: откуда документы, куда страницы, чем рисовать схемы (``None`` — показать их текстом)."""

    root: Path
    folder: Path
    mermaid: Path | None = None

    def build(self) -> int:
        """Собирает сайт заново и возвращает число страниц."""
        self._clear()
        found = sorted(path for path in documents(self.root) if _read_by_people(path, self.root))
        pages = [read_page(self.root, path) for path in found]
        roles = roles_of([page.path for page in pages])
        for page in pages:
            self._write(page, roles)
            self._copy(page.files)
        self._write_start(roles, {page.path: page.title for page in pages})
        assets = self.folder / "assets"
        shutil.copytree(LOOK, assets, ignore=shutil.ignore_patterns("*.html", "__pycache__"))
        if self.mermaid is not None:
            shutil.copyfile(self.mermaid, assets / BUNDLE)
        return len(pages) + 1

    def _clear(self) -> None:
        """Стирает прежний сайт; чужую папку не трогает."""
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / MARK).exists():
            raise SiteError(f"В папке {self.folder} лежит не сайт: назовите пустую или новую.")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / MARK).touch()

    def _write(self, page: Page, roles: Sequence[Role]) -> None:
        target = self.folder / page.target
        target.parent.mkdir(parents=True, exist_ok=True)
        base = "../" * (len(PurePosixPath(page.target).parts) - 1)
        body = page.html.replace("<figcaption></figcaption>", self._caption())
        target.write_text(
            self._framed(page.title, body, roles, page.path, base), encoding="utf-8", newline="\n"
        )

    def _write_start(self, roles: Sequence[Role], titles: Mapping[str, str]) -> None:
        blocks = [
            f'<section class="role"><h2>{role.title}</h2><p>{role.text}</p><ul>'
            + "".join(f'<li><a href="{html_of(path)}">{titles[path]}</a></li>' for path in role.pages)
            + "</ul></section>"
            for role in roles
        ]
        head = "<h1>Ident → Битрикс24</h1><p>Документы. Выберите, кто вы.</p>"
        body = f'{head}<div class="roles">{"".join(blocks)}</div>'
        text = self._framed("Документы", body, roles, "", "")
        (self.folder / "index.html").write_text(text, encoding="utf-8", newline="\n")

    def _framed(self, title: str, body: str, roles: Sequence[Role], path: str, base: str) -> str:
        template = Template((LOOK / "page.html").read_text(encoding="utf-8"))
        scripts = "".join(
            f'<script src="{base}assets/{name}"></script>\n' for name in (BUNDLE, "diagrams.js")
        )
        drawn = self.mermaid is not None and 'class="mermaid"' in body
        menu = "".join(_menu(self.root, role, path, base) for role in roles)
        return template.substitute(
            title=title, body=body, menu=menu, base=base, scripts=scripts if drawn else ""
        )

    def _caption(self) -> str:
        return "" if self.mermaid is not None else f"<figcaption>{NOTE}</figcaption>"

    def _copy(self, files: Sequence[str]) -> None:
        for name in files:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.root / name, target)


def roles_of(paths: Sequence[str]) -> list[Role]:
    """Возвращает роли с их страницами; страница, о которой роли не знают, достаётся разработчику."""
    known = {path for role in ROLES for path in role.pages}
    rest = [path for path in paths if path not in known and not path.startswith(INDEXED)]
    found = [
        Role(role.title, role.text, tuple(path for path in role.pages if path in paths)) for role in ROLES
    ]
    last = found[-1]
    return [*found[:-1], Role(last.title, last.text, (*last.pages, *rest))]


def html_of(path: str) -> str:
    """Возвращает место страницы документа на сайте."""
    return re.sub(r"\.md$", ".html", path)


def _menu(root: Path, role: Role, current: str, base: str) -> str:
    links = "".join(
        f'<li><a href="{base}{html_of(path)}"{_now(path == current)}>{title_of(root, path)}</a></li>'
        for path in role.pages
    )
    return f"<h2>{role.title}</h2><ul>{links}</ul>"


def _now(current: bool) -> str:
    return ' aria-current="page"' if current else ""


def _read_by_people(path: Path, root: Path) -> bool:
    """Отвечает, документ ли это для людей: данные проверок на сайт не идут."""
    return path.relative_to(root).parts[0] != "tests"
