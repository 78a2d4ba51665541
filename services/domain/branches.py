"""Филиал записи: чей это приём и под какими ключами он мог попасть на портал (СПЕЦ 2.4.3, МАП 2.6.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.keys import RECEPTION, RecordKey
from services.domain.reception import UNKNOWN_BRANCH, Reception, branch_name
from services.domain.texts import folded


@dataclass(frozen=True, slots=True)
class BranchRule:
    """Филиал базы: номер, имя, другие его имена в Ident; ``home`` — ему достаются записи без филиала."""

    number: int
    name: str
    aliases: Sequence[str] = ()
    home: bool = False

    def is_called(self, name: str) -> bool:
        """Отвечает, называют ли так этот филиал; регистр и пробелы не важны."""
        return folded(name) in {folded(known) for known in (self.name, *self.aliases)}


@dataclass(frozen=True, slots=True)
class Owner:
    """Филиал-владелец записи и имя для UF_CRM_FILIAL; ``known`` — имя описано в настройках."""

    rule: BranchRule
    text: str
    known: bool = True


def resolve_branch(reception: Reception, branches: Sequence[BranchRule]) -> Owner:
    """Находит владельца: заказ, кабинет, иначе домашний филиал базы с «Не указан» (постановление 2)."""
    return owner_named(branch_name(reception), branches)


def owner_named(name: str, branches: Sequence[BranchRule]) -> Owner:
    """Находит владельца по имени филиала в Ident.

    Имя, не описанное в настройках, пишется как есть, а владеет записью домашний филиал базы
    (МАП 2.6.3, постановление 30).
    """
    for rule in branches:
        if rule.is_called(name):
            return Owner(rule, rule.name)
    return Owner(home_of(branches), name, known=name == UNKNOWN_BRANCH)


def home_of(branches: Sequence[BranchRule]) -> BranchRule:
    """Возвращает домашний филиал базы; единственный — домашний."""
    return next((rule for rule in branches if rule.home), branches[0])


def possible_uids(reception_id: int, branches: Sequence[BranchRule]) -> tuple[str, ...]:
    """Возвращает все ключи, которые база могла дать приёму (постановление 3)."""
    return tuple(str(RecordKey(rule.number, RECEPTION, reception_id)) for rule in branches)
