"""Часы, которые можно перевести: маленькая библиотека подменяет их процессам кампании."""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("faketime.c")


class Clocks:
    """Смещение часов узла и Redis; без компилятора C часы не переводятся."""

    def __init__(self, folder: Path) -> None:
        self._file, self._library = folder / "clock-offset", folder / "faketime.so"
        self.set(0)
        compiler = shutil.which("cc") or shutil.which("gcc")
        self.available = compiler is not None and self._built(compiler)

    @property
    def variables(self) -> dict[str, str]:
        """Возвращает переменные процесса, чьи часы переводят."""
        if not self.available:
            return {}
        return {"LD_PRELOAD": str(self._library), "CAMPAIGN_CLOCK": str(self._file)}

    def set(self, seconds: int) -> None:
        """Переводит часы относительно настоящих."""
        self._file.write_text(str(seconds), encoding="ascii")

    def _built(self, compiler: str) -> bool:
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE), "-ldl"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
