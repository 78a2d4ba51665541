"""Портал: ``python manage.py portal app|setup|resume``."""

import argparse
import sys
from pathlib import Path

from cli.arguments import Arguments
from cli.portal_setup import add_resume, add_setup
from config.loader import CONFIG_VARIABLE, ConfigError, load_settings


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    code: int = options.run(options)
    return code


def parser() -> argparse.ArgumentParser:
    """Возвращает разбор ключей; подкоманда добавляется своей функцией ``_add_…``."""
    parser = Arguments(prog="manage.py portal", description="Настройка портала Битрикс24.")
    subcommands = parser.add_subparsers(required=True, metavar="ПОДКОМАНДА")
    common = Arguments(add_help=False)
    common.add_argument("--config", help=f"файл настроек (или переменная {CONFIG_VARIABLE})")
    _add_app(subcommands, common)
    add_setup(subcommands, common)
    add_resume(subcommands, common)
    return parser


def _add_app(subcommands: "argparse._SubParsersAction[Arguments]", common: Arguments) -> None:
    about = "архив локального приложения «План лечения» с настройками этого портала"
    app = subcommands.add_parser("app", parents=[common], help=about, description=f"Делает {about}.")
    app.add_argument("--output", type=Path, default=Path("plan-app.zip"), help="куда записать (plan-app.zip)")
    app.set_defaults(run=make_app)


def make_app(options: argparse.Namespace) -> int:
    from plan_frontend.packaging import application_zip

    settings = load_settings(options.config)
    application = settings.application
    if application is None:
        raise ConfigError(
            "Заполните раздел application: client_id и member_id портала и адрес службы shim "
            "(docs/lan_access.md)."
        )
    output: Path = options.output
    output.write_bytes(application_zip(settings))
    print(f"Готово: {output}")
    print("Загрузите архив на портале: Разработчикам → Другое → Локальное приложение → «Статичное»,")
    print("права crm и placement; откройте приложение один раз под администратором — появится вкладка.")
    if not application.shim and not application.shims:
        print(
            "Внимание: адрес службы (application.shim) не указан — вкладка покажет только сохранённые копии.",
            file=sys.stderr,
        )
    return 0
