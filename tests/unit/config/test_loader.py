"""Настройки: TOML, секреты, ошибки по-русски."""

import sys
from pathlib import Path

import pytest

from config.loader import ConfigError, application_key, load_settings, settings_file
from config.rights import strangers
from config.secrets import SecretError, decrypt, encrypt, new_key, read_key, write_key
from tests.support.example import example_settings

MINIMAL = """
[portal]
webhook = "http://127.0.0.1:8024/rest/1/secretcode/"

[[databases]]
id = "D1"
type = "sqlite"
path = "ident.sqlite"

[[branches]]
number = 1
name = "Филиал Фучика"
database = "D1"
"""


def written(folder: Path, text: str) -> Path:
    """Пишет файл настроек."""
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(folder: Path, text: str) -> str:
    """Возвращает текст ошибки настроек."""
    with pytest.raises(ConfigError) as caught:
        load_settings(written(folder, text))
    return str(caught.value)


def test_minimal_settings_are_enough(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, MINIMAL))
    assert settings.sync.interval.total_seconds() == 120
    assert settings.database("D1").path == tmp_path / "ident.sqlite"  # type: ignore[union-attr]
    assert [branch.branch_id for branch in settings.served] == ["F1"]


def test_example_file_is_valid() -> None:
    assert example_settings().branches


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("[portal]", "[portal]\ncolour = 1"), "[portal] colour: такого ключа нет"),
        (('database = "D1"', 'database = "D9"'), "базы 'D9' нет в databases"),
        (("number = 1\n", ""), "[[branches]] № 1 number: ключ обязателен"),
        (("127.0.0.1:8024", "clinic.example"), "[portal] webhook: ожидается https://"),
        (("number = 1\n", 'number = "один"\n'), "ожидается целое число"),
        (("[portal]", "[portal"), "написан с ошибкой"),
        (('type = "sqlite"', 'type = "oracle"'), "mssql"),
    ],
)
def test_mistake_is_named_with_its_key(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    assert expected in complaint(tmp_path, MINIMAL.replace(*change))


def test_error_never_shows_the_secret(tmp_path: Path) -> None:
    assert "secretcode" not in complaint(tmp_path, MINIMAL.replace("http://", "ftp://"))


def test_settings_never_show_the_secret(tmp_path: Path) -> None:
    assert "secretcode" not in repr(load_settings(written(tmp_path, MINIMAL)))


def test_absent_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"settings\.example\.toml"):
        load_settings(tmp_path / "нет.toml")


def test_file_is_named_by_option_then_by_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    option, variable = tmp_path / "option.toml", tmp_path / "variable.toml"
    monkeypatch.setenv("IDENT_BITRIX_CONFIG", str(variable))
    assert settings_file(str(option)) == option
    assert settings_file() == variable


def test_sealed_webhook_is_opened_with_the_key_file(tmp_path: Path) -> None:
    key = new_key()
    write_key(tmp_path / "ident-bitrix.key", key)
    sealed = encrypt("https://clinic.example/rest/1/secretcode/", key)
    text = MINIMAL.replace("http://127.0.0.1:8024/rest/1/secretcode/", sealed)
    assert "secretcode" not in text
    assert load_settings(written(tmp_path, text)).portal.webhook.get_secret_value().endswith("/secretcode/")
    assert strangers(tmp_path / "ident-bitrix.key") == []


def test_missing_key_file_says_what_to_do(tmp_path: Path) -> None:
    text = MINIMAL.replace("http://127.0.0.1:8024/rest/1/secretcode/", encrypt("x", new_key()))
    assert "secrets init" in complaint(tmp_path, text)


def test_foreign_key_is_refused() -> None:
    with pytest.raises(SecretError, match="другим ключом"):
        decrypt(encrypt("x", new_key()), new_key())


def test_key_wrapped_on_another_computer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("dpapi:AAAA", encoding="ascii")
    with pytest.raises(SecretError, match="Windows"):
        read_key(tmp_path / "key")


def test_key_is_never_overwritten(tmp_path: Path) -> None:
    write_key(tmp_path / "key", new_key())
    with pytest.raises(FileExistsError):
        write_key(tmp_path / "key", new_key())


def test_application_key_follows_the_webhook_or_its_own_key(tmp_path: Path) -> None:
    plain = load_settings(written(tmp_path, MINIMAL))
    own = load_settings(written(tmp_path, MINIMAL + '\n[security]\nkey = "своя тайна"\n'))
    assert application_key(plain) == application_key(load_settings(written(tmp_path, MINIMAL)))
    assert application_key(plain) != application_key(own)


def test_two_branches_of_one_base_need_exactly_one_home(tmp_path: Path) -> None:
    second = '\n[[branches]]\nnumber = 2\nname = "Филиал Амирхана"\ndatabase = "D1"\n'
    assert "home = true" in complaint(tmp_path, MINIMAL + second)
    assert "home = true" in complaint(tmp_path, MINIMAL + "home = true\n" + second + "home = true\n")
    assert load_settings(written(tmp_path, MINIMAL + "home = true\n" + second))


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ('[node]\nbranches = ["F7"]', "F7"),
        ('[rules]\nutc_offset = "Москва"', "+03:00"),
        ('[rules]\nimmutable_fields = ["colour"]', "colour"),
        ('[rules]\nrequired_fields = ["colour"]', "colour"),
        ('[portal.fields]\ncolour = "UF_X"', "colour"),
        ('[portal.stages]\nwon = "C1:LOSE"', "один код"),
    ],
)
def test_bad_reference_is_named(tmp_path: Path, section: str, expected: str) -> None:
    name = section.partition("]")[0].removeprefix("[")
    text = (
        MINIMAL.replace("[[databases]]", f"{section}\n\n[[databases]]")
        if name.startswith("portal")
        else (f"{MINIMAL}\n{section}\n")
    )
    assert expected in complaint(tmp_path, text)


def test_negative_offset_is_understood(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, MINIMAL + '\n[rules]\nutc_offset = "-04:30"\n'))
    assert str(settings.rules.zone) == "UTC-04:30"


@pytest.mark.parametrize("host", ["clinic.bitrix24.ru", "10.0.0.5", "portal.local:8443"])
def test_webhook_without_https_is_refused(tmp_path: Path, host: str) -> None:
    """ТЗ 4.2 № 1, 5.4 № 3: по открытому каналу секрет и люди не пойдут."""
    text = MINIMAL.replace("127.0.0.1:8024", host)
    assert "webhook: ожидается https://" in complaint(tmp_path, text)
    assert "webhook: ожидается" not in complaint(tmp_path, text.replace("http://", "https://"))


def test_base_of_the_demonstration_is_refused_where_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """В собранной программе переводчика T-SQL нет: база SQLite остановила бы узел при первой выборке."""
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    assert 'нужна база Ident: type = "mssql"' in complaint(tmp_path, MINIMAL)
    ready = MINIMAL.replace("ident.sqlite", 'ident.sqlite"\ndialect = "sqlite')
    assert load_settings(written(tmp_path, ready)).databases
