"""Установка, которую заканчивают в браузере: установщик не спрашивает, а называет страницу и код."""

import tomllib

from config import first_run
from installer.answers import Answers, InstallChoices
from installer.rehearsal import Stage


def installed(stage: Stage) -> Stage:
    """Ставит с концом в браузере."""
    stage.answers = Answers(install=InstallChoices(browser=True), settings={})
    assert stage.install() == 0
    return stage


def code_in(stage: Stage) -> str:
    """Возвращает код, который назвал установщик."""
    return next(line for line in reversed(stage.told) if "Одноразовый код" in line).rpartition(" ")[2]


def test_page_and_code_are_named_and_the_node_is_started(stage: Stage) -> None:
    installed(stage)
    assert first_run.is_code(stage.layout.settings, code_in(stage))
    assert any("http://127.0.0.1:8025/" in line for line in stage.told)
    assert any("IdentBitrixNode.exe" in line and line.endswith("start") for line in stage.windows.told())
    assert not any("doctor" in line for line in stage.windows.told())
    assert stage.windows.told()[-1] == r"cmd.exe /c %SystemRoot%\explorer.exe http://127.0.0.1:8025/"


def test_beginning_of_the_settings_holds_folders_and_the_redis_alone(stage: Stage) -> None:
    settings = installed(stage).layout.settings
    assert first_run.is_pending(settings)
    raw = tomllib.loads(settings.read_text(encoding="utf-8"))
    assert set(raw) == {"node", "journal", "redis"}
    assert raw["redis"]["url"].startswith("enc:")


def test_answers_given_beforehand_are_kept_and_the_page_is_named_by_its_port(stage: Stage) -> None:
    settings = {"monitor": {"port": 8026}, "portal": {"webhook": "https://c.bitrix24.ru/rest/1/secretcode/"}}
    stage.answers = Answers(install=InstallChoices(browser=True), settings=settings)
    assert stage.install() == 0
    text = stage.layout.settings.read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    assert raw["monitor"]["port"] == 8026
    assert raw["portal"]["webhook"].startswith("enc:")
    assert "secretcode" not in text
    told = "\n".join(stage.told)
    assert "http://127.0.0.1:8026/" in told
    assert ":8025" not in told


def test_second_installation_gives_a_new_code_and_keeps_the_settings(stage: Stage) -> None:
    settings = installed(stage).layout.settings
    before, former = settings.read_text(encoding="utf-8"), code_in(stage)
    assert stage.install() == 0
    assert settings.read_text(encoding="utf-8") == before
    assert code_in(stage) != former
    assert not first_run.is_code(settings, former)
