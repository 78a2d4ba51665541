"""Бумаги пакета: «прочтите» и документы."""

import shutil
from pathlib import Path

from deploy.package.staging import for_clinic

README_WINDOWS = """Интеграция Ident - Битрикс24, версия {version}

Установка (Windows 10/11, Server 2016 и новее), около десяти минут:

1. Положите в папку supplies недостающие файлы (что именно и откуда - site/index.html, "Что понадобится").
2. Откройте PowerShell от имени администратора в этой папке.
3. Выполните:   powershell -ExecutionPolicy Bypass -File .\\install.ps1

Обновление:     powershell -ExecutionPolicy Bypass -File .\\update.ps1
Удаление:       powershell -ExecutionPolicy Bypass -File .\\uninstall.ps1

Интернет для установки не нужен. Руководства: откройте site/index.html в браузере.
"""
README_LINUX = """Интеграция Ident - Битрикс24, версия {version}

Установка (Linux с systemd, нужен redis-server 6.2 или новее):   sudo ./program/ident-bitrix service install
Обновление:   sudo ./program/ident-bitrix service update
Удаление:     sudo ident-bitrix service uninstall

Руководства: откройте site/index.html в браузере.
"""


def write_papers(root: Path, folder: Path, platform: str) -> None:
    """Пишет «прочтите» и копирует документы; команды в них названы по-клинически."""
    from config.version import version

    windows = platform == "win32"
    text = (README_WINDOWS if windows else README_LINUX).format(version=version())
    # Блокнот старых Windows узнаёт UTF-8 по метке и строки по CRLF.
    (folder / "README.txt").write_text(
        text, encoding="utf-8-sig" if windows else "utf-8", newline="\r\n" if windows else "\n"
    )
    for path in sorted((root / "docs").rglob("*")):
        _copy(path, folder / "docs" / path.relative_to(root / "docs"))
    _copy(root / "CHANGELOG.md", folder / "CHANGELOG.md")
    _write_site(root, folder / "site")


def _write_site(root: Path, folder: Path) -> None:
    """Собирает сайт документов: его читают двойным щелчком, без программ и сети."""
    from cli.docs.site import build_site, fetch_scripts

    build_site(root, folder, fetch_scripts(root / "build" / "site-scripts"))
    for pattern in ("*.html", "*.toml", "search.js*"):
        for path in folder.rglob(pattern):
            path.write_text(for_clinic(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


def _copy(source: Path, target: Path) -> None:
    if source.suffix == ".md":
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(for_clinic(source.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    elif source.suffix in (".png", ".svg", ".json"):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
