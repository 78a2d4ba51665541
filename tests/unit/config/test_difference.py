"""Разница настроек словами: что было и что станет; секретов в ней не видно."""

import tomllib

from config.difference import difference

OLD = """
[portal]
webhook = "enc:one"
category_id = 1

[[databases]]
id = "D1"
server = "SRV"
password = "enc:old"

[[branches]]
number = 1
name = "Филиал Фучика"

[[branches]]
number = 2
name = "Филиал Амирхана"

[alerts]
apprise = ["enc:channel"]
"""


def told(old: str, new: str) -> list[str]:
    """Возвращает перемены строками."""
    lines = difference(tomllib.loads(old), tomllib.loads(new))
    return [f"{line.section} · {line.label}: {line.before} → {line.after}" for line in lines]


def test_same_settings_have_no_difference() -> None:
    assert told(OLD, OLD) == []


def test_number_is_told_before_and_after() -> None:
    assert told(OLD, OLD.replace("category_id = 1", "category_id = 3")) == ["Портал · Воронка: 1 → 3"]


def test_default_is_named_when_nothing_is_written() -> None:
    changed = OLD + '\n[rules]\ncontact_matching = "phone_and_name"\n'
    assert told(OLD, changed) == [
        "Решения клиники · Семья с одним телефоном: по умолчанию → каждому свой контакт: по телефону и ФИО"
    ]


def test_secrets_are_named_and_not_shown() -> None:
    changed = (
        OLD.replace("enc:one", "enc:two").replace("enc:old", "ПЛАМЯ").replace("enc:channel", "enc:other")
    )
    assert told(OLD, changed) == [
        "Портал · Адрес вебхука: записан → заменён",
        "База D1 · Пароль: записан → заменён",
        "Уведомления · Каналы apprise: записан → заменён",
    ]


def test_removed_row_does_not_disturb_its_neighbours() -> None:
    changed = OLD.replace('[[branches]]\nnumber = 1\nname = "Филиал Фучика"\n', "")
    assert told(OLD, changed) == [
        "Филиал 1 · Номер: 1 → по умолчанию",
        "Филиал 1 · Имя в Ident: Филиал Фучика → по умолчанию",
    ]
