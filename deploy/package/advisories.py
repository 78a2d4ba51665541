"""Сверка состава пакета с известными уязвимостями по архиву OSV: сети у сборки нет, архив приносят."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from packaging.utils import canonicalize_name
from packaging.version import Version

from deploy.package.bill import Part
from deploy.package.bundle import BuildError

PYPI = "PyPI"
NOT_CHECKED = (
    "ВНИМАНИЕ: состав с известными уязвимостями НЕ СВЕРЕН: не назван архив OSV (PyPI/all.zip с osv.dev); "
    "ключ --advisories."
)


@dataclass(frozen=True, slots=True)
class Advisories:
    """Что известно: день новейшего сообщения и строки о частях пакета."""

    as_of: str
    found: Sequence[str]


def known(parts: Iterable[Part], dump: Path) -> Advisories:
    """Ищет части пакета среди сообщений архива; архив не читается — BuildError."""
    mine: dict[str, Version] = {
        canonicalize_name(part.name): Version(part.version) for part in parts if ":pypi/" in part.purl
    }
    found: list[str] = []
    days = [""]
    try:
        with ZipFile(dump) as archive:
            for name in archive.namelist():
                record = json.loads(archive.read(name))
                days.append(str(record.get("modified", ""))[:10])
                found += _told(record, mine)
    except (OSError, BadZipFile, ValueError) as error:
        raise BuildError(f"Архив уязвимостей {dump} не читается: {type(error).__name__}") from None
    return Advisories(max(days), sorted(set(found)))


def _told(record: Mapping[str, Any], mine: Mapping[str, Version]) -> Iterator[str]:
    """Возвращает строки о наших частях; отозванное сообщение — ничего."""
    for affected in () if "withdrawn" in record else record.get("affected", ()):
        package = affected.get("package", {})
        name = canonicalize_name(str(package.get("name", "")))
        if package.get("ecosystem") == PYPI and name in mine and _touches(affected, mine[name]):
            yield f"{name} {mine[name]}: {record['id']} {record.get('summary', '')}".rstrip()


def _touches(affected: Mapping[str, Any], version: Version) -> bool:
    ranges = [one["events"] for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM"]
    return str(version) in affected.get("versions", ()) or any(_within(events, version) for events in ranges)


def _within(events: Iterable[Mapping[str, str]], version: Version) -> bool:
    """Отвечает, попала ли версия в промежутки: от introduced до fixed или по last_affected."""
    inside = False
    for event in events:
        if "introduced" in event and version >= Version(event["introduced"]):
            inside = True
        if "fixed" in event and version >= Version(event["fixed"]):
            inside = False
        if "last_affected" in event and version > Version(event["last_affected"]):
            inside = False
    return inside
