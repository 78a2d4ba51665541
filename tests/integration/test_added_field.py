"""Новое поле сделки по рецепту docs/extending.md: три файла от столбца Ident до портала."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from services.domain.mapping import LABELS

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("services", "config", "demo", "tests")
#: Пациент с примечанием в карте, приём, сделка: что ушло бы на портал и под какой подписью; закрыто ли оно.
WALK = """
import sys
from pathlib import Path
from config.models import PortalSettings
from demo.portal.funnel import build_demo_portal
from demo.portal.options import PortalOptions
from services.domain.judgement import Ready
from services.domain.mapping import PERSONAL, creation_fields
from services.ident.sqlite import clinic_now
from tests.factories import make_rules
from tests.fakes_ident import SmallIdent

now = clinic_now()
ident = SmallIdent(Path(sys.argv[1]), now)
ident.change("Patients", 1, Comment="Боится боли")
number = ident.reception(DateTimeAdded=now, DateTimeChanged=now)
rules = make_rules(neighbours=make_rules().neighbours)
verdict = rules.judge(ident.read(number), now.replace(tzinfo=rules.zone))
portal = PortalSettings(webhook="http://127.0.0.1:1/rest/1/abc/")
fields = creation_fields(verdict.draft, portal.field_table, portal.stage_table, 1)
demo = build_demo_portal(PortalOptions())
labels = {row["FIELD_NAME"]: row["LIST_COLUMN_LABEL"] for row in demo.userfields}
print(fields["UF_CRM_CARD_NOTE"], "|", labels["UF_CRM_CARD_NOTE"], "|", "card_note" in PERSONAL)
"""


def recipe() -> dict[str, list[tuple[str, str]]]:
    """Возвращает правки страницы: файл → строки «после какой» и «что вписать»."""
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    edits: dict[str, list[tuple[str, str]]] = {}
    for block in re.findall(r"```diff\n(.*?)```", page, re.DOTALL):
        name, *lines = block.splitlines()
        pairs = zip(lines[::2], lines[1::2], strict=True)
        edits.setdefault(name.removeprefix("--- "), []).extend((old[1:], new[1:]) for old, new in pairs)
    return edits


def test_field_of_the_page_reaches_the_portal_through_three_files(tmp_path: Path) -> None:
    edits = recipe()
    assert len(edits) == 3
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, pairs in edits.items():
        edit(tmp_path / name, pairs)
    (tmp_path / "walk.py").write_text(WALK, encoding="utf-8")
    (tmp_path / "base").mkdir()
    told = subprocess.run(
        [sys.executable, str(tmp_path / "walk.py"), str(tmp_path / "base")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert told.stdout.strip() == "Боится боли | Примечание карты | True", told.stderr[-2000:]


def edit(file: Path, pairs: list[tuple[str, str]]) -> None:
    """Вписывает строки после названных; названная обязана быть одна."""
    text = file.read_text(encoding="utf-8")
    for after, added in pairs:
        assert text.count(f"{after}\n") == 1, f"{file.name}: {after!r}"
        text = text.replace(f"{after}\n", f"{after}\n{added}\n")
    file.write_text(text, encoding="utf-8")


def test_every_field_of_a_deal_has_a_label() -> None:
    """Поле без подписи не запишется: имя и подпись — одна строка; одинаковые подписи людям не различить."""
    assert all(LABELS.values())
    assert len(set(LABELS.values())) == len(LABELS)
