"""Пакет, из которого ставят: папка программы, её версия, чужие программы рядом."""

import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from installer import folders
from installer.layout import Layout
from installer.ports import InstallError

#: Прежние версии, которые остаются для отката.
KEPT_VERSIONS = 2
SUMS, PROGRAM = "SHA256SUMS", "program/"


@dataclass(frozen=True, slots=True)
class Package:
    """Распакованный пакет."""

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "program"

    @property
    def supplies(self) -> Path:
        return self.folder / "supplies"

    def verify(self) -> None:
        """Сверяет программу с суммами пакета: чужой, лишний или недостающий файл — InstallError."""
        try:
            text = (self.folder / SUMS).read_text(encoding="utf-8")
            lines = (line.split("  ", 1) for line in text.splitlines())
            listed = {name: found for found, name in lines if name.startswith(PROGRAM)}
        except (OSError, ValueError):
            raise InstallError(f"В папке {self.folder} нет файла {SUMS}: распакуйте архив целиком.") from None
        found = {f"{PROGRAM}{name}": value for name, value in folders.contents(self.program).items()}
        if wrong := sorted(name for name in {*listed, *found} if listed.get(name) != found.get(name)):
            shown = ", ".join(wrong[:3])
            raise InstallError(
                f"Программа пакета не та, что собрана ({shown}): возьмите архив заново и распакуйте его "
                "в пустую папку."
            )

    @property
    def version(self) -> str:
        for place in (self.program / "_internal", self.program):
            if (path := place / "pyproject.toml").is_file():
                return str(tomllib.loads(path.read_text(encoding="utf-8"))["project"]["version"])
        raise InstallError(f"В папке {self.folder} нет программы: распакуйте архив пакета целиком.")


def find_package(option: Path | None) -> Package:
    """Возвращает пакет: названный или тот, из которого запущена сама программа."""
    if option is not None:
        return Package(option.absolute())
    if not getattr(sys, "frozen", False):
        raise InstallError(
            "Ставить надо из пакета: соберите его (python manage.py package), распакуйте архив и назовите "
            "папку ключом --package."
        )
    return Package(Path(sys.executable).resolve().parent.parent)


def stands(package: Package, layout: Layout) -> bool:
    """Отвечает, стоит ли уже эта версия целой: такую не трогают, её может выполнять служба."""
    target = layout.versions / package.version
    return target.resolve() == package.program.resolve() or folders.same(package.program, target)


def place_program(package: Package, layout: Layout, pause: folders.Pause) -> Path:
    """Ставит программу в папку её версии и возвращает папку; стоящую целой оставляет."""
    target = layout.versions / package.version
    if not stands(package, layout):
        folders.place(package.program, target, pause)
    return target


def drop_old_versions(layout: Layout, keep: str, pause: folders.Pause) -> None:
    """Удаляет давние версии; работающая и прежняя остаются."""
    others = [path for path in layout.versions.iterdir() if path.is_dir() and path.name != keep]
    for path in sorted(others, key=lambda found: found.stat().st_mtime)[: -(KEPT_VERSIONS - 1)]:
        with suppress(InstallError):  # занятую сотрёт следующее обновление
            folders.remove(path, pause)


def order(version: str) -> tuple[int, ...]:
    """Возвращает номер версии для сравнения: 0.10.0 старше 0.9.1."""
    return tuple(int(part) for part in version.split("+")[0].split("-")[0].split("."))


def write_sums(folder: Path) -> None:
    """Записывает контрольные суммы всего, что лежит в папке пакета."""
    lines = [f"{found}  {name}" for name, found in sorted(folders.contents(folder).items()) if name != SUMS]
    (folder / SUMS).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
