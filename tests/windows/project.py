"""Проект, лежащий в Windows: по пути с кириллицей и пробелами, как на рабочем столе клиники."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from manage import lock_file
from tests.windows.prepare import ROOT, place_tree
from tests.windows.wine import PYTHON, Done, Wine, windows_path

FOLDER = r"C:\users\Администратор\Рабочий стол\ident-bitrix"
#: Колёса, уже скачанные pip для Windows: переживают переделку Windows.
CACHE = ROOT / "var" / "windows-pip"


@dataclass(frozen=True, slots=True)
class Project:
    """Файлы проекта и его окружение."""

    wine: Wine

    @property
    def folder(self) -> Path:
        """Возвращает папку проекта."""
        return self.wine.path(FOLDER)

    def place(self) -> None:
        """Кладёт в Windows сегодняшние файлы проекта."""
        place_tree(self.folder)

    def install(self) -> None:
        """Ставит окружение проверок тем же кодом, что и ``manage.py test``.

        Колёса кладёт туда uv с Linux: pip под Wine раскладывал бы их пять минут. Ему остаётся их признать;
        сам он ставит package.lock (``program.build``).
        """
        self._call("import manage; manage.usable(manage.VENV) or manage.create(manage.VENV)")
        uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--no-deps"]
        kind = ["--python-platform", "x86_64-pc-windows-msvc", "--python-version", "3.11"]
        wheels = ["--only-binary", ":all:", "--require-hashes", "-r", str(lock_file("dev"))]
        target = self.folder / ".venv" / "Lib" / "site-packages"
        subprocess.run([*uv, *kind, *wheels, "--target", str(target)], check=True)
        self._call("import manage; manage.prepare('dev')")

    def _call(self, code: str) -> None:
        done = self.run(PYTHON, "-c", code, timeout=1200)
        assert done.code == 0, done.text

    def manage(self, *arguments: str, timeout: float = 120, locale: str = "ru_RU") -> Done:
        """Выполняет команду ``manage.py``, как её выполнил бы человек."""
        return self.run(PYTHON, "manage.py", *arguments, timeout=timeout, locale=locale)

    def python(self, *arguments: str, timeout: float = 120, **variables: str) -> Done:
        """Запускает Python окружения проекта."""
        return self.run(rf"{FOLDER}\.venv\Scripts\python.exe", *arguments, timeout=timeout, **variables)

    def run(self, *command: str, timeout: float, locale: str = "ru_RU", **variables: str) -> Done:
        """Выполняет команду в папке проекта."""
        return self.wine.run(
            *command,
            folder=self.folder,
            timeout=timeout,
            locale=locale,
            PIP_CACHE_DIR=windows_path(CACHE),
            **variables,
        )
