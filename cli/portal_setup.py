"""Подкоманды ``portal setup`` и ``portal resume``."""

import argparse
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cli.arguments import count
from cli.session import administrator, agreed, chosen_file, opened_services

if TYPE_CHECKING:
    from pathlib import Path

    from services.bitrix.portal_setup import PortalSetup, Record
    from services.container import Services
    from services.domain.stages import Stage


def add_setup(subcommands: Any, common: argparse.ArgumentParser) -> None:
    about = "создать на портале недостающие поля, воронку и стадии"
    setup = subcommands.add_parser(
        "setup", parents=[common], help=about, description=f"{about.capitalize()}; повтор безвреден."
    )
    setup.add_argument("--yes", action="store_true", help="не спрашивать")
    setup.add_argument("--dry-run", action="store_true", help="только показать план")
    setup.add_argument("--pipeline", default=None, metavar="ИМЯ", help="имя воронки (Стоматология)")
    setup.add_argument("--category", type=count, metavar="НОМЕР", help="взять существующую воронку")
    setup.set_defaults(run=set_up)


def add_resume(subcommands: Any, common: argparse.ArgumentParser) -> None:
    about = "возобновить отправку после остановки"
    resume = subcommands.add_parser(
        "resume", parents=[common], help=about, description=f"{about.capitalize()}."
    )
    resume.add_argument("--force", action="store_true", help="возобновить, даже если портал не отвечает")
    resume.set_defaults(run=resume_sending)


def set_up(options: argparse.Namespace) -> int:
    """Показывает план, спрашивает и настраивает портал; отказ — код 1."""
    from services.bitrix.portal_plan import PlanError
    from services.domain.errors import SyncError

    with opened_services(options) as services:
        try:
            return _set_up(services, _setup(services, options), _recorder(chosen_file(options)), options)
        except (PlanError, SyncError) as error:
            print(f"Не вышло: {error}", file=sys.stderr)
            return 1


def _setup(services: "Services", options: argparse.Namespace) -> "PortalSetup":
    from services.bitrix.portal_admin import PortalAdmin
    from services.bitrix.portal_schema import PIPELINE_NAME
    from services.bitrix.portal_setup import PortalSetup

    name = options.pipeline or PIPELINE_NAME
    return PortalSetup(
        PortalAdmin(services.client), services.settings.portal, name, options.category, time.sleep
    )


def _set_up(services: "Services", setup: "PortalSetup", record: "Record", options: argparse.Namespace) -> int:
    setup.check_owner()
    plan = setup.plan()
    if plan.is_done and not options.dry_run:
        for line in setup.run(record):
            print(f"  {line}")
        print("Портал уже настроен: делать нечего.")
        return 0
    print("\n".join(plan.told()))
    if options.dry_run:
        return 0
    if not options.yes and not agreed("Выполнить?"):
        print("Ничего не изменено.")
        return 1
    for line in setup.run(record):
        print(f"  готово: {line}", flush=True)
    services.security_journal.info("portal_set_up", who=administrator(), count=len(plan.steps))
    print("Портал настроен. Проверьте всё вместе: python manage.py doctor")
    return 0


def _recorder(path: "Path") -> "Record":
    """Возвращает запись номера воронки и кодов стадий в файл настроек с сохранением примечаний."""
    from config.editing import set_values
    from config.schema import Path as Place

    def record(category_id: int, stages: "Mapping[Stage, str]") -> bool:
        changes: dict[Place, object] = {("portal", "category_id"): category_id}
        changes |= {("portal", "stages", str(stage)): code for stage, code in stages.items()}
        return set_values(path, changes)

    return record


def _try_portal(services: "Services") -> None:
    """Спрашивает портал так же, как отправка: вебхук принят, право crm есть, поле ключа на месте."""
    from services.bitrix.crm import require_field

    services.client.call("profile", {})
    services.crm.find(["F0_0"], None)
    require_field(services.client, services.settings.portal.field_table["reception_id"])


def resume_sending(options: argparse.Namespace) -> int:
    """Проверяет то, из-за чего встали, и снимает остановку; причина осталась — остановка тоже, код 1."""
    from services.domain.errors import SyncError

    with opened_services(options) as services:
        halt = services.store.gate.halted()
        if halt is None:
            print("Отправка не остановлена: возобновлять нечего.")
            return 0
        print(f"Остановлена {halt.at.astimezone():%d.%m.%Y %H:%M}: {halt.message}")
        try:
            if not options.force:
                _try_portal(services)
        except SyncError as error:
            print(f"Портал по-прежнему отказывает: {error}. Отправка не возобновлена.", file=sys.stderr)
            return 1
        services.store.gate.resume()
        services.security_journal.info("sending_resumed", who=administrator())
        print("Отправка возобновлена: очередь уйдёт в ближайшие секунды.")
        return 0
