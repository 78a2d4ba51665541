"""Кому какие документы: порядок меню и начальной страницы сайта."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Role:
    """Читатель: как зовём, что он найдёт, его документы по порядку."""

    title: str
    text: str
    pages: tuple[str, ...]


ROLES = (
    Role(
        "Администратору",
        "Поставить, настроить, следить, чинить, обновлять.",
        (
            "docs/guide/administrator.md",
            "docs/guide/troubleshooting.md",
            "docs/guide/maintenance.md",
            "docs/monitoring.md",
            "docs/alerts.md",
            "docs/doctor.md",
            "docs/lan_access.md",
            "docs/cluster.md",
            "docs/configuration.md",
            "docs/ident.md",
            "docs/security.md",
        ),
    ),
    Role("Куратору", "Сделки, стадии и план лечения на портале.", ("docs/guide/curator.md",)),
    Role(
        "Разработчику",
        "Как устроено, чем доказано, как продолжить.",
        (
            "README.md",
            "docs/architecture.md",
            "docs/mapping.md",
            "docs/at_least_once.md",
            "docs/reliability.md",
            "docs/traceability.md",
            "docs/protocol.md",
            "docs/package.md",
            "docs/api.md",
            "docs/extending.md",
            "docs/glossary.md",
            "docs/decisions/README.md",
            "CHANGELOG.md",
        ),
    ),
)


def title_of(root: Path, path: str) -> str:
    """Возвращает заголовок документа; README зовётся словом «Обзор»."""
    if path == "README.md":
        return "Обзор"
    with (root / path).open(encoding="utf-8") as lines:
        return next((line[2:].strip() for line in lines if line.startswith("# ")), path)
