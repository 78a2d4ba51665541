"""Почему с приёмом вышло так: слово каждого правила с пунктом ТЗ; сами правила — те же, что у доставки."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.domain.branches import resolve_branch
from services.domain.judgement import Ready, Refused, Rules, Verdict
from services.domain.plan import plan_progress
from services.domain.reception import Reception, branch_name
from services.domain.services_list import MAX_AMOUNT, total_amount
from services.domain.stages import (
    TITLES,
    SetStage,
    StageTable,
    is_consultation,
    move_stage,
    ruling,
)
from services.domain.texts import line


class Tone(StrEnum):
    """Как правило отозвалось: пропустило, заметило, остановило."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Fact:
    """Слово правила: о чём, что сказано, пункт ТЗ; людей в нём нет."""

    rule: str
    told: str
    paragraph: str
    tone: Tone = Tone.GOOD


def facts(reception: Reception, rules: Rules, verdict: Verdict) -> tuple[Fact, ...]:
    """Возвращает слово каждого правила о приёме: филиал, проверка, услуги, сумма, план, стадия."""
    return (
        _branch(reception, rules),
        *checks(verdict),
        _services(reception),
        _amount(reception),
        _plan(reception),
        _stage(reception),
    )


def checks(verdict: Verdict) -> Iterator[Fact]:
    """Выдаёт слово проверки: за что запись отклонена или на что взглянуть (МАП 4, 5)."""
    if isinstance(verdict, Refused):
        for found in verdict.violations:
            yield Fact("Проверка", found.message, found.paragraph, Tone.BAD)
    elif isinstance(verdict, Ready):
        yield Fact("Проверка", "обязательные поля заполнены, телефон, даты и сумма верны", "МАП 4.1–4.3")
        for found in verdict.warnings:
            yield Fact("Проверка", found.message, found.paragraph, Tone.NOTE)


def movement(current_id: str, reception: Reception, table: StageTable, cancel_moves_manual: bool) -> Fact:
    """Возвращает, перейдёт ли сделка на положенную стадию и почему (МАП 2.5.4)."""
    ruled, now = ruling(reception), named(current_id, table)
    move = move_stage(current_id, ruled.stage, table, cancel_moves_manual)
    if isinstance(move, SetStage):
        return Fact("Движение", f"{now} → «{TITLES[move.stage]}»: {ruled.because}", "МАП 2.5.4")
    tone = Tone.GOOD if table.stage_of(current_id) is ruled.stage else Tone.NOTE
    return Fact("Движение", f"сделка остаётся на {now}: {move.reason}", move.paragraph, tone)


def named(stage_id: str, table: StageTable) -> str:
    """Возвращает имя стадии по её коду на портале; чужая — кодом."""
    stage = table.stage_of(stage_id)
    return f"«{TITLES[stage]}»" if stage is not None else f"стадии {stage_id}"


def _branch(reception: Reception, rules: Rules) -> Fact:
    owner = resolve_branch(reception, rules.neighbours)
    origin = (
        "из заказа"
        if line(reception.order_branch)
        else "по кабинету: в заказе его нет"
        if line(reception.armchair_branch)
        else "его нет ни в заказе, ни у кабинета"
    )
    told = f"«{branch_name(reception)}» ({origin}); запись ведёт F{owner.rule.number} «{owner.rule.name}»"
    own = owner.known and owner.rule.number == rules.number
    return Fact("Филиал", told, "СПЕЦ 2.4.3, МАП 2.6.3", Tone.GOOD if own else Tone.NOTE)


def _services(reception: Reception) -> Fact:
    count = sum(1 for item in reception.lines if line(item.service))
    if not count:
        return Fact("Услуги", "услуг нет: поле пустое, сумма 0", "МАП 5.2", Tone.NOTE)
    kind = "консультация среди них есть" if is_consultation(reception) else "консультации среди них нет"
    return Fact("Услуги", f"строк заказа {count}, {kind}", "МАП 2.6.5, 2.5.2")


def _amount(reception: Reception) -> Fact:
    total = total_amount(reception.lines)
    told = f"{total:,.2f}".replace(",", " ").replace(".", ",")
    if total > MAX_AMOUNT:
        return Fact("Сумма", f"{told} руб. — больше предела", "МАП 4.2.3", Tone.BAD)
    if total < 0:
        return Fact("Сумма", f"{told} руб. — отрицательная, пишется 0", "МАП 2.6.6", Tone.NOTE)
    return Fact("Сумма", f"{told} руб.", "МАП 2.6.6")


def _plan(reception: Reception) -> Fact:
    lines = reception.plan_lines
    if not lines:
        return Fact("План лечения", "связанных планов нет", "МАП 2.5.2, приоритет 3")
    plans, done = len({one.plan_id for one in lines}), sum(one.done and one.paid for one in lines)
    told = f"планов {plans}, строк {len(lines)}, выполнено и оплачено {done}"
    told += {"completed": " — выполнено всё", "active": " — ещё не всё"}[plan_progress(lines)]
    ignored = reception.canceled_at is not None or is_consultation(reception)
    return Fact("План лечения", told + ("; стадию решает не он" if ignored else ""), "МАП 2.5.2, приоритет 3")


def _stage(reception: Reception) -> Fact:
    ruled = ruling(reception)
    told = f"положена «{TITLES[ruled.stage]}»: {ruled.because}"
    return Fact("Стадия", told, f"МАП 2.5.2, приоритет {ruled.priority}")
