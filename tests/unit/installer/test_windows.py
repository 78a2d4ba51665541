"""Windows: какие команды выполнил бы установщик, в каком порядке и что осталось бы на диске."""

import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from config.loader import load_settings
from installer.answers import Answers, InstallChoices
from installer.ports import InstallError
from installer.rehearsal import GOOD, SETTINGS, Stage, rehearse
from installer.supplies import LIST, OWN_LIST
from installer.windows import RULE

FAILED = [{"check": "ident.D1", "level": "fail", "text": "база не отвечает", "advice": "включите сервер"}]
SERVICES = {"IdentBitrixRedis", "IdentBitrixNode", "IdentBitrixFlower"}


def described(stage: Stage, name: str) -> ET.Element:
    """Возвращает описание службы WinSW."""
    return ET.parse(stage.layout.units / f"{name}.xml").getroot()


def index_of(commands: Sequence[str], part: str) -> int:
    """Возвращает место первой команды, где есть такие слова."""
    return next(place for place, command in enumerate(commands) if part in command)


def test_installation_leaves_three_running_services(stage: Stage) -> None:
    assert stage.install() == 0
    assert stage.windows.states == dict.fromkeys(SERVICES, True)
    assert "Готово" in "\n".join(stage.told)


def test_without_rights_nothing_is_done(stage: Stage) -> None:
    stage.is_administrator = False
    with pytest.raises(InstallError, match="администратора"):
        stage.install()
    assert not stage.root.exists()


def test_folder_made_ready_by_another_is_refused(stage: Stage) -> None:
    """C:\\ProgramData открыта всем: хозяин заготовленной папки вернул бы себе доступ к секретам."""
    for folder in (stage.layout.config.parent, stage.layout.config):
        stage.descriptors = {folder: "O:S-1-5-21-1-2-3-1001D:(A;;FA;;;SY)(A;;FA;;;BA)"}
        folder.mkdir(parents=True, exist_ok=True)
        with pytest.raises(InstallError, match="принадлежит S-1-5-21-1-2-3-1001"):
            stage.install()
    assert not stage.layout.settings.exists()
    assert stage.windows.states == {}


def test_common_folder_is_closed_and_belongs_to_administrators(stage: Stage) -> None:
    stage.install()
    told = stage.windows.told()
    for folder in (stage.layout.config.parent, *stage.layout.data):
        name = "C:" + str(folder).removeprefix(str(stage.root)).replace("/", "\\")
        assert f"icacls.exe {name} /setowner *S-1-5-32-544 /q" in told
        assert index_of(told, f"icacls.exe {name} /inheritance:r") >= 0


def test_services_stop_by_ctrl_c_and_come_back_within_five_minutes(stage: Stage) -> None:
    stage.install()
    for name in SERVICES:
        service = described(stage, name)
        assert int(service.findtext("stoptimeout", "0").split()[0]) >= 30
        delays = [failure.get("delay", "") for failure in service.findall("onfailure")]
        assert delays == ["10 sec", "30 sec", "1 min"]
        assert {failure.get("action") for failure in service.findall("onfailure")} == {"restart"}


def test_each_service_runs_under_its_own_account_and_sees_only_its_folders(stage: Stage) -> None:
    stage.install()
    told = stage.windows.told()
    for name in SERVICES:
        assert f'sc.exe config {name} obj= "NT SERVICE\\{name}"' in told
    config = told[index_of(told, r"icacls.exe C:\ProgramData\IdentBitrix\config /inheritance:r")]
    assert "/inheritance:r" in config
    assert r"NT SERVICE\IdentBitrixNode:(OI)(CI)M" in config  # страница «Настройки» пишет файл
    assert r"NT SERVICE\IdentBitrixFlower:(OI)(CI)RX" in config
    assert "IdentBitrixRedis" not in config
    redis = told[index_of(told, r"icacls.exe C:\ProgramData\IdentBitrix\redis /inheritance:r")]
    assert r"NT SERVICE\IdentBitrixRedis:(OI)(CI)M" in redis
    assert "IdentBitrixNode" not in redis


def test_folders_are_closed_before_secrets_are_written(stage: Stage) -> None:
    def look(command: Sequence[str]) -> bool:
        seen.append(stage.layout.settings.exists())
        return False

    seen: list[bool] = []
    stage.windows.refuse = look
    stage.install()
    closed = index_of(stage.windows.told(), r"icacls.exe C:\ProgramData\IdentBitrix\config /inheritance:r")
    assert not any(seen[: closed + 1])


def test_settings_are_whole_and_hold_no_open_secret(stage: Stage) -> None:
    stage.install()
    text = stage.layout.settings.read_text(encoding="utf-8")
    assert "проба" not in text
    assert "rehearsal" not in text
    assert tomllib.loads(text)["redis"]["url"].startswith("enc:")
    settings = load_settings(stage.layout.settings)
    assert settings.redis.url.get_secret_value().endswith("@127.0.0.1:6390/0")
    assert settings.journal.folder == stage.layout.logs


def test_own_redis_hears_only_this_computer_and_keeps_a_log(stage: Stage) -> None:
    stage.install()
    conf = (stage.layout.redis / "redis.conf").read_text(encoding="utf-8").splitlines()
    assert "bind 127.0.0.1" in conf
    assert "appendonly yes" in conf
    assert "maxmemory-policy noeviction" in conf
    assert not any("requirepass" in line for line in conf), "паролю незачем лежать открыто: хватает его суммы"
    service = described(stage, "IdentBitrixRedis")
    assert service.findtext("arguments") == "redis.conf", (
        "эта сборка Redis понимает только относительный путь"
    )


def test_shared_redis_installs_no_redis_of_its_own(tmp_path: Path) -> None:
    settings = {**SETTINGS, "redis": {"url": "redis://127.0.0.1:1/0"}}
    stage = Stage(tmp_path, Answers(install=InstallChoices(redis="shared"), settings=settings))
    assert stage.install() == 0
    assert set(stage.windows.states) == SERVICES - {"IdentBitrixRedis"}
    assert described(stage, "IdentBitrixNode").findall("depend") == []


@pytest.mark.parametrize("wanted", [True, False])
def test_firewall_is_touched_only_when_asked(tmp_path: Path, wanted: bool) -> None:
    stage = Stage(tmp_path, Answers(install=InstallChoices(open_port=wanted), settings=SETTINGS))
    stage.install()
    assert bool(rules(stage)) is wanted
    assert all("remoteip=localsubnet" in rule and RULE in rule for rule in rules(stage))


def test_bad_examination_starts_nothing_and_says_what_to_do(stage: Stage) -> None:
    stage.windows.findings = lambda: FAILED
    assert stage.install() == 1
    assert stage.windows.states["IdentBitrixNode"] is False
    assert "включите сервер" in "\n".join(stage.told)


def test_interrupted_installation_is_finished_by_the_next_one(stage: Stage) -> None:
    stage.windows.findings = lambda: FAILED
    stage.install()
    settings = stage.layout.settings.read_bytes()
    stage.windows.findings = lambda: GOOD
    assert stage.install() == 0
    assert stage.windows.states == dict.fromkeys(SERVICES, True)
    assert stage.layout.settings.read_bytes() == settings


def test_bad_answers_leave_no_settings(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Answers(settings={**SETTINGS, "portal": {"webhook": "почта"}}))
    with pytest.raises(InstallError, match="webhook"):
        stage.install()
    assert not stage.layout.settings.exists()


def test_no_failed_step_leaves_an_open_secret(tmp_path: Path) -> None:
    """СПЕЦ 3.4.1.2: какая бы команда Windows ни отказала, открытых секретов на диске нет."""
    rehearsed = Stage(tmp_path / "whole")
    rehearsed.install()
    for step in range(len(rehearsed.windows.commands)):
        stage = Stage(tmp_path / str(step))
        stage.windows.refuse = lambda _, stage=stage, step=step: len(stage.windows.commands) == step + 1
        with suppress(InstallError):
            stage.install()
        assert open_secrets(stage.root) == []


def test_key_that_cannot_be_written_leaves_no_open_settings(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = {**SETTINGS, "security": {"key_file": str(tmp_path / "file" / "deeper" / "key")}}
    stage = Stage(tmp_path, Answers(settings=settings))
    with pytest.raises(OSError):
        stage.install()
    assert not stage.layout.settings.exists()
    assert open_secrets(stage.root) == []


def test_second_run_does_not_take_settings_with_open_secrets(stage: Stage) -> None:
    stage.windows.findings = lambda: FAILED
    stage.install()
    text = stage.layout.settings.read_text(encoding="utf-8")
    stage.layout.settings.write_text(re.sub('password = ".*"', 'password = "проба"', text), encoding="utf-8")
    with pytest.raises(InstallError, match=r"databases\.D1\.password.*secrets seal"):
        stage.install()


def open_secrets(root: Path) -> list[Path]:
    """Возвращает файлы, где лежит открытый секрет ответов."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return [
        path for path in files if any(word in path.read_bytes() for word in (b"rehearsal", "проба".encode()))
    ]


def test_other_version_is_not_installed_over(stage: Stage) -> None:
    stage.install("1.0.0")
    with pytest.raises(InstallError, match="service update"):
        stage.install("2.0.0")


@pytest.mark.windows_cannot("wine")
def test_update_stops_politely_moves_the_link_and_starts_again(stage: Stage) -> None:
    stage.install("1.0.0")
    stage.windows.commands.clear()
    assert stage.update("1.1.0") == 0
    told = stage.windows.told()
    order = ['IdentBitrixNode.exe" stopwait', "mklink /J", 'IdentBitrixNode.exe" start']
    assert [index_of(told, part) for part in order] == sorted(index_of(told, part) for part in order)
    assert stage.layout.current.resolve().name == "1.1.0"


@pytest.mark.windows_cannot("wine")
def test_whole_version_is_left_alone_while_its_services_run(stage: Stage) -> None:
    """Повтор установки той же версии: её файлы занимает работающая служба."""
    stage.install()
    before = {path: path.stat().st_ino for path in stage.layout.versions.rglob("*")}
    redis = {path: path.stat().st_ino for path in (stage.layout.programs / "redis").rglob("*")}
    stage.windows.commands.clear()
    assert stage.install() == 0
    assert {path: path.stat().st_ino for path in stage.layout.versions.rglob("*")} == before
    assert {path: path.stat().st_ino for path in (stage.layout.programs / "redis").rglob("*")} == redis
    assert not [command for command in stage.windows.told() if "stopwait" in command or "mklink" in command]


@pytest.mark.windows_cannot("wine")
def test_broken_version_is_replaced_only_after_its_services_stop(stage: Stage) -> None:
    stage.install()
    (stage.layout.versions / "1.0.0" / "ident-bitrix.exe").write_bytes(b"half")
    seen: list[bytes] = []

    def look(command: Sequence[str]) -> bool:
        if command[-1] == "stopwait":
            seen.append((stage.layout.versions / "1.0.0" / "ident-bitrix.exe").read_bytes())
        return False

    stage.windows.refuse = look
    assert stage.install() == 0
    assert seen == [b"half"] * 3
    assert (stage.layout.versions / "1.0.0" / "ident-bitrix.exe").read_bytes() == b""


def test_same_version_is_put_again_when_asked(stage: Stage) -> None:
    stage.install()
    (stage.layout.versions / "1.0.0" / "ident-bitrix.exe").write_bytes(b"spoiled")
    assert stage.update("1.0.0", again=True) == 0
    assert (stage.layout.versions / "1.0.0" / "ident-bitrix.exe").read_bytes() == b""
    assert sorted(path.name for path in stage.layout.versions.iterdir()) == ["1.0.0"]
    assert stage.windows.states == dict.fromkeys(SERVICES, True)


def test_services_that_are_changing_are_waited_for(stage: Stage) -> None:
    stage.install()
    stage.windows.changing["IdentBitrixNode"] = ["2  START_PENDING"] * 5
    assert stage.update("1.1.0") == 0, "служба, которая запускается, — работает: её останавливают и запускают"
    assert stage.windows.states["IdentBitrixNode"] is True
    assert stage.pauses


def test_service_that_never_settles_is_named(stage: Stage) -> None:
    stage.install()
    stage.windows.changing["IdentBitrixNode"] = ["3  STOP_PENDING"] * 1000
    with pytest.raises(InstallError, match="IdentBitrixNode не меняет состояния «останавливается»"):
        stage.host.services.start("node")


def test_service_that_falls_at_once_is_named(stage: Stage) -> None:
    stage.install()
    stage.host.services.stop("node")

    def fall(command: Sequence[str]) -> bool:
        stage.windows.states["IdentBitrixNode"] = False
        stage.windows.changing.clear()
        return False

    stage.windows.refuse = fall
    with pytest.raises(InstallError, match="IdentBitrixNode не запустилась"):
        stage.host.services.start("node")


def test_failed_stop_leaves_the_former_version_running(stage: Stage) -> None:
    stage.install()
    stage.windows.refuse = lambda command: command[-1] == "stopwait" and "Node" in command[0]
    with pytest.raises(InstallError):
        stage.update("1.1.0")
    assert stage.windows.states == dict.fromkeys(SERVICES, True)


@pytest.mark.windows_cannot("wine")
def test_firewall_lets_in_the_real_place_of_the_running_version(tmp_path: Path) -> None:
    """Windows сравнивает путь файла, а не путь через ссылку current."""
    stage = Stage(tmp_path, Answers(install=InstallChoices(open_port=True), settings=SETTINGS))
    stage.install()
    assert r"versions\1.0.0\ident-bitrix.exe" in rules(stage)[-1]
    stage.update("1.1.0")
    assert r"versions\1.1.0\ident-bitrix.exe" in rules(stage)[-1]
    stage.windows.findings = lambda: FAILED if stage.layout.current.resolve().name == "1.2.0" else GOOD
    stage.update("1.2.0")
    assert r"versions\1.1.0\ident-bitrix.exe" in rules(stage)[-1], "вернулась прежняя — вернулось и правило"
    assert "localport=8443" in rules(stage)[-1]


@pytest.mark.windows_cannot("wine")
def test_update_brings_the_fixed_redis_and_a_failed_one_takes_it_back(stage: Stage) -> None:
    stage.install()
    former = described(stage, "IdentBitrixRedis").findtext("executable", "")
    text = OWN_LIST.read_text(encoding="utf-8")
    (stage.supplies / LIST).write_text(text.replace("7.2.16", "7.2.99"), encoding="utf-8")
    stage.windows.findings = lambda: FAILED if stage.layout.current.resolve().name == "1.1.0" else GOOD
    assert stage.update("1.1.0") == 1
    assert described(stage, "IdentBitrixRedis").findtext("executable") == former
    stage.windows.findings = lambda: GOOD
    stage.windows.commands.clear()
    assert stage.update("1.2.0") == 0
    assert "7.2.99" in described(stage, "IdentBitrixRedis").findtext("executable", "")
    assert [command for command in stage.windows.told() if 'IdentBitrixRedis.exe" stopwait' in command]
    assert stage.windows.states == dict.fromkeys(SERVICES, True)


def test_update_without_redis_in_the_package_keeps_the_former(stage: Stage) -> None:
    stage.install()
    (stage.supplies / LIST).write_text("", encoding="utf-8")
    assert stage.update("1.1.0") == 0
    assert "Redis остаётся прежним" in "\n".join(stage.told)


def rules(stage: Stage) -> list[str]:
    """Возвращает правила брандмауэра в порядке появления."""
    return [command for command in stage.windows.told() if "add rule" in command]


@pytest.mark.windows_cannot("wine")
def test_update_that_spoils_the_examination_is_undone(stage: Stage) -> None:
    stage.install("1.0.0")
    before = stage.layout.settings.read_bytes()
    stage.windows.findings = lambda: FAILED if stage.layout.current.resolve().name == "1.1.0" else GOOD
    assert stage.update("1.1.0") == 1
    assert stage.layout.current.resolve().name == "1.0.0"
    assert stage.layout.settings.read_bytes() == before
    assert stage.windows.states == dict.fromkeys(SERVICES, True)
    assert any(stage.layout.backups.iterdir())


def test_trouble_that_was_there_before_does_not_undo_an_update(stage: Stage) -> None:
    stage.install("1.0.0")
    stage.windows.findings = lambda: FAILED
    assert stage.update("1.1.0") == 0


@pytest.mark.windows_cannot("wine")
def test_failed_command_of_windows_undoes_the_update(stage: Stage) -> None:
    stage.install("1.0.0")
    stage.windows.refuse = lambda command: "mklink" in command and command[-1].endswith("1.1.0")
    assert stage.update("1.1.0") == 1
    assert stage.layout.current.resolve().name == "1.0.0"
    assert stage.windows.states["IdentBitrixNode"] is True


@pytest.mark.parametrize(("version", "why"), [("0.9.0", "более новая"), ("1.0.0", "уже стоит")])
def test_older_and_same_versions_are_refused(stage: Stage, version: str, why: str) -> None:
    stage.install("1.0.0")
    with pytest.raises(InstallError, match=why):
        stage.update(version)


def test_two_versions_stay_for_a_way_back(stage: Stage) -> None:
    stage.install("1.0.0")
    for version in ("1.1.0", "1.2.0", "1.10.0"):
        assert stage.update(version) == 0
    assert {path.name for path in stage.layout.versions.iterdir()} == {"1.2.0", "1.10.0"}


def test_removal_leaves_only_what_it_says(stage: Stage) -> None:
    stage.install()
    assert stage.uninstall() == 0
    assert stage.windows.states == {}
    assert not stage.layout.programs.exists()
    assert stage.layout.settings.exists()
    assert str(stage.layout.config) in "\n".join(stage.told)


def test_purge_leaves_nothing(stage: Stage) -> None:
    stage.install()
    assert stage.uninstall(purge=True) == 0
    assert [path for path in stage.root.rglob("*") if path.is_file()] == []


def test_rehearsal_tells_every_command_with_windows_paths() -> None:
    told = rehearse()
    assert {"# Установка", "# Обновление", "# Удаление"} <= set(told)
    assert not [line for line in told if "/tmp" in line]
    assert [line for line in told if r"C:\ProgramData\IdentBitrix" in line]
