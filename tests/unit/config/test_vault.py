"""Секреты: ключ, запись, шифрование на месте, смена ключа; примечания человека остаются."""

import getpass
import io
import tomllib
from pathlib import Path

import pytest

from cli import secrets as command
from config.dpapi import FORMER, Dpapi, wrapping_of
from config.loader import ConfigError, load_settings
from config.rights import restrict, strangers
from config.secrets import SecretError, read_keys, replace_keys, write_key
from config.vault import Vault

TEXT = """# Настройки клиники
[portal]
webhook = "https://clinic.example/rest/1/s3cr3tc0de/"  # вебхук Анны
category_id = 1

[redis]
url = "redis://:r3dispass@127.0.0.1:6379/0"

[[databases]]
id = "D1"
server = "SRV"
database = "PZ"
login = "reader"
password = "p4ssw0rd"   # сменить весной

[[branches]]
number = 1
name = "Филиал Фучика"
database = "D1"
"""
SECRETS = ("s3cr3tc0de", "r3dispass", "p4ssw0rd")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Файл с открытыми секретами."""
    path = tmp_path / "settings.toml"
    path.write_text(TEXT, encoding="utf-8")
    restrict(path)
    return Vault(path)


def test_plain_secrets_are_refused_with_the_command_that_mends(vault: Vault) -> None:
    with pytest.raises(ConfigError, match=r"secrets seal.*secrets set portal\.webhook") as caught:
        load_settings(vault.path)
    assert "databases.D1.password" in str(caught.value)
    assert "redis.url" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_seal_hides_every_secret_and_keeps_the_comments(vault: Vault) -> None:
    assert sorted(vault.seal()) == ["databases.D1.password", "portal.webhook", "redis.url"]
    text = vault.path.read_text(encoding="utf-8")
    assert not any(secret in text for secret in SECRETS)
    assert all(comment in text for comment in ("# Настройки клиники", "# вебхук Анны", "# сменить весной"))
    settings = load_settings(vault.path)
    assert settings.portal.webhook.get_secret_value().endswith("/s3cr3tc0de/")
    assert settings.redis.url.get_secret_value() == "redis://:r3dispass@127.0.0.1:6379/0"


def test_seal_twice_changes_nothing(vault: Vault) -> None:
    vault.seal()
    before = vault.path.read_bytes()
    assert vault.seal() == []
    assert vault.path.read_bytes() == before


def test_set_writes_the_secret_sealed(vault: Vault) -> None:
    vault.seal()
    assert vault.set("bitrix.webhook", "https://clinic.example/rest/7/an0therc0de/") == "portal.webhook"
    assert vault.set("databases.D1.password", "новый пароль") == "databases.D1.password"
    settings = load_settings(vault.path)
    assert "/rest/7/" in settings.portal.webhook.get_secret_value()
    assert settings.database("D1").password.get_secret_value() == "новый пароль"  # type: ignore[union-attr]


@pytest.mark.parametrize("seal", [True, False])
def test_owner_of_the_former_webhook_is_remembered(vault: Vault, seal: bool) -> None:
    """Сделки, созданные до смены вебхука, остаются своими и после потери Redis."""
    if seal:
        vault.seal()
    for user in (7, 7, 9, 1):
        vault.set("portal.webhook", f"https://clinic.example/rest/{user}/an0therc0de/")
    vault.seal()
    portal = load_settings(vault.path).portal
    assert (portal.former_webhook_users, portal.webhook_users) == ((1, 7, 9), {1, 7, 9})


def test_new_code_of_the_same_owner_adds_nobody(vault: Vault) -> None:
    vault.set("portal.webhook", "https://clinic.example/rest/1/an0therc0de/")
    assert "former_webhook_users" not in vault.path.read_text(encoding="utf-8")


def test_set_adds_a_missing_section(vault: Vault) -> None:
    vault.seal()
    vault.set("security.key", "длинная тайна")
    assert load_settings(vault.path).security.key.get_secret_value() == "длинная тайна"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name", ["portal.category_id", "colour", "databases.D7.password", "databases.D1.server"]
)
def test_set_refuses_what_is_not_a_secret(vault: Vault, name: str) -> None:
    before = vault.path.read_bytes()
    with pytest.raises(ConfigError):
        vault.set(name, "x")
    assert vault.path.read_bytes() == before


def test_rotate_changes_the_key_and_keeps_the_secrets(vault: Vault) -> None:
    vault.seal()
    old_keys, old_text = read_keys(vault.key_file), vault.path.read_text(encoding="utf-8")
    assert vault.rotate() == 3
    assert len(read_keys(vault.key_file)) == 1
    assert read_keys(vault.key_file) != old_keys
    assert vault.path.read_text(encoding="utf-8") != old_text
    assert load_settings(vault.path).portal.webhook.get_secret_value().endswith("/s3cr3tc0de/")


def test_rotation_cut_between_its_steps_loses_nothing(vault: Vault) -> None:
    vault.seal()
    (old,) = read_keys(vault.key_file)
    replace_keys(vault.key_file, ["kMG0xS1Ok6Mb4Pt9LqBfyFbHkqFTgkAX0Gd5VzyJHcw=", old])
    assert load_settings(vault.path).portal.webhook.get_secret_value().endswith("/s3cr3tc0de/")
    vault.rotate()
    assert load_settings(vault.path).portal.webhook.get_secret_value().endswith("/s3cr3tc0de/")


@pytest.mark.windows_cannot("wine")  # ReplaceFileW в Wine не переносит списка доступа
def test_files_stay_closed_to_others(vault: Vault) -> None:
    vault.seal()
    vault.rotate()
    assert strangers(vault.path) + strangers(vault.key_file) == []


def test_list_names_secrets_without_values(vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["list", "--config", str(vault.path)]) == 0
    shown = capsys.readouterr().out
    assert "ОТКРЫТ" in shown
    assert not any(secret in shown for secret in SECRETS)


def test_command_reads_the_secret_without_echo(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "https://clinic.example/rest/7/an0therc0de/")
    assert command.main(["set", "portal.webhook", "--config", str(vault.path)]) == 0
    told = capsys.readouterr()
    assert "an0therc0de" not in told.out + told.err
    assert "Осталось исправить" in told.err
    assert tomllib.loads(vault.path.read_text(encoding="utf-8"))["portal"]["webhook"].startswith("enc:")


def test_command_reads_the_secret_from_a_script(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.seal()
    monkeypatch.setattr("sys.stdin", io.StringIO("из скрипта\n"))
    assert command.main(["set", "databases.D1.password", "--stdin", "--config", str(vault.path)]) == 0
    settings = load_settings(vault.path)
    assert settings.database("D1").password.get_secret_value() == "из скрипта"  # type: ignore[union-attr]


def test_empty_secret_changes_nothing(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    before = vault.path.read_bytes()
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert command.main(["set", "portal.webhook", "--stdin", "--config", str(vault.path)]) == 2
    assert vault.path.read_bytes() == before


@pytest.mark.parametrize("action", ["init", "seal", "rotate"])
def test_every_action_is_safe_to_repeat(vault: Vault, action: str) -> None:
    vault.init()
    vault.seal()
    assert command.main([action, "--config", str(vault.path)]) == 0
    assert load_settings(vault.path).branches


class Reversed:
    """Подделка DPAPI: переворачивает ключ, чужого не открывает."""

    mark = "dpapi:"

    def __init__(self, computer: str) -> None:
        self._computer = computer

    def wrap(self, key: str) -> str:
        """Заворачивает."""
        return f"{self._computer}|{key[::-1]}"

    def unwrap(self, text: str) -> str:
        """Разворачивает свой."""
        computer, _, key = text.partition("|")
        if computer != self._computer:
            raise ValueError("чужой компьютер")
        return key[::-1]


def test_wrapped_key_is_not_in_the_file_and_opens_only_at_home(tmp_path: Path) -> None:
    path, home = tmp_path / "key", Reversed("РЕГИСТРАТУРА")
    path_text = "kMG0xS1Ok6Mb4Pt9LqBfyFbHkqFTgkAX0Gd5VzyJHcw="
    ascii_home = Reversed("RECEPTION")
    write_key(path, path_text, ascii_home)
    assert path_text not in path.read_text(encoding="ascii")
    assert read_keys(path, ascii_home) == [path_text]
    with pytest.raises(SecretError):
        read_keys(path, home)


@pytest.mark.parametrize("line", ["kMG0xS1Ok6Mb4Pt9LqBfyFbHkqFTgkAX0Gd5VzyJHc-=", "dpapi2:AQAAANCMnd8BF"])
def test_key_that_is_not_a_wrapped_one_is_told_in_words(tmp_path: Path, line: str) -> None:
    """Открытый ключ, принесённый на Windows с Linux, и обрывок завёрнутого: не «Incorrect padding»."""
    path = tmp_path / "key"
    path.write_text(line, encoding="ascii")
    with pytest.raises(SecretError, match="верните свой из копии"):
        read_keys(path, Dpapi())


def test_wrapped_key_keeps_both_keys_during_rotation(tmp_path: Path) -> None:
    path, home = tmp_path / "key", Reversed("PC")
    write_key(path, "old", home)
    replace_keys(path, ["new", "old"], home)
    assert read_keys(path, home) == ["new", "old"]


@pytest.mark.windows_cannot("posix")
def test_real_wrapping_of_windows_says_so_elsewhere() -> None:
    with pytest.raises(Exception, match="Windows"):
        Dpapi().wrap("key")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_empty_key_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(SecretError, match="пуст"):
        read_keys(tmp_path / "key")


def test_key_is_written_only_into_a_file_that_is_already_closed(tmp_path: Path) -> None:
    seen: list[bytes] = []
    write_key(tmp_path / "a.key", "key", close=lambda path: seen.append(path.read_bytes()))
    assert seen == [b""]
    assert read_keys(tmp_path / "a.key") == ["key"]


def test_key_that_could_not_be_closed_is_not_left_behind(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(path.name)

    with pytest.raises(PermissionError):
        write_key(tmp_path / "a.key", "key", close=refuse)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("portal.webhook", "вебхук Анны", "[portal] webhook"),
        ("portal.webhook", "https://clinic.example/", "ожидается https://портал/rest/"),
        ("redis.url", "http://127.0.0.1/", "[redis] url"),
        ("redis.url", "redis://:p#ss@127.0.0.1:6379/0", "%23"),
    ],
)
def test_good_secret_outlives_an_attempt_to_write_garbage_over_it(
    vault: Vault, name: str, value: str, expected: str
) -> None:
    vault.seal()
    before = vault.path.read_bytes()
    with pytest.raises(ConfigError, match="прежний на месте") as caught:
        vault.set(name, value)
    assert expected in str(caught.value)
    assert value not in str(caught.value)
    assert vault.path.read_bytes() == before


def test_secret_is_judged_alone_while_the_file_is_not_ready(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[portal]\ncategory_id = "первая"\n', encoding="utf-8")
    assert Vault(path).set("portal.webhook", "https://clinic.example/rest/1/code/") == "portal.webhook"


@pytest.mark.parametrize("password", ["p#ss", "p/ss", "p[ss", "p?ss"])
def test_password_that_breaks_the_address_is_sealed_too(vault: Vault, password: str) -> None:
    text = vault.path.read_text(encoding="utf-8").replace("r3dispass", password)
    vault.path.write_text(text, encoding="utf-8")
    assert "redis.url" in vault.seal()
    assert password not in vault.path.read_text(encoding="utf-8")


def test_key_wrapped_by_a_former_version_is_known_by_its_mark() -> None:
    assert wrapping_of("dpapi:AAAA") is FORMER
    assert wrapping_of("dpapi2:AAAA").mark == Dpapi().mark == "dpapi2:"
