"""Формы настроек по моделям: ни одна настройка не забыта, значения читаются как в файле."""

import pytest

from config.texts import key_of_text, texts
from monitoring.setup.form import BY_HAND, PARTS, groups, part_of, read_form
from services.advice import WORDS, Front, worded

RAW = {
    "portal": {"category_id": 1, "webhook": "enc:one"},
    "databases": [{"id": "D1", "server": "SRV"}, {"id": "D2", "type": "sqlite", "path": "x"}],
    "branches": [{"number": 1, "name": "Филиал", "database": "D1"}],
}
#: Файлы и папки этого компьютера и подразделы, у которых своя форма.
FILES = {
    "portal.ca_file", "redis.ca_file", "node.sql_dir", "node.state_dir", "node.entities", "journal.folder",
    "security.key_file", "alerts.email.ca_file", "web.certificate", "web.private_key",
}  # fmt: skip
TABLES = {"portal.stages", "portal.fields", "application.shims"}


def test_every_setting_is_in_a_form_or_named_as_changed_by_hand() -> None:
    fields = [field for part in PARTS for group in groups(part, RAW) for field in group.fields]
    shown = {key_of_text(field.place) for field in fields}
    named = {key.replace(".mssql.", ".").replace(".sqlite.", ".") for key in texts()}
    assert sorted(named - shown - BY_HAND) == sorted(FILES | TABLES)


def test_advice_leads_to_parts_that_exist() -> None:
    named = {worded(f"{{{deed}}}", Front.PAGE).partition("раздел ")[2].strip("«»") for deed in WORDS
             if deed.startswith("in_")}  # fmt: skip
    assert named <= {part.title for part in PARTS}


def test_every_field_has_a_name_in_russian() -> None:
    fields = [field for part in PARTS for group in groups(part, RAW) for field in group.fields]
    assert [
        field.name for field in fields if field.label == str(field.place[-1]) and field.label[0] != "F"
    ] == []


@pytest.mark.parametrize(
    ("part", "name", "text", "value"),
    [
        ("limits", "sync.interval", "90", 90),
        ("limits", "node.upserts_per_second", "2,5", 2.5),
        ("limits", "sync.interval", "PT2M", "PT2M"),
        ("limits", "retries.network", "30\n60\n\n300", [30, 60, 300]),
        ("decisions", "rules.cancel_moves_manual_stage", "true", True),
        ("branches", "branches.0.aliases", "ООО «А, Б»\r\nИП", ["ООО «А, Б»", "ИП"]),
        ("stages", "portal.stages.won", "C3:WON", "C3:WON"),
        ("alerts", "alerts.email.to", "a@b.ru", ["a@b.ru"]),
    ],
)
def test_text_becomes_a_value_of_the_file(part: str, name: str, text: str, value: object) -> None:
    values, removed, secrets = read_form(part_of(part), RAW, {name: text})
    assert [*values.values()] == [value]
    assert (removed, secrets) == ([], {})


def test_emptied_field_goes_back_to_the_default() -> None:
    values, removed, _ = read_form(part_of("portal"), RAW, {"portal.category_id": ""})
    assert (values, removed) == ({}, [("portal", "category_id")])


def test_required_secret_is_not_dropped() -> None:
    form = {"portal.webhook": "", "portal.webhook.drop": "1"}
    assert read_form(part_of("portal"), RAW, form) == ({}, [], {})


def test_page_password_is_not_dropped() -> None:
    raw = {**RAW, "monitor": {"password": "enc:two"}}
    assert read_form(part_of("limits"), raw, {"monitor.password.drop": "1"}) == ({}, [], {})


def test_row_is_removed_whole() -> None:
    assert read_form(part_of("bases"), RAW, {"databases.1.drop": "1"})[1] == [("databases", 1)]


def test_empty_new_row_is_not_taken() -> None:
    form = {"branches.1.number": "2", "branches.1.name": "", "branches.1.database": "D1"}
    assert read_form(part_of("branches"), RAW, form) == ({}, [], {})
