"""Архив приложения и команды portal app, web: настройки портала внутри, секретов нет, ошибки понятны."""

import json
import re
import zipfile
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest

from cli.__main__ import run
from config.loader import ConfigError, application_key, parse_settings
from config.models import Settings
from plan_frontend.packaging import application_zip
from services.sealing import SnapshotSeal

CODE = "s3cretcode"
MINIMAL: dict[str, object] = {
    "portal": {"webhook": f"http://127.0.0.1:8024/rest/1/{CODE}/"},
    "databases": [{"id": "D1", "type": "sqlite", "path": "ident.sqlite"}],
    "branches": [{"number": 1, "name": "Филиал Фучика", "database": "D1"}],
}
APPLICATION = {"client_id": "local.1", "member_id": "abc123", "shim": "https://srv-1.clinic.local:8443"}


def settings_with(**application: object) -> Settings:
    raw = {**MINIMAL, "application": {**APPLICATION, **application}}
    return parse_settings(raw, Path("/nowhere"))


def unpacked(settings: Settings) -> dict[str, str]:
    with zipfile.ZipFile(BytesIO(application_zip(settings))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


class Links(HTMLParser):
    """Собирает файлы, на которые ссылается страница."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Запоминает src и href."""
        self.found |= {value for name, value in attrs if name in ("src", "href") and value}


def test_archive_holds_the_pages_in_its_root_and_all_they_need() -> None:
    files = unpacked(settings_with())
    assert {"index.html", "install.html"} <= set(files)
    for page in ("index.html", "install.html"):
        links = Links()
        links.feed(files[page])
        local = {link for link in links.found if not link.startswith(("https://", "data:"))}
        assert local <= set(files)
        assert links.found - local == {"https://api.bitrix24.com/api/v1/", "data:,"}
    imports = {name for text in files.values() for name in re.findall(r'from "\./([\w.]+)"', text)}
    assert imports <= set(files)


def test_archive_carries_the_settings_of_the_portal_and_no_secret() -> None:
    files = unpacked(settings_with(shims={"F1": "https://srv-2.clinic.local"}))
    page = json.loads(files["settings.js"].removeprefix("export const SETTINGS = ").rstrip(";\n"))
    assert page["fields"] == {"reception": "UF_CRM_RECEPTION_ID", "snapshot": "UF_CRM_TREATMENT_PLANS"}
    assert (page["shim"], page["shims"]) == (
        "https://srv-1.clinic.local:8443",
        {"F1": "https://srv-2.clinic.local"},
    )
    assert page["seal"] == SnapshotSeal(application_key(settings_with())).public
    everything = "\n".join(files.values())
    assert "{{" not in everything
    assert CODE not in everything
    assert "/rest/" not in everything


def test_policy_of_the_page_lets_in_the_portal_and_the_services_only() -> None:
    text = unpacked(settings_with())["index.html"]
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].replace("&#x27;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    assert "https://srv-1.clinic.local:8443" in rules["connect-src"].split()
    assert "*" not in policy[1]


def test_same_settings_give_the_same_archive() -> None:
    assert application_zip(settings_with()) == application_zip(settings_with())


def test_texts_of_people_reach_the_page_only_as_text() -> None:
    scripts = {name: text for name, text in unpacked(settings_with()).items() if name.endswith(".js")}
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
    assert [name for name, text in scripts.items() if forbidden.search(text)] == []


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"oauth": "oauth.evil.example"}, "[application] oauth: ожидается oauth.bitrix24.tech"),
        ({"sdk": "https://evil.example/api/v1/"}, "[application] sdk: ожидается адрес на api.bitrix24.com"),
        ({"shim": "http://srv-1.clinic.local"}, "[application] shim: ожидается https://"),
        ({"shims": {"F9": "https://x.local"}}, "филиалы F9 не описаны"),
        ({"client_id": "a b"}, "[application] client_id"),
    ],
)
def test_unsafe_addresses_are_refused(section: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(expected)):
        settings_with(**section)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"host": "0.0.0.0"}, "нужны certificate и private_key"),
        ({"certificate": "a.pem"}, "указывают вместе"),
        ({"origins": ["http://cdn.example"]}, "ожидается https://"),
        ({"deadline": 600}, "[web] deadline: ожидается не больше 30 с"),
    ],
)
def test_unsafe_pages_are_refused(section: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(expected)):
        parse_settings({**MINIMAL, "web": section}, Path("/nowhere"))


def written(folder: Path, **application: object) -> Path:
    """Пишет файл настроек."""
    from demo.site import to_toml

    path = folder / "settings.toml"
    alone = {"monitor": {"enabled": False}}
    sections = {
        **MINIMAL,
        **alone,
        **({"application": {**APPLICATION, **application}} if application else {}),
    }
    path.write_text(to_toml(sections), encoding="utf-8")
    return path


def test_portal_app_writes_the_archive_and_says_where_to_put_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "app.zip"
    config = str(written(tmp_path, client_id="local.1"))
    assert run("portal", ["app", "--config", config, "--output", str(output)]) == 0
    assert zipfile.is_zipfile(output)
    assert "Локальное приложение" in capsys.readouterr().out


def test_portal_app_and_web_say_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(written(tmp_path))
    assert run("portal", ["app", "--config", config]) == 2
    assert "раздел application" in capsys.readouterr().err
    assert run("web", ["--config", config]) == 2
    assert "раздел application" in capsys.readouterr().err
