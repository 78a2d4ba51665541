"""Архив локального приложения: страницы с настройками этого портала (``portal app``)."""

import io
import json
import zipfile
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from config.loader import application_key
from services.sealing import SnapshotSeal

if TYPE_CHECKING:
    from config.models import ApplicationSettings, Settings

FOLDER = Path(__file__).parent / "local_app"
#: Ожидание страницы дольше ожидания службы: её отказ по времени понятнее нашего.
PATIENCE_BEYOND = 5.0
#: У всех файлов архива одно время: одинаковые настройки дают одинаковый архив.
STAMP = (2026, 1, 1, 0, 0, 0)


def application_zip(settings: "Settings") -> bytes:
    """Возвращает архив для загрузки на портал; без раздела application — ValueError."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(application_files(settings).items()):
            archive.writestr(zipfile.ZipInfo(name, STAMP), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def application_files(settings: "Settings") -> Mapping[str, str]:
    """Возвращает файлы приложения: страницы с адресами портала и файл настроек."""
    application = settings.application
    if application is None:
        raise ValueError("нет раздела application")
    values = {"{{policy}}": escape(policy(settings, application)), "{{sdk}}": escape(application.sdk)}
    files = {path.name: _filled(path.read_text(encoding="utf-8"), values) for path in FOLDER.iterdir()}
    return {**files, "settings.js": f"export const SETTINGS = {page_settings(settings, application)};\n"}


def page_settings(settings: "Settings", application: "ApplicationSettings") -> str:
    """Возвращает настройки страницы; секретов в них нет: ключ печати снимков — открытый."""
    fields = settings.portal.field_table
    content = {
        "fields": {
            "reception": fields["reception_id"],
            "snapshot": fields["treatment_plans"],
        },
        "seal": SnapshotSeal(application_key(settings)).public,
        "shim": application.shim or "",
        "shims": dict(application.shims),
        "patience": int((settings.web.deadline.total_seconds() + PATIENCE_BEYOND) * 1000),
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def policy(settings: "Settings", application: "ApplicationSettings") -> str:
    """Возвращает политику страницы: свои сценарии, BX24, портал и службы; встроенный код не исполняется."""
    sdk = "/".join(application.sdk.split("/")[:3])
    services = sorted({*application.shims.values(), *filter(None, [application.shim])})
    portal = settings.portal.origin
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' {sdk} {portal}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "connect-src": " ".join(["'self'", sdk, portal, *services]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text
