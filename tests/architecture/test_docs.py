"""Документы не обещают лишнего: таблицы — из кода, ссылки ведут куда надо, имена существуют."""

import re
from pathlib import Path

import pytest

from cli.commands import COMMANDS
from cli.docs import main as docs_command
from cli.docs.blocks import ROOT, TABLES, rebuilt, stale_documents, write_documents
from cli.docs.describe import describe
from config.models import Settings
from config.texts import TEXTS
from tests.support.documents import (
    Document,
    all_documents,
    broken_images,
    broken_links,
    code_words,
    document,
    missing_paths,
    unknown_names,
)
from tests.support.documents import test_names as known_tests
from tests.support.example import EXAMPLE, example_settings

README = "README.md"
#: Рассказ о прошлом: имён, которых больше нет, ему не запретить.
HISTORY = Path("CHANGELOG.md")

every_document = pytest.mark.parametrize("page", all_documents(), ids=lambda page: page.path.as_posix())


def test_tables_of_the_documents_are_those_of_the_code() -> None:
    assert stale_documents(ROOT) == [], "выполните python manage.py docs"


def test_every_table_stands_in_some_document() -> None:
    used = {name for page in all_documents() for name in re.findall(r"<!-- таблица (\w+):", page.text)}
    assert used == set(TABLES)


def test_command_writes_fresh_tables_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Команды\n<!-- таблица commands: -->\nстарое\n<!-- конец -->\nхвост\n", encoding="utf-8"
    )
    assert list(write_documents(tmp_path)) == ["page.md"]
    text = page.read_text(encoding="utf-8")
    assert "старое" not in text
    assert all(f"`{name}`" in text for name in COMMANDS)
    assert text.endswith("<!-- конец -->\nхвост\n")
    assert list(write_documents(tmp_path)) == []


def test_unknown_table_is_named() -> None:
    with pytest.raises(KeyError, match="погода"):
        rebuilt("<!-- таблица погода: -->\n<!-- конец -->")


def test_check_agrees_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs_command(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_readme_lists_exactly_the_commands() -> None:
    block = document(README).text.split("<!-- таблица commands")[1].split("<!-- конец -->")[0]
    assert dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", block, re.MULTILINE)) == dict(COMMANDS)


@every_document
def test_links_lead_somewhere(page: Document) -> None:
    assert list(broken_links(page)) == []


@every_document
def test_pictures_exist_and_have_a_caption(page: Document) -> None:
    assert list(broken_images(page)) == []


@every_document
def test_paths_in_backticks_exist(page: Document) -> None:
    assert page.path == HISTORY or list(missing_paths(page)) == []


@every_document
def test_names_in_backticks_exist_in_the_code(page: Document) -> None:
    assert page.path == HISTORY or list(unknown_names(page)) == []


@every_document
def test_inner_papers_of_the_makers_are_not_named(page: Document) -> None:
    assert not re.search(r"\b(design|style|COMMON)\.md\b|\bfacts/|\bissue \d", page.text)


def test_every_threat_names_a_test_that_proves_what_stops_it() -> None:
    table = document("docs/security.md").text.split("## Кто что может")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", table, re.M)[1:]
    unproved = [
        what for _, what, proofs in rows if not set(re.findall(r"`(test_\w+)`", proofs)) & known_tests()
    ]
    absent = [
        name for *_, proofs in rows for name in re.findall(r"`(\w+)`", proofs) if name not in known_tests()
    ]
    assert (unproved, absent) == ([], [])
    who = " ".join(name for name, *_ in rows)
    for one in ("куратор", "коллега", "сеть", "пользователь компьютера", "укравший", "администратор портала"):
        assert one in who


def test_glossary_names_live_where_it_says() -> None:
    rows = re.findall(
        r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", document("docs/glossary.md").text, re.M
    )
    absent = [
        name
        for names, places in rows
        for name in re.findall(r"`([^`]+)`", names)
        if not any(_has(place, name) for place in re.findall(r"`([^`]+)`", places))
    ]
    assert len(rows) > 50
    assert absent == []


def _has(place: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", (ROOT / place).read_text(encoding="utf-8")) is not None


def test_every_decision_stands_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    written = {path.name for path in folder.glob("[0-9]*.md")}
    assert set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", document("docs/decisions/README.md").text)) == written


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")), ids=lambda p: p.stem
)
def test_a_decision_has_its_three_parts_and_its_number(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]}. ")
    assert re.findall(r"^## (.+)$", text, re.M) == ["Что было известно", "Решение", "Что из этого следует"]


def test_tree_of_the_readme_is_the_real_one() -> None:
    tree = document(README).text.split("## Что где лежит")[1].split("```")[1]
    named = set(_tree(tree))
    assert [path for path in named if not (ROOT / path).exists()] == []
    tops = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.rglob("*.*"))}
    ours = {name for name in tops if not name.startswith((".", "_")) and not _is_ignored(name)}
    assert ours - {path.split("/")[0] for path in named} == set()


def _tree(text: str) -> list[str]:
    """Разбирает дерево: отступ — вложенность, первое слово — имя."""
    found, parent = [], ""
    for line in filter(str.strip, text.splitlines()):
        name = line.split()[0].rstrip("/")
        if line.startswith(" "):
            if line.startswith("  ") and not line.startswith("   "):
                found.append(f"{parent}/{name}")
        else:
            parent = name
            found.append(name)
    return found


def _is_ignored(name: str) -> bool:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    return bool({name, f"{name}/", f"/{name}/"} & set(ignored))


def test_example_settings_mention_every_section() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert example_settings().branches
    assert [name for name in Settings.model_fields if not re.search(rf"^(# )?\[+{name}\b", text, re.M)] == []


def test_every_setting_is_explained() -> None:
    rows = [row for section in describe() for row in section.rows]
    assert all(row.meaning and row.when for row in rows)


def test_setting_without_an_explanation_is_named(tmp_path: Path) -> None:
    text = TEXTS.read_text(encoding="utf-8").replace("\nurl = [", "\nurl_of_yesterday = [")
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"не сказано о настройках redis\.url$"):
        describe(tmp_path / "settings.toml")


def test_explanation_without_a_setting_is_named(tmp_path: Path) -> None:
    text = TEXTS.read_text(encoding="utf-8") + '\nforgotten = ["имя", "что", "когда"]\n'
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"лишние строки \w+\.forgotten"):
        describe(tmp_path / "settings.toml")


def test_roles_of_the_procfile_are_described() -> None:
    roles = re.findall(r"^(\w+):", (ROOT / "Procfile").read_text(encoding="utf-8"), re.M)
    text = document("docs/architecture.md").text
    assert [role for role in roles if f"| `{role}` |" not in text] == []


def test_names_are_looked_for_in_the_code_and_not_in_the_documents() -> None:
    assert "RedisOutbox" in code_words()
    assert "RedisOutboxOfDreams" not in code_words()
