"""Пределы настроек: то, с чем узел встал бы или ошибся, не принимается, и сказано почему."""

from pathlib import Path

import pytest

from config.loader import ConfigError, load_settings
from tests.unit.config.test_mistakes import GOOD, complaint

#: Раздел, ключ, слово из причины: сроки и числа, у которых нижний предел — не ноль.
KNOBS = [
    ("portal", "requests_per_second", "очередь"),
    ("portal", "connect_timeout", "соединиться"),
    ("portal", "read_timeout", "исход создания"),
    ("portal", "uncertainty", "двойник"),
    ("portal", "operating_limit", "метод"),
    ("node", "upserts_per_second", "очередь"),
    ("sync", "interval", "база Ident"),
    ("sync", "overlap", "с опозданием"),
    ("sync", "first_run", "первый запуск"),
    ("sync", "reconcile_interval", "сверка"),
    ("sync", "lease", "второй отправитель"),
    ("alerts", "silence", "ложной"),
    ("alerts", "ident_lost", "обрыв"),
    ("web", "deadline", "база Ident"),
]


def refused(folder: Path, section: str, line: str, local: bool = False) -> str:
    """Возвращает, чем не понравилась строка раздела."""
    text = GOOD if local else GOOD.replace("http://127.0.0.1:8024", "https://clinic.example")
    header = f"[{section}]"
    text = text.replace(header, f"{header}\n{line}", 1) if header in text else f"{text}\n{header}\n{line}\n"
    path = folder / "settings.toml"
    for own in ("interval = 120\n", "category_id = 1\n"):
        text = text.replace(own, "", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    return str(caught.value)


@pytest.mark.parametrize("value", ["-5", "0", "0.0001"])
@pytest.mark.parametrize(("section", "key", "why"), KNOBS, ids=[f"{s}.{k}" for s, k, _ in KNOBS])
def test_senseless_bound_is_refused_with_the_reason(
    tmp_path: Path, section: str, key: str, why: str, value: str
) -> None:
    told = refused(tmp_path, section, f"{key} = {value}")
    assert f"[{section}] {key}: ожидается не меньше " in told
    assert why in told


@pytest.mark.parametrize(("section", "key", "why"), KNOBS, ids=[f"{s}.{k}" for s, k, _ in KNOBS])
@pytest.mark.parametrize("value", ["true", "nan", "inf", "1e300"])
def test_what_is_no_number_is_refused(tmp_path: Path, section: str, key: str, why: str, value: str) -> None:
    assert f"[{section}] {key}: " in refused(tmp_path, section, f"{key} = {value}")


@pytest.mark.parametrize("line", ["burst = true", "category_id = false", "assigned_by_id = 0"])
def test_flag_and_nought_are_no_numbers_of_the_portal(tmp_path: Path, line: str) -> None:
    assert f"[portal] {line.split(' ', 1)[0]}: ожидается число" in refused(tmp_path, "portal", line)


@pytest.mark.parametrize("value", ["[0]", "[-5]", "[true]", "[]", "[0.001, 5]"])
@pytest.mark.parametrize("key", ["network", "api", "database", "breaker"])
def test_retry_without_a_pause_is_refused(tmp_path: Path, key: str, value: str) -> None:
    assert "ожидается" in refused(tmp_path, "retries", f"{key} = {value}")


@pytest.mark.parametrize(
    ("section", "line", "bound"),
    [
        ("portal", "uncertainty = 59", "не меньше 60 с"),
        ("portal", "read_timeout = 60", "не меньше 61"),
        ("sync", "lease = 64", "не меньше 65 с"),
    ],
)
def test_terms_of_a_real_portal_are_never_shorter_than_it_works(
    tmp_path: Path, section: str, line: str, bound: str
) -> None:
    assert bound in refused(tmp_path, section, line)


def test_demonstration_may_hurry_but_not_stand(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    quick = GOOD.replace("[portal]", "[portal]\nuncertainty = 0.5\nread_timeout = 2", 1)
    path.write_text(quick.replace("interval = 120", "interval = 1\nlease = 4"), encoding="utf-8")
    assert load_settings(path).sync.lease.total_seconds() == 4
    assert "не меньше 1 с" in refused(tmp_path, "sync", "lease = 0", local=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("127.0.0.1:6379", "ожидается redis://"),
        ("http://127.0.0.1:6379/0", "ожидается redis://"),
        ("redis://", "ожидается redis://"),
        ("redis:///0", "ожидается redis://"),
        ("redis://127.0.0.1:99999/0", "ожидается redis://"),
        ("redis://127.0.0.1:six/0", "ожидается redis://"),
        ("redis://127.0.0.1:6379/main", "ожидается redis://"),
        ("redis://:p#ss@127.0.0.1:6379/0", "%23"),
        ("redis://:p/ss@127.0.0.1:6379/0", "%2F"),
        ("redis://:p[ss@127.0.0.1:6379/0", "%5B"),
        ("redis://srv:6379/0", "связь шифруют"),
        ("redis://:s3cret@10.0.0.5:6379/0", "связь шифруют"),
        ("rediss://srv:6380/0?ssl_cert_reqs=none", "проверку сертификата не отключают"),
        ("rediss://srv:6380/0?ssl_check_hostname=false", "проверку сертификата не отключают"),
    ],
)
def test_address_of_redis_is_checked(tmp_path: Path, url: str, expected: str) -> None:
    told = refused(tmp_path, "redis", f'url = "{url}"', local=True)
    assert "[redis] url: " in told
    assert expected in told
    assert not any(secret in told for secret in ("p#ss", "p/ss", "p[ss", "s3cret"))


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://:p%23ss@127.0.0.1:6379/0",
        "redis://[::1]:6379/1",
        "rediss://u:p@srv:6380/0",
    ],
)
def test_right_address_of_redis_is_taken(tmp_path: Path, url: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'{GOOD}\n[redis]\nurl = "{url}"\n', encoding="utf-8")
    assert load_settings(path).redis.address.rsplit(":", 1)[-1].isdigit()


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ("[monitor]\nport = 5555\n", "[monitor] port: порт 5555 уже занят, он стоит и в [flower] port"),
        ("[flower]\nport = 6379\n", "[flower] port: порт 6379 уже занят, он стоит и в [redis] url"),
    ],
)
def test_two_services_on_one_port_are_refused(tmp_path: Path, sections: str, told: str) -> None:
    assert told in complaint(tmp_path, "[journal]", f"{sections}\n[journal]")


def test_unchanged_example_is_refused_with_the_command(tmp_path: Path) -> None:
    example = Path(__file__).resolve().parents[3] / "config" / "settings.example.toml"
    with pytest.raises(ConfigError) as caught:
        load_settings(example)
    assert "осталась заготовка образца: portal.webhook" in str(caught.value)
    assert "secrets set portal.webhook" in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('id = "D1"\ntype', 'id = "D1; DROP"\ntype', "имя из латинских букв"),
        ("[journal]", '[redis]\nprefix = "a:\\nb"\n\n[journal]', "имя из строчных латинских букв"),
        (
            "[journal]",
            '[application]\nclient_id = "x<script>y"\nmember_id = "abcdef"\n\n[journal]',
            "[application] client_id: ожидается код из латинских букв",
        ),
        (
            "[journal]",
            '[alerts.email]\nhost = "smtp"\nsender = "clinic@x.ru\\nBcc: a@b.ru"\nto = ["x"]\n\n[journal]',
            "[alerts.email] sender: ожидается адрес почты",
        ),
    ],
)
def test_pattern_holds_for_the_whole_value(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert expected in complaint(tmp_path, before, after)


def test_webhook_with_a_space_is_named(tmp_path: Path) -> None:
    assert "пробел" in complaint(tmp_path, "secretcode/", "secret code/")
