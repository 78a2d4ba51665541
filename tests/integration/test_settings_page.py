"""Страница «Настройки»: правка, разница, запись, прежние — и нападения на неё (Desk 2, СПЕЦ 3.4)."""

import logging
import re
from collections.abc import Iterator

import pytest
import requests

from config import first_run, versions
from config.loader import load_settings
from config.rights import strangers
from monitoring.app import monitor_app
from tests.support.pages import PageServer
from tests.support.world import World

TOKEN = re.compile(r'name="token" value="([^"]+)"')
PASSWORD = "пароль клиники"


class Visitor:
    """Браузер без сценариев: держит куки и метку форм."""

    def __init__(self, url: str) -> None:
        self.url, self.session = url, requests.Session()

    def get(self, path: str) -> requests.Response:
        """Открывает страницу."""
        return self.session.get(self.url + path, timeout=60)

    def token(self, path: str) -> str:
        """Возвращает метку формы страницы."""
        found = TOKEN.search(self.get(path).text)
        assert found is not None, f"на {path} нет формы"
        return found[1]

    def post(self, path: str, page: str = "", **fields: str) -> requests.Response:
        """Отправляет форму со страницы ``page``."""
        data = {"token": self.token(page or path), **fields}
        return self.session.post(
            self.url + path, data={k.replace("__", "."): v for k, v in data.items()}, timeout=60
        )

    def set_password(self, code: str, password: str = PASSWORD) -> requests.Response:
        """Ставит пароль страницы."""
        return self.post("welcome", code=code, password=password, again=password)

    def save(self) -> requests.Response:
        """Подтверждает разницу."""
        return self.post("settings/save", "settings/difference", password=PASSWORD)


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """Адрес её страницы."""
    with PageServer(monitor_app(world.services, world.path)) as server:
        yield server.url


@pytest.fixture
def visitor(url: str, world: World) -> Visitor:
    """Администратор, поставивший пароль по коду."""
    visitor = Visitor(url)
    assert visitor.set_password(first_run.new_code(world.path)).status_code == 200
    return visitor


def test_code_sets_the_password_and_leads_to_the_settings(visitor: Visitor, world: World) -> None:
    assert "Базы Ident" in visitor.get("settings/bases").text
    settings = load_settings(world.path)
    assert settings.monitor.password is not None
    assert settings.monitor.password.get_secret_value() == PASSWORD
    assert PASSWORD not in world.path.read_text(encoding="utf-8")
    assert not first_run.has_code(world.path)


@pytest.mark.parametrize(
    "part", ["bases", "branches", "portal", "stages", "fields", "decisions", "alerts", "plan", "limits"]
)
def test_every_part_opens_and_saved_untouched_changes_nothing(
    visitor: Visitor, world: World, part: str
) -> None:
    page = visitor.get(f"settings/{part}").text
    fields = dict(re.findall(r'<input(?! type="checkbox")[^>]* name="([^"]+)" value="([^"]*)"', page))
    fields.pop("token")
    chosen = {
        name: selected[0] if (selected := re.findall(r'value="([^"]*)" selected', options)) else ""
        for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.S)
    }
    answer = visitor.post(f"settings/{part}", **{**fields, **chosen}, do="difference")
    assert "Ничего: настройки такие же" in answer.text


def test_change_is_told_saved_audited_and_taken_back(
    visitor: Visitor, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.path.write_text("# слова человека\n" + world.path.read_text(encoding="utf-8"), encoding="utf-8")
    before = world.path.read_text(encoding="utf-8")
    told = visitor.post("settings/decisions", rules__contact_matching="phone_and_name", do="difference").text
    assert "каждому свой контакт" in told
    assert world.path.read_text(encoding="utf-8") == before
    assert "Сохранено" in visitor.save().text
    after = world.path.read_text(encoding="utf-8")
    assert after.startswith("# слова человека\n")
    assert load_settings(world.path).rules.contact_matching == "phone_and_name"
    assert "settings_changed" in caplog.text
    assert "rules.contact_matching" in caplog.text
    (name, _) = versions.kept(world.path)[0]
    assert "каждому свой контакт" in visitor.post("settings/restore", "settings/versions", name=name).text
    visitor.save()
    assert world.path.read_text(encoding="utf-8") == before


def test_bad_value_is_named_and_not_saved(visitor: Visitor, world: World) -> None:
    before = world.path.read_text(encoding="utf-8")
    told = visitor.post("settings/limits", sync__interval="часто", do="difference").text
    assert "ожидается длительность" in told
    assert "Сохранить</button>" not in told
    assert "ожидается длительность" in visitor.get("settings/limits").text
    visitor.session.post(
        visitor.url + "settings/save",
        data={"token": visitor.token("settings/bases"), "password": PASSWORD},
        timeout=30,
    )
    assert world.path.read_text(encoding="utf-8") == before


def test_portal_check_says_whose_webhook_and_lists_pipelines(visitor: Visitor) -> None:
    told = visitor.post("settings/portal", do="check").text
    assert "вебхук принят" in told
    assert "права вебхука" in told
    assert "воронки:" in told
    assert '<option value="1">' in told


def test_stages_are_chosen_from_the_portal(visitor: Visitor) -> None:
    assert '<option value="C1:WON">' in visitor.post("settings/stages", do="check").text


def test_base_check_runs_the_examination_of_the_draft(visitor: Visitor) -> None:
    assert "база D1 отвечает" in visitor.post("settings/bases", do="check").text


def test_organizations_of_ident_become_branches_of_the_draft(visitor: Visitor, world: World) -> None:
    world.ident.insert("OwnCompanies", Name="ООО «Третий»")
    told = visitor.post("settings/branches", do="check").text
    assert "ООО «Третий»" in told
    assert "ООО «Третий»" in visitor.get("settings/difference").text


# --- нападения ---


def test_without_the_password_settings_are_closed_and_the_code_is_asked(url: str, world: World) -> None:
    answer = Visitor(url).get("settings/portal")
    assert answer.url.endswith("/welcome")
    assert "Одноразовый код" in answer.text


@pytest.mark.parametrize(
    "path", ["settings/bases", "settings/difference", "settings/versions", "settings/portal-setup"]
)
def test_stranger_without_a_session_is_sent_to_the_login(visitor: Visitor, path: str) -> None:
    assert Visitor(visitor.url).get(path).url.endswith("/login")


@pytest.mark.parametrize("path", ["save", "restore", "discard", "bases", "portal-setup"])
def test_order_without_the_token_is_not_obeyed(visitor: Visitor, world: World, path: str) -> None:
    visitor.post("settings/decisions", rules__contact_matching="phone_and_name", do="difference")
    before = world.path.read_text(encoding="utf-8")
    answer = visitor.session.post(f"{visitor.url}settings/{path}", data={"password": PASSWORD}, timeout=30)
    assert answer.status_code == 403
    assert world.path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_form_of_another_site_is_not_obeyed(visitor: Visitor, headers: dict[str, str]) -> None:
    data = {"token": visitor.token("settings/portal"), "do": "difference"}
    answer = visitor.session.post(visitor.url + "settings/portal", data=data, headers=headers, timeout=30)
    assert answer.status_code == 403


def test_rebound_name_opens_neither_settings_nor_the_code(visitor: Visitor) -> None:
    for path in ("settings/bases", "welcome", "login"):
        answer = visitor.session.get(visitor.url + path, headers={"Host": "evil.example"}, timeout=30)
        assert answer.status_code == 403


def test_stolen_session_reads_no_secret_and_writes_nothing_without_the_password(
    visitor: Visitor, world: World
) -> None:
    visitor.post("settings/decisions", rules__contact_matching="phone_and_name", do="difference")
    before = world.path.read_text(encoding="utf-8")
    answer = visitor.post("settings/save", "settings/difference", password="мимо пароля")
    assert "Пароль не подходит" in answer.text
    assert world.path.read_text(encoding="utf-8") == before


def test_password_is_not_guessed_at_the_confirmation(visitor: Visitor) -> None:
    visitor.post("settings/decisions", rules__contact_matching="phone_and_name", do="difference")
    for _ in range(5):
        visitor.post("settings/save", "settings/difference", password="мимо пароля")
    assert "подождите" in visitor.save().text


def test_code_is_not_guessed(url: str, world: World, caplog: pytest.LogCaptureFixture) -> None:
    code, visitor = first_run.new_code(world.path), Visitor(url)
    assert [visitor.set_password(f"AAAA-BBBB-CCC{digit}").status_code for digit in range(5)] == [401] * 5
    assert "подождите" in visitor.set_password(code).text
    assert first_run.has_code(world.path)
    assert load_settings(world.path).monitor.password is None
    assert "login_locked" in caplog.text


def test_code_serves_once_and_password_is_not_set_over(visitor: Visitor, world: World) -> None:
    code = first_run.new_code(world.path)
    answer = Visitor(visitor.url).session.post(
        visitor.url + "welcome",
        data={"code": code, "password": "чужой пароль", "again": "чужой пароль"},
        timeout=30,
    )
    assert answer.url.endswith("/login")
    settings = load_settings(world.path)
    assert settings.monitor.password is not None
    assert settings.monitor.password.get_secret_value() == PASSWORD


def test_local_user_reads_neither_the_code_nor_the_former_settings(visitor: Visitor, world: World) -> None:
    first_run.new_code(world.path)
    visitor.post("settings/decisions", rules__contact_matching="phone_and_name", do="difference")
    visitor.save()
    assert strangers(world.path.with_name("settings.code")) == []
    folder = versions.folder_of(world.path)
    assert [strangers(path) for path in (folder, *folder.iterdir())] == [[], []]


def test_no_answer_shows_a_secret_written_before_or_just_now(visitor: Visitor, world: World) -> None:
    visitor.post(
        "settings/alerts", alerts__apprise="tgram://тайна-канала/1", alerts__email__password="тайна-почты",
        alerts__email__host="smtp.example.ru", alerts__email__sender="a@b.ru", alerts__email__to="c@d.ru",
        do="check",
    )  # fmt: skip
    pages = [visitor.get(f"settings/{slug}").text for slug in ("alerts", "portal", "limits", "difference")]
    code = world.portal.url.rstrip("/").rsplit("/", 1)[-1]
    shown = [
        page[max(0, page.find(word) - 120) : page.find(word) + 40]
        for page in pages
        for word in ("тайна", f"/{code}", "enc:")
        if word in page
    ]
    assert shown == []
    visitor.save()
    assert "тайна" not in world.path.read_text(encoding="utf-8")
    assert load_settings(world.path).alerts.apprise[0].get_secret_value() == "tgram://тайна-канала/1"


@pytest.mark.parametrize(
    "field",
    ["node.entities", "node.sql_dir", "node.state_dir", "journal.folder", "security.key_file",
     "portal.ca_file", "web.private_key", "monitor.enabled", "portal.__class__", "evil.key",
     "databases.0.dialect", "branches.7.number"],
)  # fmt: skip
def test_poisoned_names_reach_no_key_that_names_files_or_code(
    visitor: Visitor, world: World, field: str
) -> None:
    for part in ("limits", "portal", "plan", "bases", "branches"):
        data = {"token": visitor.token(f"settings/{part}"), field: "/tmp/evil.py", "do": "difference"}
        answer = visitor.session.post(f"{visitor.url}settings/{part}", data=data, timeout=30)
        assert "evil.py" not in answer.text
        assert "Ничего: настройки такие же" in answer.text


@pytest.mark.parametrize(
    "text", ['"\n[node]\nentities = ["/tmp/evil.py"]\n', "'''", "\\", "<script>alert(1)</script>"]
)
def test_poisoned_value_stays_a_value(visitor: Visitor, world: World, text: str) -> None:
    told = visitor.post("settings/branches", branches__1__name=text, do="difference").text
    assert "<script>alert" not in told
    visitor.save()
    settings = load_settings(world.path)
    assert settings.branch("F2").name == text.strip()
    assert settings.node.entities == ()


def test_file_changed_meanwhile_by_hand_is_not_overwritten(visitor: Visitor, world: World) -> None:
    visitor.post("settings/decisions", rules__contact_matching="phone_and_name", do="difference")
    edited = world.path.read_text(encoding="utf-8") + "\n[flower]\nmax_tasks = 500\n"
    world.path.write_text(edited, encoding="utf-8")
    assert "тем временем изменили" in visitor.save().text
    assert world.path.read_text(encoding="utf-8") == edited


def test_broken_file_does_not_open_the_page(visitor: Visitor, world: World) -> None:
    world.path.write_text("[monitor\n", encoding="utf-8")
    assert Visitor(visitor.url).get("settings/bases").url.endswith("/login")
    assert "написан с ошибкой" in visitor.get("settings/bases").text
