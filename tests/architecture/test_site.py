"""Сайт документов: собирается командой, ни одна ссылка не ведёт в никуда, читается без сети."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from cli.docs import main as docs_command
from cli.docs.blocks import ROOT
from cli.docs.mermaid import fetch_mermaid
from cli.docs.pages import anchor
from cli.docs.roles import ROLES
from cli.docs.site import MARK, NOTE, Site, roles_of
from deploy.package.papers import write_papers
from tests.support.documents import all_documents, document


class Addresses(HTMLParser):
    """Разбор страницы: куда она ведёт и какие места в ней есть."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Запоминает адреса и якоря."""
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.targets.append(unquote(value))
            if name == "id" and value is not None:
                self.places.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Собранный сайт, схемы — текстом."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    assert docs_command(["--site", str(folder), "--plain"]) == 0
    return folder


def test_every_document_has_its_page(site: Path) -> None:
    absent = [page.path for page in all_documents() if not (site / page.path.with_suffix(".html")).is_file()]
    assert [path for path in absent if path.parts[0] != "tests"] == []


def test_no_link_of_the_site_leads_nowhere(site: Path) -> None:
    pages = {path: Addresses(path) for path in site.rglob("*.html")}
    broken = [
        f"{path.relative_to(site)} → {target}"
        for path, page in pages.items()
        for target in page.targets
        if not re.match(r"[a-z]+:", target) and not _leads(path, target, pages)
    ]
    assert len(pages) > 30
    assert broken == []


def _leads(path: Path, target: str, pages: dict[Path, Addresses]) -> bool:
    name, _, place = target.partition("#")
    aim = (path.parent / name).resolve() if name else path
    return aim.is_file() and (not place or place in pages[aim].places)


def test_site_asks_nothing_of_the_outside(site: Path) -> None:
    loaded = re.compile(r'(?:src|<link[^>]+href)="(?:https?:)?//')
    assert [
        path.name for path in site.rglob("*.html") if loaded.search(path.read_text(encoding="utf-8"))
    ] == []


def test_start_page_offers_the_guides_by_role(site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    assert [role.title for role in ROLES if f"<h2>{role.title}</h2>" not in text] == []
    assert 'href="docs/guide/administrator.html"' in text
    assert 'href="docs/guide/curator.html"' in text


def test_diagrams_without_a_drawer_are_shown_as_text_and_it_is_said(site: Path) -> None:
    text = (site / "docs" / "architecture.html").read_text(encoding="utf-8")
    assert "sequenceDiagram" in text
    assert NOTE in text


def test_diagrams_are_drawn_by_the_named_bundle(tmp_path: Path) -> None:
    bundle = tmp_path / "mermaid.min.js"
    bundle.write_text("// рисователь", encoding="utf-8")
    Site(ROOT, tmp_path / "site", bundle).build()
    text = (tmp_path / "site" / "docs" / "architecture.html").read_text(encoding="utf-8")
    assert '<script src="../assets/mermaid.min.js">' in text
    assert NOTE not in text
    assert (tmp_path / "site" / "assets" / "mermaid.min.js").read_text(encoding="utf-8") == "// рисователь"


def test_without_npm_there_is_no_drawer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch_mermaid(tmp_path / "kept") is None


def test_drawer_taken_once_is_not_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    kept = next(iter(tmp_path.glob("*.js")), tmp_path / "mermaid-11.17.2.min.js")
    kept.touch()
    assert fetch_mermaid(tmp_path) == kept


def test_foreign_folder_is_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dear.txt").write_text("дорогое", encoding="utf-8")
    assert docs_command(["--site", str(tmp_path), "--plain"]) == 2
    assert "лежит не сайт" in capsys.readouterr().out
    assert (tmp_path / "dear.txt").read_text(encoding="utf-8") == "дорогое"


def test_site_is_built_over_the_former_one(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    for _ in range(2):
        assert docs_command(["--site", str(folder), "--plain"]) == 0
        assert (folder / MARK).exists()
        (folder / "yesterday.html").touch()
    assert docs_command(["--site", str(folder), "--plain"]) == 0
    assert not (folder / "yesterday.html").exists()


def test_document_nobody_listed_goes_to_the_developer() -> None:
    roles = roles_of(["docs/guide/curator.md", "docs/new.md", "docs/decisions/0001-layers.md"])
    assert roles[1].pages == ("docs/guide/curator.md",)
    assert roles[-1].pages == ("docs/new.md",)


def test_package_carries_the_site_in_words_of_the_clinic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    write_papers(ROOT, tmp_path, "win32")
    guide = (tmp_path / "site" / "docs" / "guide" / "maintenance.html").read_text(encoding="utf-8")
    assert "ident-bitrix secrets rotate" in guide
    texts = [path for path in tmp_path.rglob("*") if path.suffix in (".html", ".toml", ".md", ".txt")]
    assert [path.name for path in texts if "manage.py" in path.read_text(encoding="utf-8")] == []
    assert "site/index.html" in (tmp_path / "README.txt").read_text(encoding="utf-8-sig")
    assert (tmp_path / "CHANGELOG.md").is_file()


def test_every_listed_document_exists() -> None:
    assert [path for role in ROLES for path in role.pages if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Что смотреть каждый день", "что-смотреть-каждый-день"),
        ("«Настройки не годятся»", "настройки-не-годятся"),
        ("Осмотр: `doctor`", "осмотр-doctor"),
        ("Нет интернета, портал молчит", "нет-интернета-портал-молчит"),
        ("[Словарь](glossary.md)", "словарь"),
    ],
)
def test_anchor_is_that_of_github(heading: str, expected: str) -> None:
    assert anchor(heading) == expected


def test_every_symptom_of_the_troubleshooting_names_the_test_that_caused_it() -> None:
    parts = document("docs/guide/troubleshooting.md").text.split("\n### ")[1:]
    assert len(parts) > 30
    assert [
        part.splitlines()[0] for part in parts if not re.search(r"^Вызвано: .*`test_\w+`", part, re.M)
    ] == []
