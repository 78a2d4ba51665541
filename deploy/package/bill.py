"""Ведомость пакета: чужие части, их версии и лицензии (NOTICE) и то же для программ (CycloneDX)."""

import json
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from deploy.package.contents import PROGRAM
from installer.supplies import Supply

BILL, NOTICE = "bom.cdx.json", "NOTICE.txt"
LOCKED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==", re.MULTILINE)
LICENCE_FILE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE)", re.IGNORECASE)
CLASSIFIER = "License :: "
HEADER = """Эта программа содержит чужие части. Ниже — их имена, версии, лицензии и тексты лицензий.

"""


@dataclass(frozen=True, slots=True)
class Part:
    """Чужая часть пакета."""

    name: str
    version: str
    licence: str
    texts: Sequence[str]
    purl: str = ""


def write_bill(root: Path, folder: Path, version: str, supplies: Sequence[Supply]) -> None:
    """Пишет NOTICE.txt и ведомость CycloneDX 1.5 в папку пакета."""
    parts = [python_itself(), *libraries(root / "requirements" / "package.lock"), *programs(supplies)]
    (folder / NOTICE).write_text(HEADER + "\n".join(map(_notice, parts)), encoding="utf-8", newline="\n")
    text = json.dumps(bill(version, parts), ensure_ascii=False, indent=1)
    (folder / BILL).write_text(text + "\n", encoding="utf-8", newline="\n")


def bill(version: str, parts: Sequence[Part]) -> dict[str, object]:
    """Возвращает ведомость; номер её зависит лишь от состава: две сборки одного дают одно и то же."""
    named = " ".join([f"{PROGRAM}=={version}", *(f"{part.name}=={part.version}" for part in parts)])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, named)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": PROGRAM, "version": version}},
        "components": [_component(part) for part in parts],
    }


def libraries(lock: Path) -> Iterator[Part]:
    """Возвращает установленные библиотеки списка; для другой системы предназначенные пропускает."""
    for name in LOCKED.findall(lock.read_text(encoding="utf-8")):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        texts = [path.read_text("utf-8") for path in found.files or () if _is_licence(str(path))]
        purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{found.version}"
        yield Part(name, found.version, licence_of(found), texts, purl)


def licence_of(found: Distribution) -> str:
    """Возвращает лицензию: выражение SPDX, иначе строку автора, иначе классификаторы."""
    told = found.metadata
    if expressions := told.get_all("License-Expression"):
        return str(expressions[0])
    kinds = [
        line.rsplit(" :: ", 1)[-1] for line in told.get_all("Classifier", []) if line.startswith(CLASSIFIER)
    ]
    line = str((told.get_all("License") or [""])[0]).strip()
    return line if line and "\n" not in line else ", ".join(kinds) or "см. текст"


def python_itself() -> Part:
    """Возвращает Python, который едет внутри программы."""
    version = platform.python_version()
    places = (Path(sys.base_prefix, "LICENSE.txt"), Path(json.__file__).parent.parent / "LICENSE.txt")
    texts = [place.read_text(encoding="utf-8", errors="replace") for place in places if place.is_file()][:1]
    return Part("Python", version, "PSF-2.0", texts, f"pkg:generic/python@{version}")


def programs(supplies: Sequence[Supply]) -> Iterator[Part]:
    """Возвращает чужие программы, положенные в пакет."""
    for supply in supplies:
        version = re.search(r"\d+(?:\.\d+)+", supply.title)
        yield Part(supply.file, version[0] if version else "", supply.licence, [supply.source])


def _is_licence(path: str) -> bool:
    return ".dist-info/" in path.replace("\\", "/") and bool(LICENCE_FILE.match(Path(path).name))


def _component(part: Part) -> dict[str, object]:
    found: dict[str, object] = {"type": "library", "name": part.name, "version": part.version}
    if part.purl:
        found |= {"purl": part.purl, "bom-ref": part.purl}
    return {**found, "licenses": [{"license": {"name": part.licence}}]}


def _notice(part: Part) -> str:
    line = "=" * 78
    return "\n".join([line, f"{part.name} {part.version} — {part.licence}", line, *part.texts, ""])
