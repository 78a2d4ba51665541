"""Ошибки настроек: каждый вид — одно понятное сообщение с файлом, ключом и тем, что ожидается."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.explain import key_of
from config.loader import CONFIG_VARIABLE, ConfigError, load_settings
from config.places import line_of

ROOT = Path(__file__).resolve().parents[3]

GOOD = """[portal]
webhook = "http://127.0.0.1:8024/rest/1/secretcode/"
category_id = 1

[portal.stages]
won = "C1:WON"

[[databases]]
id = "D1"
type = "mssql"
server = "SRV"
database = "PZ"
login = "reader"
password = "password1"

[[branches]]
number = 1
name = "Филиал Фучика"
database = "D1"
home = true

[[branches]]
number = 2
name = "Филиал Амирхана"
database = "D1"

[rules]
utc_offset = "+03:00"

[sync]
interval = 120

[journal]
keep_days = 30
"""


def complaint(folder: Path, before: str, after: str) -> str:
    """Портит годные настройки и возвращает сообщение об этом."""
    assert before in GOOD
    path = folder / "settings.toml"
    path.write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    return str(caught.value)


def test_sample_itself_is_good(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_settings(path).branch("F2").name == "Филиал Амирхана"


MISTAKES = [
    pytest.param('webhook = "http', '# = "http', "строка 1, [portal] webhook: ключ обязателен", id="missing"),
    pytest.param(
        "category_id", "categori_id", "строка 3, [portal] categori_id: такого ключа нет", id="unknown-key"
    ),
    pytest.param("categ", "kateg", "возможно, имелось в виду category_id", id="unknown-key-hint"),
    pytest.param("[sync]", "[sinc]", "строка 30, раздел [sinc]: такого раздела нет", id="unknown-section"),
    pytest.param("category_id = 1", 'category_id = "первая"', "ожидается целое число", id="wrong-type"),
    pytest.param("category_id = 1", "category_id = -1", "ожидается число не меньше 0", id="out-of-bounds"),
    pytest.param(
        "interval = 120", 'interval = "часто"', "строка 31, [sync] interval: ожидается длит", id="time"
    ),
    pytest.param("home = true", 'home = "да"', "строка 20, [[branches]] № 1 home: ожидается true", id="bool"),
    pytest.param(
        'server = "SRV"', "server = 5", "строка 11, [[databases]] № 1 server: ожидается строка", id="string"
    ),
    pytest.param('type = "mssql"', 'type = "oracle"', 'type = "mssql" или type = "sqlite"', id="base-kind"),
    pytest.param('login = "reader"', 'auth = "kerberos"', "ожидается одно из", id="choice"),
    pytest.param('login = "reader"', "", 'для auth = "sql" нужны login и password', id="no-login"),
    pytest.param(
        "number = 2",
        "number = 1",
        "строка 22: [[branches]] № 2 number: филиал F1 описан дважды",
        id="branch-twice",
    ),
    pytest.param(
        'home = true\n\n[[branches]]\nnumber = 2\nname = "Филиал Амирхана"',
        '\n[[branches]]\nnumber = 2\nname = "филиал  фучика"',
        "на базе D1 два филиала называются «Филиал Фучика»",
        id="one-name-without-home",
    ),
    pytest.param("home = true", "", "ровно у одного должно стоять home = true", id="no-home"),
    pytest.param(
        'number = 2\nname = "Филиал Амирхана"\ndatabase = "D1"',
        'number = 2\nname = "X"\ndatabase = "D7"',
        "базы 'D7' нет в databases, есть D1",
        id="unknown-base",
    ),
    pytest.param(
        'won = "C1:WON"',
        'won = "C1:PLAN_PRESENTATION"',
        "стоит у двух стадий: plan_presentation (ручная) и won (конечная)",
        id="stage-final-and-manual",
    ),
    pytest.param(
        'won = "C1:WON"', 'won = "C1:TREATMENT"', "  строка 5: [portal.stages] один код", id="stage-line"
    ),
    pytest.param('won = "C1:WON"', 'victory = "C1:WON"', "ожидается одно из", id="unknown-stage"),
    pytest.param(
        '"+03:00"', '"Europe/Moscow"', "строка 28, [rules] utc_offset: ожидается смещение", id="zone"
    ),
    pytest.param('"+03:00"', '"+25:00"', "такого пояса нет", id="zone-out-of-world"),
    pytest.param(
        "127.0.0.1:8024", "clinic.example", "строка 2, [portal] webhook: ожидается https", id="http-webhook"
    ),
    pytest.param("rest/1/secretcode/", "", "ожидается https://портал/rest/номер/код/", id="not-a-webhook"),
    pytest.param("http://127.0.0.1:8024", "https://clinic.example", "secrets seal", id="plain-secret"),
    pytest.param(
        "http://127.0.0.1:8024", "https://clinic.example", "databases.D1.password", id="plain-password"
    ),
    pytest.param("[rules]", "[rules", "написан с ошибкой: строка 27", id="broken-toml"),
    pytest.param("[rules]", "[rules", "не закрыта квадратная скобка", id="bracket"),
    pytest.param('"SRV"', '"SRV', "не закрыта кавычка", id="quote"),
    pytest.param("keep_days = 30", "keep_days = 30 дней", "один ключ — одна строка", id="two-values"),
    pytest.param('server = "SRV"', 'server = "C:\\Srv"', "обратную черту", id="backslash"),
    pytest.param("[rules]", "[sync]", "дважды", id="section-twice"),
    pytest.param('server = "SRV"', "server = “SRV”", "строка 11, знак 10: кавычки не те", id="curly"),
    pytest.param('server = "SRV"', "server = «SRV»", 'пишут прямые: "', id="guillemets"),
    pytest.param(
        'database = "D1"\n\n[rules]',
        'database = "D7"\n\n[rules]',
        "  строка 22: [[branches]] № 2 филиал F2: базы 'D7' нет",
        id="guilty-branch",
    ),
    pytest.param(
        "[[branches]]\nnumber = 1",
        "[branches]\nnumber = 1",
        "пишут [[branches]], в двойных скобках",
        id="bracket-of-the-first",
    ),
    pytest.param(
        "[[databases]]", "[databases]", "пишут [[databases]], в двойных скобках", id="single-bracket"
    ),
    pytest.param("[rules]", '[redis]\nca_file = "нет.pem"\n\n[rules]', "такого файла нет", id="no-ca-file"),
    pytest.param(
        "category_id = 1",
        'category_id = 1\nca_file = "settings.toml"',
        "сертификатов в нём нет",
        id="not-a-ca-file",
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), MISTAKES)
def test_mistake_is_named_with_file_key_and_what_is_expected(
    tmp_path: Path, before: str, after: str, expected: str
) -> None:
    told = complaint(tmp_path, before, after)
    assert expected in told
    assert str(tmp_path / "settings.toml") in told


@pytest.mark.parametrize(("before", "after", "expected"), MISTAKES)
def test_message_is_short_russian_and_keeps_secrets(
    tmp_path: Path, before: str, after: str, expected: str
) -> None:
    told = complaint(tmp_path, before, after)
    assert len(told.splitlines()) <= 3
    assert not any(secret in told for secret in ("secretcode", "password1"))
    assert not any(word in told for word in ("Input", "should", "valid ", "Error", "Traceback", "Expected"))


def test_several_mistakes_are_told_at_once(tmp_path: Path) -> None:
    told = complaint(tmp_path, "[portal]\n", '[portal]\ncolour = 1\nburst = "много"\n')
    assert "[portal] colour" in told
    assert "[portal] burst" in told


def test_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(GOOD.encode("cp1251"))
    with pytest.raises(ConfigError, match="В Блокноте: «Файл» → «Сохранить как»"):
        load_settings(path)


def test_empty_file_lacks_whole_sections(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").touch()
    with pytest.raises(ConfigError, match=r"раздел \[portal\]: он обязателен"):
        load_settings(tmp_path / "settings.toml")


def test_folder_instead_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="это папка, а нужен файл"):
        load_settings(tmp_path)


def test_file_of_windows_notepad_is_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_settings(path).branches


ENTRIES = {
    "worker": ("celery", "-A", "tasks", "worker", "--pool", "solo"),
    "beat": ("celery", "-A", "tasks", "beat"),
    "flower": ("celery", "-A", "tasks", "flower"),
    "run": ("cli", "run"),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_no_entry_point_shows_a_traceback(tmp_path: Path, entry: tuple[str, ...]) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(GOOD.replace("category_id", "categori_id"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", *entry],
        cwd=ROOT,
        env={CONFIG_VARIABLE: str(path), "PATH": "", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "categori_id: такого ключа нет" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ((), "файл"),
        (("portal",), "раздел [portal]"),
        (("portal", "webhook"), "[portal] webhook"),
        (("portal", "stages", "won"), "[portal.stages] won"),
        (("branches", 1), "[[branches]] № 2"),
        (("branches", 0, "number"), "[[branches]] № 1 number"),
    ],
)
def test_key_is_shown_as_it_stands_in_the_file(location: tuple[str | int, ...], shown: str) -> None:
    assert key_of(location) == shown


@pytest.mark.parametrize(
    ("location", "number"),
    [
        (("portal", "category_id"), 3),
        (("portal", "absent"), 1),
        (("branches", 1, "name"), 24),
        (("nothing",), None),
    ],
)
def test_line_of_a_key_is_found(location: tuple[str | int, ...], number: int | None) -> None:
    assert line_of(GOOD, location) == number


@pytest.mark.parametrize(("text", "told"), [(None, "нет"), ("не сертификат", "PEM")], ids=["нет", "испорчен"])
def test_file_of_certificates_must_hold_certificates(tmp_path: Path, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / "ca.pem").write_text(text, encoding="utf-8")
    found = complaint(tmp_path, "[portal]\n", '[portal]\nca_file = "ca.pem"\n')
    assert "[portal] ca_file" in found
    assert told in found
