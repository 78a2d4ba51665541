"""Сайт документов: собирается командой, ни одна ссылка не ведёт в никуда, читается без сети."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from cli.docs import main as docs_command
from cli.docs.blocks import ROOT
from cli.docs.site import MARK, OVERVIEW, SCRIPTS, SETTINGS, START, fetch_scripts
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
    names = {"README.md": "overview.html", START: "index.html"}
    documents = [page.path for page in all_documents() if page.path.parts[0] != "tests"]
    places = [
        names.get(path.as_posix(), re.sub(r"(README)?\.md$", ".html", path.as_posix())) for path in documents
    ]
    absent = [place for place in places if not (site / place.replace("/.html", "/index.html")).is_file()]
    assert absent == []


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
    loaded = re.compile(r'(?:src|<link[^>]+href)="(?:https?:)?//|unpkg\.com|googleapis')
    assert [
        path.name for path in site.rglob("*.html") if loaded.search(path.read_text(encoding="utf-8"))
    ] == []


def test_start_page_offers_the_guides_by_role(site: Path) -> None:
    addresses = Addresses(site / "index.html").targets
    assert {"docs/guide/administrator.html", "docs/guide/curator.html", "overview.html"} <= set(addresses)


def test_diagrams_without_a_drawer_are_shown_as_text(site: Path) -> None:
    text = (site / "docs" / "architecture.html").read_text(encoding="utf-8")
    assert "sequenceDiagram" in text
    assert 'class="mermaid"' not in text


def test_without_npm_there_are_no_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch_scripts(tmp_path / "kept") is None


def test_scripts_taken_once_are_not_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, (package, _) in SCRIPTS.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / name).touch()
    assert fetch_scripts(tmp_path) == tmp_path


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


def test_every_document_is_in_the_menu_or_listed_by_one_that_is() -> None:
    listed = set(re.findall(r'"([\w/.-]+\.md)"', (ROOT / SETTINGS).read_text(encoding="utf-8")))
    names = {page.path.as_posix() for page in all_documents() if page.path.parts[0] == "docs"}
    hidden = {name for name in names if not name.startswith("docs/decisions/")} - {START}
    assert hidden - listed == set()
    assert {
        name for name in listed if name not in ("index.md", OVERVIEW) and not (ROOT / name).is_file()
    } == set()


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


def test_every_symptom_of_the_troubleshooting_names_the_test_that_caused_it() -> None:
    parts = document("docs/guide/troubleshooting.md").text.split("\n### ")[1:]
    assert len(parts) > 30
    assert [
        part.splitlines()[0] for part in parts if not re.search(r"^Вызвано: .*`test_\w+`", part, re.M)
    ] == []
