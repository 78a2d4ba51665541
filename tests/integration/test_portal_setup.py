"""Настройка портала-эмулятора: с пустого места, повторно, после людей, после обрыва; возобновление."""

import io
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.portal import main as portal_command
from config.loader import load_settings
from demo.portal.faults import Fault, FaultKind
from demo.portal.options import PortalOptions, WebhookKey
from demo.portal.schema import DEAL
from demo.portal.server import PortalServer
from demo.portal.stages import DEFAULT_DEAL_STAGES, Stage, add_category
from services.domain.outbox import Halt
from services.domain.stages import Stage as OurStage
from services.sync.feed import Outcome
from tests.support.world import World

ROOMY = PortalOptions(rate=1000, threshold=1000, empty=True)


@pytest.fixture
def empty_portal() -> Iterator[PortalServer]:
    """Свежий портал: ни воронки, ни полей."""
    with PortalServer(ROOMY) as server:
        yield server


@pytest.fixture
def clinic(tmp_path: Path, redis_url: str, empty_portal: PortalServer) -> Iterator[World]:
    """Мир на свежем портале; в настройках — примечание человека."""
    world = World(tmp_path / "world", redis_url, empty_portal)
    text = world.path.read_text(encoding="utf-8").replace("[redis]", "# здесь наш Redis\n[redis]")
    world.path.write_text(text, encoding="utf-8")
    yield world
    world.close()


def command(world: World, *arguments: str) -> int:
    """Выполняет подкоманду portal с настройками мира."""
    return portal_command([*arguments, "--config", str(world.path)])


def stages_of(portal: PortalServer, category_id: int) -> dict[str, str]:
    """Возвращает код и имя стадий воронки по порядку."""
    rows = [row for row in portal.state.statuses if row["ENTITY_ID"] == f"DEAL_STAGE_{category_id}"]
    return {row["STATUS_ID"]: row["NAME"] for row in sorted(rows, key=lambda row: row["SORT"])}


def pipeline(portal: PortalServer) -> int:
    """Возвращает номер единственной воронки «Стоматология»."""
    (found,) = [row["id"] for row in portal.state.categories if row["name"] == "Стоматология"]
    return int(found)


def snapshot(portal: PortalServer) -> tuple[object, ...]:
    """Возвращает всё, что настраивается."""
    state = portal.state.to_json()
    return state["statuses"], state["userfields"], state["categories"]


def test_empty_portal_gets_fields_pipeline_and_stages(clinic: World, empty_portal: PortalServer) -> None:
    assert command(clinic, "setup", "--yes") == 0
    category_id = pipeline(empty_portal)
    assert list(stages_of(empty_portal, category_id).values()) == [
        "Запись на консультацию",
        "Консультация проведена",
        "Презентация плана лечения",
        "Лист ожидания",
        "Получена предоплата",
        "Лечение",
        "Успешно",
        "Не успешно",
    ]
    assert all(len(code) <= 22 for code in stages_of(empty_portal, category_id))
    fields = {row["FIELD_NAME"]: row["USER_TYPE_ID"] for row in empty_portal.state.userfields}
    assert len(fields) == 21
    assert (fields["UF_CRM_RECEPTION_ID"], fields["UF_CRM_START_TIME"]) == ("string", "datetime")


def test_ids_are_written_to_the_settings_and_comments_stay(clinic: World, empty_portal: PortalServer) -> None:
    command(clinic, "setup", "--yes")
    settings = load_settings(clinic.path)
    assert settings.portal.category_id == pipeline(empty_portal)
    assert set(settings.portal.stage_table.ids.values()) == set(
        stages_of(empty_portal, settings.portal.category_id)
    )
    assert "# здесь наш Redis" in clinic.path.read_text(encoding="utf-8")


def test_deal_goes_to_the_new_pipeline(clinic: World, empty_portal: PortalServer) -> None:
    command(clinic, "setup", "--yes")
    world = World.__new__(World)
    world.__dict__.update(clinic.__dict__)
    world.services = type(clinic.services)(load_settings(clinic.path), clinic.clock, pause=lambda _: None)
    uid = f"F1_{world.book()}"
    assert world.sync() == [Outcome.CREATED]
    deal = world.deal(uid)
    assert deal["CATEGORY_ID"] == pipeline(empty_portal)
    assert stages_of(empty_portal, deal["CATEGORY_ID"])[deal["STAGE_ID"]] == "Запись на консультацию"
    assert deal["UF_CRM_START_TIME"]
    world.services.close()


def test_second_run_changes_nothing(
    clinic: World, empty_portal: PortalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    command(clinic, "setup", "--yes")
    before, text = snapshot(empty_portal), clinic.path.read_bytes()
    assert command(clinic, "setup", "--yes") == 0
    assert "уже настроен" in capsys.readouterr().out
    assert snapshot(empty_portal) == before
    assert clinic.path.read_bytes() == text


def test_what_people_renamed_and_moved_stays(clinic: World, empty_portal: PortalServer) -> None:
    command(clinic, "setup", "--yes")
    for row in empty_portal.state.statuses:
        row["NAME"] = f"{row['NAME']} (наша)"
    for field in empty_portal.state.userfields:
        field["EDIT_FORM_LABEL"] = "Своя подпись"
    empty_portal.state.categories[-1]["name"] = "Клиника"
    before = snapshot(empty_portal)
    assert command(clinic, "setup", "--yes") == 0
    assert snapshot(empty_portal) == before


def test_lost_stage_and_field_are_restored(clinic: World, empty_portal: PortalServer) -> None:
    command(clinic, "setup", "--yes")
    state = empty_portal.state
    state.statuses[:] = [row for row in state.statuses if not row["STATUS_ID"].endswith(":WAITING_LIST")]
    state.userfields[:] = [row for row in state.userfields if row["FIELD_NAME"] != "UF_CRM_FILIAL"]
    assert command(clinic, "setup", "--yes") == 0
    names = list(stages_of(empty_portal, pipeline(empty_portal)).values())
    assert names.index("Лист ожидания") < names.index("Успешно")
    assert any(row["FIELD_NAME"] == "UF_CRM_FILIAL" for row in state.userfields)


def test_foreign_pipeline_with_the_configured_number_is_not_touched(
    clinic: World, empty_portal: PortalServer
) -> None:
    add_category(empty_portal.state, "Продажи", 100, DEFAULT_DEAL_STAGES)
    before = stages_of(empty_portal, 1)
    assert command(clinic, "setup", "--yes") == 0
    assert stages_of(empty_portal, 1) == before
    assert load_settings(clinic.path).portal.category_id == pipeline(empty_portal) != 1


def test_existing_pipeline_keeps_its_own_stages(clinic: World, empty_portal: PortalServer) -> None:
    own = (Stage("NEW", "Новая", system=True), Stage("LAB", "Лаборатория"), Stage("TREATMENT", "Лечим"))
    ends = (Stage("WON", "Вылечен", "S", system=True), Stage("LOSE", "Ушёл", "F", system=True))
    add_category(empty_portal.state, "Продажи", 100, (*own, *ends))
    assert command(clinic, "setup", "--yes", "--category", "1") == 0
    stages = stages_of(empty_portal, 1)
    assert {"C1:NEW": "Новая", "C1:LAB": "Лаборатория", "C1:TREATMENT": "Лечим"}.items() <= stages.items()
    assert load_settings(clinic.path).portal.stage_table.id_of(OurStage.WON) == "C1:WON"
    assert list(stages).index("C1:CONSULT_SCHED") < list(stages).index("C1:WON")


def test_two_pipelines_of_one_name_stop_the_setup(
    clinic: World, empty_portal: PortalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        add_category(empty_portal.state, "Стоматология", 100, DEFAULT_DEAL_STAGES)
    empty_portal.state.categories[1]["name"] = "Другая"
    assert command(clinic, "setup", "--yes") == 1
    assert "--category" in capsys.readouterr().err


def test_field_of_another_kind_stops_the_setup(
    clinic: World, empty_portal: PortalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    command(clinic, "setup", "--yes")
    field = next(row for row in empty_portal.state.userfields if row["FIELD_NAME"] == "UF_CRM_START_TIME")
    field["USER_TYPE_ID"] = "string"
    assert command(clinic, "setup", "--yes") == 1
    assert "UF_CRM_START_TIME: есть string, нужно datetime" in capsys.readouterr().err


def test_plan_is_shown_and_a_refusal_changes_nothing(
    clinic: World,
    empty_portal: PortalServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = snapshot(empty_portal)
    monkeypatch.setattr("sys.stdin", io.StringIO("нет\n"))
    assert command(clinic, "setup") == 1
    shown = capsys.readouterr().out
    assert "создать воронку «Стоматология»" in shown
    assert "создать поле UF_CRM_RECEPTION_ID" in shown
    assert snapshot(empty_portal) == before


def test_dry_run_changes_nothing(clinic: World, empty_portal: PortalServer) -> None:
    before, text = snapshot(empty_portal), clinic.path.read_bytes()
    assert command(clinic, "setup", "--dry-run") == 0
    assert (snapshot(empty_portal), clinic.path.read_bytes()) == (before, text)


def test_webhook_of_an_ordinary_user_says_so(
    tmp_path: Path, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = PortalOptions(rate=1000, threshold=1000, empty=True, webhooks=(WebhookKey(user_id=5),))
    with PortalServer(options) as portal:
        world = World(tmp_path / "world", redis_url, portal)
        assert command(world, "setup", "--yes") == 1
        assert "не администратором" in capsys.readouterr().err
        world.close()


@pytest.mark.parametrize("method", ["crm.deal.userfield.add", "crm.status.add", "crm.category.add"])
def test_answer_lost_halfway_doubles_nothing(
    clinic: World, empty_portal: PortalServer, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    empty_portal.portal.faults.add(Fault(FaultKind.INTERNAL_ERROR_AFTER, (method,)))
    assert command(clinic, "setup", "--yes") == 0
    names = [row["FIELD_NAME"] for row in empty_portal.state.userfields]
    assert len(names) == len(set(names)) == 21
    assert len(stages_of(empty_portal, pipeline(empty_portal))) >= 8
    assert load_settings(clinic.path).portal.category_id == pipeline(empty_portal)


def test_interrupted_setup_goes_on_in_the_same_pipeline(clinic: World, empty_portal: PortalServer) -> None:
    fault = Fault(FaultKind.COMMAND_ERROR, ("crm.status.add",), skip=2, code="ERROR_CORE")
    empty_portal.portal.faults.add(fault)
    assert command(clinic, "setup", "--yes") == 1
    assert command(clinic, "setup", "--yes") == 0
    assert pipeline(empty_portal) == load_settings(clinic.path).portal.category_id


def test_settings_without_stages_section_get_it(clinic: World, empty_portal: PortalServer) -> None:
    text = clinic.path.read_text(encoding="utf-8")
    start, end = text.index("[portal.stages]"), text.index("# здесь наш Redis")
    clinic.path.write_text(text[:start] + text[end:], encoding="utf-8")
    assert command(clinic, "setup", "--yes") == 0
    stages = tomllib.loads(clinic.path.read_text(encoding="utf-8"))["portal"]["stages"]
    assert len(stages) == 8


def test_resume_lifts_the_halt_when_the_webhook_is_good(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.services.store.gate.halt(Halt("unauthorized", "вебхук не принят", world.clock.now()))
    assert command(world, "resume") == 0
    assert world.services.store.gate.halted() is None
    assert "возобновлена" in capsys.readouterr().out
    assert command(world, "resume") == 0
    assert "возобновлять нечего" in capsys.readouterr().out
    text = "".join(f.read_text(encoding="utf-8") for f in world.settings.journal.folder.glob("security_*"))
    assert "sending_resumed" in text


def test_resume_keeps_the_halt_while_the_portal_refuses(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.services.store.gate.halt(Halt("unauthorized", "вебхук не принят", world.clock.now()))
    world.portal.portal.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    assert command(world, "resume") == 1
    assert world.services.store.gate.halted() is not None
    assert "не возобновлена" in capsys.readouterr().err
    assert command(world, "resume", "--force") == 0
    assert world.services.store.gate.halted() is None


def test_resume_keeps_the_halt_while_the_webhook_lacks_the_right_it_stopped_for(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.services.store.gate.halt(Halt("scope_missing", "вебхуку не хватает прав", world.clock.now()))
    world.portal.portal.options = replace(
        world.portal.portal.options,
        webhooks=tuple(replace(key, scopes=("im",)) for key in world.portal.portal.options.webhooks),
    )
    assert command(world, "resume") == 1
    assert world.services.store.gate.halted() is not None
    assert "не хватает прав" in capsys.readouterr().err


def test_resume_keeps_the_halt_while_the_key_field_is_missing(world: World) -> None:
    world.services.store.gate.halt(Halt("key_field_missing", "нет поля", world.clock.now()))
    world.portal.state.userfields[:] = []
    assert command(world, "resume") == 1
    assert world.services.store.gate.halted() is not None


def test_deal_type_is_the_deal() -> None:
    from services.bitrix.portal_admin import DEAL_TYPE

    assert DEAL_TYPE == DEAL
