"""Тревоги: пороги документов → что случилось и что делать (СПЕЦ 2.6.4, ТЗ 3.3.4, 5.3 № 5, МАП 4.1, 5.1).

Правила чистые: признаки → тревоги. Людей в тексте нет: только филиалы, базы, числа и причины.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.domain.signs import DONE, FAILED, BranchSigns, NodeSigns, Signs


class Cause(StrEnum):
    """Повод тревоги."""

    HALT = "halt"
    PORTAL_AUTH = "portal_auth"
    IDENT_LOST = "ident_lost"
    NO_SUCCESS = "no_success"
    ERROR_SHARE = "error_share"
    FAILED = "failed"
    REJECTED = "rejected"
    NO_BRANCH = "no_branch"
    OUTBOX = "outbox"
    DISK = "disk"
    PAUSED = "paused"
    SETTINGS = "settings"
    FOREIGN_KEY = "foreign_key"
    PLANS_BY_DAY = "plans_by_day"


@dataclass(frozen=True, slots=True)
class Limits:
    """Пороги; умолчания — из документов."""

    error_share: float = 0.10
    share_least_errors: int = 3
    errors_per_hour: int = 10
    rejected_per_hour: int = 10
    no_branch: int = 5
    silence: timedelta = timedelta(minutes=30)
    ident_lost: timedelta = timedelta(minutes=3)
    outbox_share: float = 0.80
    outbox_capacity: int = 1000
    disk_used: float = 0.99
    pause: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Тревога: повод, заголовок, подробность, что делать, о чём она (филиал, база или пусто).

    Поступки в совете стоят в фигурных скобках: как они делаются, говорит каждый по-своему (services/advice).
    """

    cause: Cause
    title: str
    text: str
    advice: str
    subject: str = ""

    @property
    def key(self) -> str:
        """Возвращает имя тревоги: по нему она не повторяется чаще раза в час."""
        return f"{self.cause}:{self.subject}" if self.subject else str(self.cause)


#: Остановки из-за доступа к порталу: о них документы говорят отдельно (СПЕЦ 2.6.4).
AUTH_REASONS = frozenset({"unauthorized", "scope_missing", "access_denied"})


def alarms(signs: Signs, limits: Limits) -> tuple[Alarm, ...]:
    """Возвращает все тревоги, важные первыми."""
    return tuple(alarm for rule in RULES for alarm in rule(signs, limits))


def _halted(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    if signs.halt is None:
        return
    refused = signs.halt.reason in AUTH_REASONS
    title = "Портал не принимает вебхук" if refused else "Отправка на портал остановлена"
    advice = (
        "Создайте на портале новый вебхук или верните права прежнему, {set_webhook}, затем {resume}"
        if refused
        else "Устраните причину и {resume}"
    )
    text = f"{signs.halt.message}. Записи копятся в очереди, ничего не потеряно"
    yield Alarm(Cause.PORTAL_AUTH if refused else Cause.HALT, title, text, advice)


def _ident_lost(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    seen: set[str] = set()
    for branch in signs.branches:
        lost = branch.last_error and _silent_for(branch, signs) >= limits.ident_lost
        if lost and branch.database_id not in seen:
            seen.add(branch.database_id)
            names = ", ".join(b.name for b in signs.branches if b.database_id == branch.database_id)
            yield Alarm(
                Cause.IDENT_LOST,
                f"Нет связи с базой Ident {branch.database_id}",
                f"{branch.last_error}. Не обновляется: {names}; последний успех {_ago(branch, signs)}",
                "Проверьте, что сервер базы включён и виден по сети; подробнее: {inspect}",
                subject=branch.database_id,
            )


def _no_success(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    if signs.pause is not None:
        return
    for branch in signs.branches:
        if not branch.last_error and _silent_for(branch, signs) >= limits.silence:
            yield Alarm(
                Cause.NO_SUCCESS,
                f"{branch.name} не обновляется",
                f"Последняя удачная выборка {_ago(branch, signs)}",
                "Проверьте, что служба интеграции и Redis запущены: {inspect}",
                subject=branch.branch_id,
            )


def _error_share(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    errors, done = signs.events(*FAILED), signs.events(*DONE)
    total = errors + done
    if errors >= limits.share_least_errors and errors > limits.error_share * total:
        yield Alarm(
            Cause.ERROR_SHARE,
            f"Ошибок {errors / total:.0%} за час",
            f"Записей за 60 минут {total}, из них с ошибкой {errors}",
            "{see_reasons}",
        )


def _failed(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    errors = signs.events("failed")
    if errors > limits.errors_per_hour:
        yield Alarm(
            Cause.FAILED,
            f"Не отправлено записей за час: {errors}",
            f"Порог — {limits.errors_per_hour}. Записи сохранены и ждут решения",
            "{see_failed}, устраните их и верните записи в очередь",
        )


def _rejected(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    rejected = signs.events("rejected")
    if rejected > limits.rejected_per_hour:
        yield Alarm(
            Cause.REJECTED,
            f"Отклонено записей за час: {rejected}",
            f"Порог — {limits.rejected_per_hour}. В этих приёмах Ident не хватает данных или они неверны",
            "Исправьте приёмы в Ident: {see_rejected}",
        )


def _no_branch(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    count = signs.events("branch_missing", "branch_unknown")
    if count > limits.no_branch:
        yield Alarm(
            Cause.NO_BRANCH,
            f"Приёмов без филиала за час: {count}",
            f"Порог — {limits.no_branch}. На портал они ушли с филиалом «Не указан» или с именем "
            "организации, которой нет в настройках",
            "Проверьте в Ident, к какой организации относятся кабинеты и заказы; своя организация "
            "без филиала в настройках — {name_company}",
        )


def _foreign_key(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    for branch in signs.branches:
        if count := branch.events("foreign_key"):
            yield Alarm(
                Cause.FOREIGN_KEY,
                f"Чужая сделка под ключом приёма филиала {branch.name}",
                f"За час таких встреч {count}; последняя: {branch.foreign}. В неё ничего не записано и "
                "планов в ней не показано, у приёма своя сделка",
                "Спросите создателя, зачем ключ; сотрите его в сделке или удалите её. Закройте поля ключа от "
                "правки: docs/guide/administrator.md",
                subject=branch.branch_id,
            )


def _plans_by_day(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    if count := signs.events("plans_by_day_exceeded"):
        yield Alarm(
            Cause.PLANS_BY_DAY,
            "Сотрудник открыл слишком много планов за сутки",
            f"Отказано в плане сверх суточного предела за час: {count}",
            "Кто это, сказано в журнале безопасности; своему куратору поднимите plans_per_day",
        )


def _outbox(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    for branch in signs.branches:
        if branch.depth > limits.outbox_share * limits.outbox_capacity:
            yield Alarm(
                Cause.OUTBOX,
                f"Очередь филиала {branch.name} почти полна",
                f"Ждут отправки {branch.waiting}, не отправлено {branch.failed}; "
                f"очередь рассчитана на {limits.outbox_capacity}",
                "Проверьте связь с порталом и не стоит ли отправка; ничего не теряется",
                subject=branch.branch_id,
            )


def _disk(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    for node in signs.nodes:
        if node.disk_used >= limits.disk_used:
            yield Alarm(
                Cause.DISK,
                f"Диск занят на {node.disk_used:.0%}{_where(node, signs)}",
                "Журналы пишутся только о важном; синхронизация идёт, пока Redis есть куда писать",
                "Освободите место на диске службы",
                subject=_subject(node, signs),
            )


def _settings(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    for node in signs.nodes:
        if node.settings_refused:
            yield Alarm(
                Cause.SETTINGS,
                f"Новые настройки не взяты{_where(node, signs)}",
                f"Узел работает с прежними. {node.settings_refused}",
                "Исправьте файл настроек и проверьте его: {check_settings}",
                subject=_subject(node, signs),
            )


def _subject(node: NodeSigns, signs: Signs) -> str:
    """Возвращает имя узла; он один — пусто: путать не с чем."""
    return node.name if len(signs.nodes) > 1 else ""


def _where(node: NodeSigns, signs: Signs) -> str:
    return f" (узел {node.name})" if len(signs.nodes) > 1 else ""


def _paused(signs: Signs, limits: Limits) -> Iterator[Alarm]:
    if signs.pause is not None and signs.now - signs.pause.at >= limits.pause:
        minutes = (signs.now - signs.pause.at) // timedelta(minutes=1)
        yield Alarm(
            Cause.PAUSED,
            "Синхронизация стоит на паузе",
            f"Пауза длится {minutes} мин: изменения не читаются и не отправляются",
            "{unpause}, если она больше не нужна",
        )


RULES: Sequence[Callable[[Signs, Limits], Iterator[Alarm]]] = (
    _halted,
    _ident_lost,
    _no_success,
    _settings,
    _disk,
    _outbox,
    _failed,
    _error_share,
    _rejected,
    _no_branch,
    _foreign_key,
    _plans_by_day,
    _paused,
)


def _silent_for(branch: BranchSigns, signs: Signs) -> timedelta:
    """Возвращает, сколько филиал молчит; ни разу не читался — с начала наблюдения."""
    return signs.now - (branch.last_success or signs.since)


def _ago(branch: BranchSigns, signs: Signs) -> str:
    if branch.last_success is None:
        return "ещё не было"
    return f"{spell(signs.now - branch.last_success)} назад"


def spell(span: timedelta) -> str:
    """Возвращает длительность для человека: 40 с, 12 мин, 3 ч, 2 сут."""
    seconds = max(0, int(span.total_seconds()))
    for size, name in ((86400, "сут"), (3600, "ч"), (60, "мин")):
        if seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} с"


def moment_of(text: str) -> datetime | None:
    """Возвращает время из записи ISO; пусто или порча — None."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
