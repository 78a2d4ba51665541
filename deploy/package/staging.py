"""Заготовка пакета: копия исходников, где команды названы так, как их зовут в клинике.

Сообщения программы говорят «python manage.py doctor»; на компьютере клиники нет ни Python, ни manage.py,
там это «ident-bitrix doctor». Слова меняются здесь, один раз на всю программу.
"""

import re
import shutil
import tomllib
from pathlib import Path

from deploy.package.contents import DATA, DEVELOPMENT, MODULES, OURS, PROGRAM

CALL = re.compile(r"(?:python )?manage\.py\b(?! файл)")


def stage(root: Path, folder: Path) -> None:
    """Складывает в папку исходники пакета; прежнее её содержимое стирается."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in OURS:
        _copy_package(root / name, folder / name)
    for name in MODULES:
        _copy_text(root / f"{name}.py", folder / f"{name}.py")
    for name in DEVELOPMENT:
        _drop(folder.joinpath(*name.split(".")))
    for source, _ in DATA:
        _copy_data(root / source, folder / source)


def for_clinic(text: str) -> str:
    """Возвращает текст, где команды названы по-клинически."""
    return CALL.sub(PROGRAM, text)


def _copy_package(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*.py")):
        _copy_text(path, target / path.relative_to(source))


def _copy_text(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(for_clinic(source.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


def _copy_data(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    elif source.name == "pyproject.toml":
        # Клинике от него нужен один номер версии: остальное — о разработке.
        project = tomllib.loads(source.read_text(encoding="utf-8"))["project"]
        text = f'[project]\nname = "{project["name"]}"\nversion = "{project["version"]}"\n'
        target.write_text(text, encoding="utf-8", newline="\n")
    elif source.suffix == ".toml":
        _copy_text(source, target)
    else:
        shutil.copyfile(source, target)


def _drop(path: Path) -> None:
    path.with_suffix(".py").unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)
