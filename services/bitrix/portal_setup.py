"""Настройка портала по плану: показать, выполнить, записать коды; повтор ничего не меняет."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.bitrix.portal_admin import Pipeline, PortalAdmin
from services.bitrix.portal_plan import (
    AddField,
    AddPipeline,
    AddStage,
    MoveStage,
    PlanError,
    RemoveStage,
    RenameStage,
    Step,
    choose_pipeline,
    match_stages,
    plan_fields,
    plan_stages,
    stage_ids,
)
from services.bitrix.portal_schema import STAGES, wanted_fields
from services.domain.errors import RetriableError, SkippableError
from services.domain.stages import Stage

if TYPE_CHECKING:
    from config.models import PortalSettings

ATTEMPTS = 4

#: Записывает в настройки номер воронки и коды стадий; False — там уже так.
Record = Callable[[int, Mapping[Stage, str]], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """План: в какой воронке, что сделать и какими станут коды стадий (пока воронки нет — неизвестно)."""

    pipeline: Pipeline | None
    steps: tuple[Step, ...]
    stages: Mapping[Stage, str]

    @property
    def is_done(self) -> bool:
        return not self.steps

    def told(self) -> list[str]:
        """Пересказывает план человеку."""
        where = f"{self.pipeline.category_id} «{self.pipeline.name}»" if self.pipeline else "будет создана"
        stages = () if self.pipeline else ("  затем привести её стадии к восьми нужным (МАП 2.5.1)",)
        steps = [f"  {step}" for step in self.steps] or ["  ничего"]
        return [f"Воронка: {where}.", "Будет сделано на портале:", *steps, *stages]


class PortalSetup:
    """Настройка одного портала."""

    def __init__(
        self,
        admin: PortalAdmin,
        settings: "PortalSettings",
        name: str,
        category_id: int | None = None,
        pause: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._admin, self._settings, self._name, self._chosen = admin, settings, name, category_id
        self._pause = pause
        self._made: int | None = None

    def check_owner(self) -> None:
        """Проверяет, что вебхук годен и принадлежит администратору; иначе PlanError или FatalError."""
        if not self._admin.owner().is_admin:
            raise PlanError(
                "Вебхук создан не администратором портала, а поля и стадии создаёт только администратор. "
                "Создайте вебхук под ним и впишите: python manage.py secrets set portal.webhook"
            )

    def plan(self) -> Plan:
        pipeline = self._pipeline()
        fields = plan_fields(wanted_fields(self._settings.field_table), self._admin.fields())
        if pipeline is None:
            return Plan(None, (AddPipeline(self._name), *fields), {})
        existing = self._admin.stages(pipeline.category_id)
        matched = match_stages(pipeline.category_id, existing, self._configured(pipeline.category_id))
        is_new = pipeline.category_id == self._made
        steps = plan_stages(pipeline.category_id, existing, matched, is_new)
        return Plan(pipeline, (*steps, *fields), stage_ids(pipeline.category_id, matched, steps))

    def run(self, record: Record) -> Iterator[str]:
        """Выполняет план и рассказывает о каждом шаге; неясный исход шага — прочесть портал заново.

        Номер воронки записывается сразу после её создания: прерванная настройка продолжится с того же места.
        """
        failures = 0
        while not (plan := self.plan()).is_done:
            try:
                yield from self._performed(plan, record)
            except (RetriableError, SkippableError) as error:
                failures += 1
                if failures >= ATTEMPTS or isinstance(error, SkippableError):
                    raise
                yield f"портал ответил неясно ({error}), смотрю, что получилось"
                self._pause(error.retry_after or 1.0)
        assert plan.pipeline is not None
        if record(plan.pipeline.category_id, plan.stages):
            yield "записано в настройки: номер воронки и коды стадий"

    def _performed(self, plan: Plan, record: Record) -> Iterator[str]:
        for step in plan.steps:
            self._perform(step, plan.pipeline)
            yield str(step)
            if isinstance(step, AddPipeline) and self._made is not None:
                record(self._made, {})
                return  # стадии новой воронки ещё надо прочесть

    def _perform(self, step: Step, pipeline: Pipeline | None) -> None:
        admin, category_id = self._admin, pipeline.category_id if pipeline else 0
        match step:
            case AddPipeline(name):
                self._made = admin.add_pipeline(name)
            case AddField(field):
                admin.add_field(field)
            case AddStage(wanted, sort):
                admin.add_stage(wanted, category_id, sort)
            case MoveStage(row, sort):
                admin.change_stage(row.row_id, SORT=sort)
            case RenameStage(row, wanted):
                admin.change_stage(row.row_id, NAME=wanted.name, COLOR=wanted.color)
            case RemoveStage(row):
                admin.remove_stage(row.row_id)

    def _pipeline(self) -> Pipeline | None:
        pipelines = self._admin.pipelines()
        configured = self._settings.category_id
        known = any(one.category_id == configured for one in pipelines)
        chosen = self._made if self._made is not None else self._chosen
        return choose_pipeline(pipelines, configured, known and self._is_ours(configured), self._name, chosen)

    def _is_ours(self, category_id: int) -> bool:
        """Отвечает, стоит ли в воронке хоть одна наша рабочая стадия."""
        existing = {row.status_id for row in self._admin.stages(category_id) if not row.semantics}
        ours = {wanted.status_id(category_id) for wanted in STAGES}
        return bool(existing & (ours | set(self._configured(category_id).values())))

    def _configured(self, category_id: int) -> Mapping[Stage, str]:
        """Возвращает коды стадий из настроек, если они для этой воронки."""
        prefix = f"C{category_id}:" if category_id else ""
        return {stage: code for stage, code in self._settings.stages.items() if code.startswith(prefix)}
