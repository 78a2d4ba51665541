"""План настройки портала: чего не хватает и каким кодом станет каждая стадия. Чистые правила.

Ничего чужого не трогает: переименованное людьми узнаётся по коду и остаётся как есть. Лишние стадии
убираются и переименовываются только в воронке, созданной этой же настройкой.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.bitrix.portal_admin import Pipeline, StageRow
from services.bitrix.portal_schema import (
    STAGE_ID_LENGTH,
    STAGES,
    WantedField,
    WantedStage,
)
from services.domain.stages import Stage

STEP = 10


class PlanError(Exception):
    """Настроить портал нельзя, пока человек не решит; текст говорит, что решить."""


@dataclass(frozen=True, slots=True)
class AddPipeline:
    """Создать воронку."""

    name: str

    def __str__(self) -> str:
        return f"создать воронку «{self.name}»"


@dataclass(frozen=True, slots=True)
class AddField:
    """Создать поле сделки."""

    field: WantedField

    def __str__(self) -> str:
        return f"создать поле {self.field.name} ({self.field.label}, {self.field.kind})"


@dataclass(frozen=True, slots=True)
class AddStage:
    """Создать стадию."""

    wanted: WantedStage
    sort: int

    def __str__(self) -> str:
        return f"создать стадию «{self.wanted.name}» ({self.wanted.code})"


@dataclass(frozen=True, slots=True)
class MoveStage:
    """Сдвинуть конечную стадию, чтобы новые рабочие встали перед ней."""

    row: StageRow
    sort: int

    def __str__(self) -> str:
        return f"сдвинуть стадию «{self.row.name}» дальше"


@dataclass(frozen=True, slots=True)
class RenameStage:
    """Назвать стадию новой воронки."""

    row: StageRow
    wanted: WantedStage

    def __str__(self) -> str:
        return f"назвать стадию «{self.row.name}» новой воронки «{self.wanted.name}»"


@dataclass(frozen=True, slots=True)
class RemoveStage:
    """Убрать лишнюю стадию новой воронки."""

    row: StageRow

    def __str__(self) -> str:
        return f"убрать лишнюю стадию «{self.row.name}» новой воронки"


StageStep = AddStage | MoveStage | RenameStage | RemoveStage
Step = AddPipeline | AddField | StageStep


def choose_pipeline(
    pipelines: Sequence[Pipeline], configured: int, is_ours: bool, name: str, chosen: int | None
) -> Pipeline | None:
    """Выбирает воронку: названную ключом, нашу из настроек, единственную с этим именем; None — создать.

    ``is_ours`` — в воронке из настроек уже стоит хоть одна наша стадия: иначе это чужая воронка.
    """
    by_id = {pipeline.category_id: pipeline for pipeline in pipelines}
    if chosen is not None:
        if chosen not in by_id:
            listed = ", ".join(f"{one.category_id} «{one.name}»" for one in pipelines)
            raise PlanError(f"Воронки {chosen} на портале нет. Есть: {listed}")
        return by_id[chosen]
    if configured in by_id and (is_ours or by_id[configured].name == name):
        return by_id[configured]
    namesakes = [pipeline for pipeline in pipelines if pipeline.name == name]
    if len(namesakes) > 1:
        listed = ", ".join(str(one.category_id) for one in namesakes)
        raise PlanError(f"Воронок с именем «{name}» несколько ({listed}): назовите нужную ключом --category")
    return namesakes[0] if namesakes else None


def plan_fields(wanted: Sequence[WantedField], existing: Mapping[str, str]) -> list[AddField]:
    """Возвращает недостающие поля; поле чужого вида — PlanError: вид поля портал не меняет."""
    wrong = [f for f in wanted if f.name in existing and existing[f.name] != f.kind]
    if wrong:
        listed = "; ".join(f"{f.name}: есть {existing[f.name]}, нужно {f.kind}" for f in wrong)
        raise PlanError(
            f"Поля другого вида: {listed}. Удалите их на портале или назовите в [portal.fields] другие"
        )
    return [AddField(field) for field in wanted if field.name not in existing]


def match_stages(
    category_id: int, existing: Sequence[StageRow], configured: Mapping[Stage, str]
) -> dict[Stage, str]:
    """Находит наши стадии среди имеющихся: по коду из настроек, по нашему коду, по имени, по группе."""
    found: dict[Stage, str] = {}
    for wanted in STAGES:
        taken = set(found.values())
        free = [r for r in existing if r.semantics == wanted.semantics and r.status_id not in taken]
        ways = _recognized(wanted, category_id, configured)
        match = next((row for fits in ways for row in free if fits(row)), None)
        if match is not None:
            found[wanted.stage] = match.status_id
    return found


def _recognized(
    wanted: WantedStage, category_id: int, configured: Mapping[Stage, str]
) -> tuple[Callable[[StageRow], bool], ...]:
    """Возвращает приметы стадии, верные первыми; успешная стадия в воронке одна."""
    return (
        lambda row: row.status_id == configured.get(wanted.stage),
        lambda row: row.status_id == wanted.status_id(category_id),
        lambda row: row.name.casefold() == wanted.name.casefold(),
        lambda row: wanted.semantics == "S",
    )


def plan_stages(
    category_id: int, existing: Sequence[StageRow], matched: Mapping[Stage, str], is_new: bool
) -> list[StageStep]:
    steps: list[StageStep] = []
    rows, known = list(existing), set(matched.values())
    if is_new:
        steps += _tidied(rows, known, matched)
        rows = [row for row in rows if not any(isinstance(s, RemoveStage) and s.row is row for s in steps)]
    renamed = {step.wanted.stage for step in steps if isinstance(step, RenameStage)}
    missing = [one for one in STAGES if one.stage not in matched and one.stage not in renamed]
    for wanted in missing:
        if len(wanted.status_id(category_id)) > STAGE_ID_LENGTH:
            raise PlanError(f"Код {wanted.status_id(category_id)} длиннее {STAGE_ID_LENGTH} знаков")
    working = [wanted for wanted in missing if not wanted.semantics]
    moves, first, step = _room(rows, len(working))
    steps += moves
    steps += [AddStage(wanted, first + step * number) for number, wanted in enumerate(working)]
    last = max([row.sort for row in rows], default=0) + STEP * (len(missing) + 1)
    finals = [wanted for wanted in missing if wanted.semantics]
    return steps + [AddStage(wanted, last + STEP * number) for number, wanted in enumerate(finals)]


def _tidied(rows: Sequence[StageRow], known: set[str], matched: Mapping[Stage, str]) -> list[StageStep]:
    """Приводит в порядок только что созданную воронку: первая стадия — запись, лишние убрать."""
    working = [row for row in rows if not row.semantics and row.status_id not in known]
    first = STAGES[0]
    steps: list[StageStep] = []
    if working and first.stage not in matched:
        steps.append(RenameStage(working[0], first))
        working = working[1:]
    steps += [
        RenameStage(row, wanted)
        for wanted in STAGES
        for row in rows
        if row.status_id == matched.get(wanted.stage) and row.name != wanted.name
    ]
    spare = [row for row in rows if row.semantics == "F" and row.status_id not in known]
    return steps + [RemoveStage(row) for row in (*working, *spare)]


def _room(rows: Sequence[StageRow], count: int) -> tuple[list[StageStep], int, int]:
    """Находит место перед успешной стадией; места нет — отодвигает конечные."""
    last = max((row.sort for row in rows if not row.semantics), default=0)
    finals = sorted((row for row in rows if row.semantics), key=lambda row: row.sort)
    if not finals or not count:
        return [], last + STEP, STEP
    gap = finals[0].sort - last
    if gap > count:
        step = max(1, gap // (count + 1))
        return [], last + step, step
    start = last + STEP * (count + 1)
    # С конца: успешная стадия не должна оказаться позже неудачных ни на миг.
    moves: list[StageStep] = [
        MoveStage(row, start + STEP * number) for number, row in reversed(list(enumerate(finals)))
    ]
    return moves, last + STEP, STEP


def stage_ids(category_id: int, matched: Mapping[Stage, str], steps: Sequence[StageStep]) -> dict[Stage, str]:
    """Возвращает коды всех стадий после выполнения шагов."""
    made = {s.wanted.stage: s.wanted.status_id(category_id) for s in steps if isinstance(s, AddStage)}
    named = {
        s.wanted.stage: s.row.status_id
        for s in steps
        if isinstance(s, RenameStage) and s.wanted.stage not in matched
    }
    every = {**matched, **named, **made}
    return {wanted.stage: every[wanted.stage] for wanted in STAGES}
