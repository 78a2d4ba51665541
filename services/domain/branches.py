"""Филиал записи: чей это приём и под какими ключами он мог попасть на портал (СПЕЦ 2.4.3, МАП 2.6.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.errors import SkippableError
from services.domain.reception import UNKNOWN_BRANCH, Reception, ReceptionUid, branch_name


class UnknownBranch(SkippableError):
    """Имя филиала в Ident не описано в настройках."""

    def __init__(self, name: str) -> None:
        message = f"Филиал «{name}» не описан в настройках: добавьте его в [[branches]] или в aliases филиала"
        super().__init__(message, "branch_unknown")
        self.name = name

    def __reduce__(self) -> tuple[type["UnknownBranch"], tuple[str]]:
        return type(self), (self.name,)


@dataclass(frozen=True, slots=True)
class BranchRule:
    """Филиал базы: номер, имя, другие его имена в Ident; ``home`` — ему достаются записи без филиала."""

    number: int
    name: str
    aliases: Sequence[str] = ()
    home: bool = False

    def is_called(self, name: str) -> bool:
        """Отвечает, называют ли так этот филиал; регистр и пробелы не важны."""
        return _folded(name) in {_folded(known) for known in (self.name, *self.aliases)}


@dataclass(frozen=True, slots=True)
class Owner:
    """Филиал-владелец записи и имя для UF_CRM_FILIAL."""

    rule: BranchRule
    text: str


def resolve_branch(reception: Reception, branches: Sequence[BranchRule]) -> Owner:
    """Находит владельца: заказ, кабинет, иначе домашний филиал базы с «Не указан» (постановление 2)."""
    return owner_named(branch_name(reception), branches)


def owner_named(name: str, branches: Sequence[BranchRule]) -> Owner:
    """Находит владельца по имени филиала в Ident; неизвестное имя — UnknownBranch."""
    if name == UNKNOWN_BRANCH:
        return Owner(home_of(branches), UNKNOWN_BRANCH)
    for rule in branches:
        if rule.is_called(name):
            return Owner(rule, rule.name)
    raise UnknownBranch(name)


def home_of(branches: Sequence[BranchRule]) -> BranchRule:
    """Возвращает домашний филиал базы; единственный — домашний."""
    return next((rule for rule in branches if rule.home), branches[0])


def possible_uids(reception_id: int, branches: Sequence[BranchRule]) -> tuple[str, ...]:
    """Возвращает все ключи, которые база могла дать приёму (постановление 3)."""
    return tuple(str(ReceptionUid(rule.number, reception_id)) for rule in branches)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
