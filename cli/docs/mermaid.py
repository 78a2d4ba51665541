"""Рисователь схем для сайта: сборка Mermaid из реестра npm; в проекте её нет."""

import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "mermaid@11.17.2"
MEMBER = "package/dist/mermaid.min.js"
PATIENCE_SECONDS = 60


def fetch_mermaid(folder: Path) -> Path | None:
    """Возвращает сборку Mermaid, взяв её один раз через npm; npm или сети нет — None."""
    kept = folder / f"{PACKAGE.replace('@', '-')}.min.js"
    if kept.exists():
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        try:
            subprocess.run(
                ["npm", "pack", "--silent", PACKAGE],
                cwd=place,
                check=True,
                capture_output=True,
                timeout=PATIENCE_SECONDS,
            )
            (archive,) = Path(place).glob("*.tgz")
            with tarfile.open(archive) as opened:
                member = opened.extractfile(MEMBER)
                assert member is not None
                kept.write_bytes(member.read())
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, tarfile.TarError):
            return None
    return kept
