"""Сайт документов: страницы собирает zensical, читается с диска без сети, с поиском и схемами.

Zensical — преемник Material for MkDocs от тех же людей (сам Material поддерживается до мая 2027 года:
github.com/squidfunk/mkdocs-material, выпуск 9.8.1). Настройки — docs/zensical.toml.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli.docs.blocks import documents

MARK = ".ident-bitrix-site"
SETTINGS, START, OVERVIEW = "docs/zensical.toml", "docs/start.md", "overview.md"
LOOK = Path(__file__).parent / "site.css"
#: Сценарии из реестра npm: файл сайта → пакет и файл в нём.
SCRIPTS: Mapping[str, tuple[str, str]] = {
    "mermaid.min.js": ("mermaid@12.3.0", "package/dist/mermaid.min.js"),
    "iframe-worker.js": ("iframe-worker@1.0.4", "package/shim/index.js"),
}
FENCE = re.compile(r"^custom_fences = .*$", re.MULTILINE)
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<path>[^)#\s]*)(?P<place>#[^)\s]*)?\)")
OUTSIDE = re.compile(r"[a-z]+:|//")
PATIENCE_SECONDS = 120


class SiteError(Exception):
    """Сайт собрать нельзя; текст говорит, что сделать."""


def build_site(root: Path, folder: Path, scripts: Path | None) -> int:
    """Собирает сайт заново и возвращает число страниц; без ``scripts`` схемы остаются текстом."""
    _clear(folder)
    with tempfile.TemporaryDirectory(prefix="site-") as work:
        stage = Path(work)
        _stage(root, stage / "pages")
        _assets(stage / "pages" / "assets", scripts)
        settings = (root / SETTINGS).read_text(encoding="utf-8")
        text = settings if scripts else FENCE.sub("custom_fences = []", settings)
        (stage / "zensical.toml").write_text(text, encoding="utf-8")
        _generate(stage)
        # Страница 404 и карта сайта — для серверов, а этот читают с диска.
        unneeded = shutil.ignore_patterns("404.html", "sitemap.xml")
        shutil.copytree(stage / "site", folder, dirs_exist_ok=True, ignore=unneeded)
    return sum(1 for _ in folder.rglob("*.html"))


def fetch_scripts(folder: Path) -> Path | None:
    """Возвращает папку сценариев, взяв их один раз через npm; npm или сети нет — None."""
    for name, (package, member) in SCRIPTS.items():
        kept = folder / package / name
        if not kept.exists() and not _fetched(package, member, kept):
            return None
    return folder


def _fetched(package: str, member: str, target: Path) -> bool:
    command = [shutil.which("npm") or "npm", "pack", "--silent", package]
    with tempfile.TemporaryDirectory() as place:
        try:
            subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=PATIENCE_SECONDS)
            (archive,) = Path(place).glob("*.tgz")
            with tarfile.open(archive) as opened:
                content = opened.extractfile(member)
                assert content is not None
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, tarfile.TarError):
            return False
    return True


def _clear(folder: Path) -> None:
    """Стирает прежний сайт; чужую папку не трогает."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise SiteError(f"В папке {folder} лежит не сайт: назовите пустую или новую.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _stage(root: Path, pages: Path) -> None:
    for path in documents(root):
        if path.relative_to(root).parts[0] != "tests":
            target = pages / _place(path, root)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8")
            target.write_text(_relinked(text, path, root, pages), encoding="utf-8", newline="\n")
            for file in _linked_files(text, path, root):
                copy = pages / file.relative_to(root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)


def _place(path: Path, root: Path) -> Path:
    """Возвращает место документа на сайте: начало — своё, поэтому README корня зовётся обзором."""
    name = path.relative_to(root).as_posix()
    return Path({START: "index.md", "README.md": OVERVIEW}.get(name, name))


def _relinked(text: str, path: Path, root: Path, pages: Path) -> str:
    """Направляет ссылки туда, где документы лежат на сайте; ссылка на папку исходников остаётся словами."""
    here = (pages / _place(path, root)).parent

    def aimed(link: re.Match[str]) -> str:
        if not link["path"] or OUTSIDE.match(link["path"]):
            return link[0]
        aim = (path.parent / link["path"]).resolve()
        if aim.is_dir():
            return link["text"].strip("[]")
        if not aim.is_relative_to(root):
            return link[0]
        target = Path(os.path.relpath(pages / _place(aim, root), here)).as_posix()
        return f"{link['text']}({target}{link['place'] or ''})"

    return LINK.sub(aimed, text)


def _linked_files(text: str, path: Path, root: Path) -> Iterator[Path]:
    for link in LINK.finditer(text):
        aim = (path.parent / link["path"]).resolve() if not OUTSIDE.match(link["path"]) else root
        if aim.is_file() and aim.suffix != ".md" and aim.is_relative_to(root):
            yield aim


def _assets(folder: Path, scripts: Path | None) -> None:
    folder.mkdir(parents=True)
    shutil.copyfile(LOOK, folder / LOOK.name)
    for name, (package, _) in SCRIPTS.items():
        if scripts is not None:
            shutil.copyfile(scripts / package / name, folder / name)
        else:
            (folder / name).write_text("// собрано без npm\n", encoding="utf-8")


def _generate(stage: Path) -> None:
    program = Path(sys.executable).with_name("zensical.exe" if sys.platform == "win32" else "zensical")
    if not program.exists():
        raise SiteError("Сайт собирает zensical, он ставится вместе с проверками: python manage.py test")
    command = [str(program), "build", "--config-file", str(stage / "zensical.toml")]
    done = subprocess.run(
        command,
        cwd=stage,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "NO_COLOR": "1"},
    )
    if done.returncode:
        raise SiteError(f"zensical сайта не собрал: {(done.stderr or done.stdout)[-2000:]}")
