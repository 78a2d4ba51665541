"""Папки службы под руками root: взломанная служба подложила ссылки, но root по ним не пошёл (Linux)."""

import os
import stat
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from installer import backup
from installer.layout import Layout, linux_layout
from installer.ports import InstallError
from installer.roles import services_of
from services.journal.append import append, open_for_append

if sys.platform == "win32":
    pytest.skip("posix", allow_module_level=True)

from installer.linux import LinuxHost  # без pwd он не загрузится

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root")

#: Учётные записи, которые есть в любом Linux: служба и её Redis.
NODE, REDIS = "nobody", "daemon"


def owner(path: Path) -> str:
    import pwd

    return pwd.getpwuid(path.lstat().st_uid).pw_name


class Computer:
    """Установка, чья учётная запись взломана, и файл root, до которого ей не добраться."""

    def __init__(self, root: Path) -> None:
        self.layout: Layout = linux_layout(root)
        self.host = LinuxHost(self.layout, lambda command: "", (NODE, REDIS))
        self.victim = root / "shadow"
        self.victim.write_text("root:тайна\n", encoding="utf-8")
        self.victim.chmod(0o600)
        for folder in self.layout.data:
            folder.mkdir(parents=True)
        self.layout.settings.write_text("schema = 3\n", encoding="utf-8")
        (self.layout.redis / "redis.conf").touch()
        self.host.protect(services_of(self.layout, ["node"], ""))

    def untouched(self) -> bool:
        """Отвечает, цел ли файл root."""
        mode = stat.S_IMODE(self.victim.stat().st_mode)
        return (owner(self.victim), mode, self.victim.read_text(encoding="utf-8")) == (
            "root",
            0o600,
            "root:тайна\n",
        )


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def symlink(computer: Computer, place: Path) -> None:
    place.symlink_to(computer.victim)


def hardlink(computer: Computer, place: Path) -> None:
    os.link(computer.victim, place)


def folder_link(computer: Computer, place: Path) -> None:
    place.symlink_to(computer.victim.parent)


def queue(computer: Computer, place: Path) -> None:
    os.mkfifo(place)


planted = pytest.mark.parametrize("plant", [symlink, hardlink, folder_link, queue])
Plant = Callable[[Computer, Path], None]


@planted
@pytest.mark.parametrize(
    "place", ["etc/ident-bitrix/a.pem", "var/lib/ident-bitrix/x", "var/log/ident-bitrix/x"]
)
def test_what_the_service_planted_is_neither_taken_nor_given(
    computer: Computer, plant: Plant, place: str, tmp_path: Path
) -> None:
    plant(computer, tmp_path / place)
    for act in (computer.host.take, lambda: computer.host.protect([])):
        with pytest.raises(InstallError, match="не простой файл"):
            act()
        assert computer.untouched()


def test_planted_link_is_not_copied_and_not_written_through(computer: Computer) -> None:
    """Копия и возврат обновления: сперва папки забирает root, и ссылка в них — отказ."""
    symlink(computer, computer.layout.state / "epoch")
    with pytest.raises(InstallError):
        computer.host.take()
    assert computer.untouched()
    assert list(computer.layout.backups.iterdir()) == []


def test_refused_folders_stay_with_the_service(computer: Computer) -> None:
    """Обновление отказалось — узел прежней версии работает дальше: отнятой папки он бы не прочёл."""
    symlink(computer, computer.layout.logs / "x")
    with pytest.raises(InstallError):
        computer.host.take()
    folders = (computer.layout.config, computer.layout.state, computer.layout.logs)
    assert {owner(folder) for folder in folders} == {NODE}


def test_copies_belong_to_root_and_the_rest_to_its_service(computer: Computer) -> None:
    layout, host = computer.layout, computer.host
    (layout.state / "epoch").write_text("1", encoding="utf-8")
    host.take()
    assert {owner(folder) for folder in (layout.config, layout.state, layout.logs)} == {"root"}
    saved = backup.save(layout, "1.0.0", datetime(2026, 1, 1))
    host.protect([])
    assert {owner(folder) for folder in (layout.config, layout.state, layout.logs)} == {NODE}
    assert owner(layout.settings) == owner(layout.state / "epoch") == NODE
    assert owner(layout.redis) == owner(layout.redis / "redis.conf") == REDIS
    assert {owner(path) for path in (layout.backups, saved, *saved.rglob("*"))} == {"root"}
    modes = {stat.S_IMODE(folder.stat().st_mode) for folder in layout.data}
    assert modes == {0o700}, "в чужую папку не заглянет и Redis"


def test_copies_made_by_former_versions_are_closed_to_the_service(computer: Computer) -> None:
    os.chown(computer.layout.backups, 65534, 65534)
    symlink(computer, computer.layout.backups / "2026-01-01")
    computer.host.protect([])
    assert owner(computer.layout.backups) == "root"
    assert computer.untouched()


def test_redis_of_former_versions_goes_to_its_own_account(computer: Computer) -> None:
    """Прежде Redis жил под учётной записью узла: его файлы меняют хозяина вместе с папкой."""
    aof = computer.layout.redis / "appendonlydir" / "1.aof"
    aof.parent.mkdir()
    aof.touch()
    for path in (computer.layout.redis, aof.parent, aof):
        os.chown(path, 65534, 65534)
    computer.host.take()
    computer.host.protect([])
    assert owner(aof) == owner(aof.parent) == REDIS


@planted
def test_journal_is_not_written_through_what_was_planted(computer: Computer, plant: Plant) -> None:
    place = computer.layout.logs / "security_log_2026-01-01.txt"
    plant(computer, place)
    with pytest.raises(OSError):
        open_for_append(place)
    assert computer.untouched()


def test_journal_made_by_root_goes_to_the_owner_of_the_folder(computer: Computer) -> None:
    place = computer.layout.logs / "security_log_2026-01-01.txt"
    descriptor = open_for_append(place)
    append(descriptor, "строка")
    os.close(descriptor)
    assert owner(place) == NODE
