"""Пакет для помощи: один архив о состоянии установки; людей и секретов в нём нет (СПЕЦ 3.4.1)."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from typing import IO, TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

from services.domain.errors import StoreError
from services.journal.configure import AUDIT, MAIN
from services.journal.masking import Masker
from services.journal.process import known_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from services.container import Services

#: Сколько последних файлов каждого журнала едет и сколько байтов конца каждого.
FILES, TAIL = 3, 4 * 2**20
CONTENTS: Mapping[str, str] = {
    "doctor.txt": "осмотр установки: что не так и что сделать",
    "settings.json": "настройки; вместо секретов — звёздочки",
    "queue.json": "очередь в числах: сколько записей в каком состоянии и по каким причинам",
    "versions.txt": "версии программы, Python, системы и библиотек",
    "journals/": f"последние {FILES} дня обоих журналов: номера записей, без людей и секретов",
}


def collect(services: Services, settings_path: Path, file: IO[bytes]) -> None:
    """Собирает пакет в открытый файл; чего не спросить, о том так и написано."""
    mask = Masker(known_secrets(services.settings)).mask
    parts = {
        "doctor.txt": _doctor(services, settings_path),
        "settings.json": services.settings.model_dump_json(indent=2),
        "queue.json": _queue(services),
        "versions.txt": _versions(),
    }
    listed = "\n".join(f"{name} — {told}" for name, told in CONTENTS.items())
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("что внутри.txt", f"Пакет для помощи Ident → Битрикс24\n\n{listed}\n")
        for name, text in parts.items():
            archive.writestr(name, mask(text))
        for path in _journals(services.settings.journal.folder):
            with archive.open(f"journals/{path.name}", "w") as packed:
                for line in _tail(path):
                    packed.write(mask(line).encode())


def _doctor(services: Services, settings_path: Path) -> str:
    from services.doctor.run import Examination

    found = [one.as_dict() for one in Examination(services, settings_path).findings()]
    return "\n".join("{level} {check}: {text} {advice}".format(**one).rstrip() for one in found)


def _queue(services: Services) -> str:
    from collections import Counter

    told: dict[str, object] = {}
    try:
        for branch in services.settings.branches:
            outbox, links = services.store.outbox, services.store.links
            own = branch.branch_id
            told[own] = {
                "states": {str(state): count for state, count in outbox.depth(own).items()},
                "reasons": Counter(entry.reason for entry in outbox.entries(own) if entry.reason),
                "rejected": Counter(one.reason for one in links.rejections(own)),
                "notes": services.store.stats.notes(own),
            }
        halt = services.store.gate.halted()
        told["halted"] = halt.reason if halt is not None else None
    except StoreError as error:
        told["error"] = str(error)
    return json.dumps(told, ensure_ascii=False, indent=2)


def _versions() -> str:
    from config.version import version

    libraries = sorted({f"{one.metadata['Name']} {one.version}" for one in distributions()}, key=str.lower)
    head = [f"ident-bitrix {version()}", f"Python {platform.python_version()}", platform.platform()]
    return "\n".join([*head, "", *libraries])


def _journals(folder: Path) -> Iterator[Path]:
    for prefix in (MAIN, AUDIT):
        yield from sorted(folder.glob(f"{prefix}_*.txt"))[-FILES:]


def _tail(path: Path) -> Iterator[str]:
    with path.open("rb") as opened:
        if opened.seek(0, 2) > TAIL:
            opened.seek(-TAIL, 2)
            opened.readline()  # начало строки осталось за пределом
        else:
            opened.seek(0)
        for raw in opened:
            yield raw.decode("utf-8", errors="replace")
