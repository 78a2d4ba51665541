"""Удаление: службы, программа и команда; данные — только по просьбе."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from installer.folders import Pause, remove
from installer.ports import Host
from installer.record import installed
from installer.roles import stopping
from installer.talk import Terminal


@dataclass(frozen=True, slots=True)
class Removal:
    """Удаление с этого компьютера."""

    host: Host
    talk: Terminal
    pause: Pause = time.sleep

    def run(self, purge: bool) -> int:
        host, layout = self.host, self.host.layout
        host.require_rights()
        record = installed(layout.record)
        for key in stopping(record.services):
            self.talk.say(f"Удаляю службу {host.services.name(key)}")
            host.services.uninstall(key)
        if record.opened_port:
            host.close_ports()
        host.forget()
        self._remove_programs()
        if purge:
            for folder in layout.data:
                remove(folder, self.pause)
            _remove_empty(layout.data)
            self.talk.say("Настройки, состояние, журналы и копии удалены.")
        else:
            left = [str(folder) for folder in layout.data if folder.exists()]
            self.talk.say(f"Остались настройки, состояние и журналы: {', '.join(left)}")
            self.talk.say("Удалить и их: повторите с ключом --purge. На портале ничего не изменено.")
        return 0

    def _remove_programs(self) -> None:
        """Удаляет папку программы; на Windows программа, которая в ней работает, саму себя не удалит."""
        programs = self.host.layout.programs
        if programs in Path(sys.executable).resolve().parents and sys.platform == "win32":
            self.talk.say(
                f"Папку программы удалите сами, когда эта команда кончится: {programs} "
                "(uninstall.ps1 из пакета удаляет и её)."
            )
        else:
            remove(programs, self.pause)


def _remove_empty(folders: tuple[Path, ...]) -> None:
    """Удаляет опустевшую общую папку данных (на Windows она одна)."""
    for parent in {folder.parent for folder in folders}:
        if parent.name == "IdentBitrix" and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
