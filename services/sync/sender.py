"""Отправка записи: взять, перечитать, решить, доставить; одна на все ленты (ADR 0003, docs/at_least_once.md).

Взятая запись — единственный замок: второй отправляющий её не возьмёт, под каким бы ключом она ни шла. Неясный
ответ портала — состояние записи: созданное ищут рано и снова с растущими паузами, а создают заново, только
когда портал заведомо доделал (design, решение 8).
"""

from datetime import datetime, timedelta

from services.domain.absence import REASON
from services.domain.errors import FatalError, RetriableError, SkippableError, StoreError
from services.domain.fingerprint import failed_mark
from services.domain.judgement import Foreign, Ready, Refused
from services.domain.keys import parse_key
from services.domain.outbox import Claim, Doubt, Halt, Link, Permit, Unclear
from services.domain.retries import GiveUp, plan_retry
from services.store.outbox import WORKER_LOST
from services.sync.feed import Attempt, Busy, InDoubt, Outcome, PortalRests, Work
from services.sync.intake import Intake

#: Когда смотреть, чем кончилось неясное создание; дальше — раз в полминуты, пока не настанет срок создавать.
LOOKS = tuple(timedelta(seconds=seconds) for seconds in (3, 5, 10, 20, 30))
#: Сколько занятый телефон отпускает запись.
BUSY_PAUSE = timedelta(seconds=3)
#: Столько аренд подряд теряет запись, на которой погибает узел.
MOST_LOSSES = 5


class Postponed(RetriableError):
    """Запись отложена в очереди; ``retry_after`` — секунды до повтора."""


class ReceptionMissing(RetriableError):
    """Запись не прочлась: чтение без блокировок могло её пропустить, вторая попытка решит."""


class Sender:
    """Отправка записей одной ленты; повтор в любом месте безвреден."""

    def __init__(self, intake: Intake, work: Work) -> None:
        self._intake, self._feed, self._work = intake, intake.feed, work
        self._store, self._clock, self._journal = work.store, work.clock, work.journal
        self._branch_id = intake.feed.rules.branch_id

    def run(self, uid: str) -> Outcome:
        """Отправляет запись, если её время пришло; Postponed — повторить через ``retry_after``."""
        started, lease = self._clock.now(), self._work.settings.sync.lease
        waited = self._work.waited()
        claim = self._store.outbox.claim(uid, started, lease)
        if claim is None:
            return Outcome.NOT_DUE
        if claim.losses >= MOST_LOSSES:
            return self._fail(claim, WORKER_LOST, f"аренда потеряна {claim.losses} раз подряд: узел погибал")
        if (wait := self._closed_for(started)) is not None:
            return self._hand_back(claim, wait)
        with self._work.keeper.keeping(Permit(claim)):
            return self._guarded(claim, started, waited)

    def _closed_for(self, now: datetime) -> timedelta | None:
        """Возвращает, сколько ждать отправке; пробы не берёт: портал, может, и не понадобится."""
        gate = self._store.gate
        if gate.shut():
            return self._work.settings.sync.hint_timeout
        return gate.blocked_for(now)

    def _guarded(self, claim: Claim, started: datetime, waited: float) -> Outcome:
        try:
            outcome = self._judged(claim, started)
        except StoreError as error:
            # Очередь недоступна: записать исход некуда, запись вернётся, когда кончится аренда.
            self._journal.warning("outcome_not_kept", reception=claim.uid, error=str(error))
            raise
        except RetriableError as error:
            return self._postpone(claim, error)
        except FatalError as error:
            return self._halt(claim, error)
        except SkippableError as error:
            return self._fail(claim, error.reason, str(error))
        except Exception as error:
            # Ошибка программы не должна ни зациклить запись, ни потерять её: она видна в failed.
            self._fail(claim, "bug", f"ошибка программы: {type(error).__name__}")
            raise
        self._count(outcome, started, self._work.waited() - waited)
        return outcome

    def _judged(self, claim: Claim, now: datetime) -> Outcome:
        """Перечитывает запись и решает её судьбу: отправляется всегда свежее (ADR 0003)."""
        uid, key = claim.uid, parse_key(claim.uid)
        link = self._store.links.get([uid]).get(uid)
        verdict = self._intake.verdict(key.number, now)
        if verdict is None:
            return self._absent(claim, key.number, link)
        if claim.doubt and (claim.doubt.what is Unclear.WRITE or not isinstance(verdict, Ready)):
            raise InDoubt("портал, может быть, ещё выполняет прежний запрос")
        match verdict:
            case Refused() as refused:
                self._intake.refuse(uid, refused, link, now)
                return self._settled(claim, Outcome.REJECTED)
            case Foreign():
                self._store.links.accept([uid])
                return self._settled(claim, Outcome.FOREIGN)
            case Ready() as ready:
                attempt = Attempt(key, claim, ready, link)
                if attempt.known_deal is not None and link == Link(ready.fingerprint, attempt.known_deal):
                    return self._settled(claim, Outcome.UNCHANGED)
                return self._delivered(attempt)

    def _absent(self, claim: Claim, number: int, link: Link | None) -> Outcome:
        """Отменяет сделку приёма, удалённого в Ident, если так велено и пропажу видели дважды."""
        since = self._store.links.absent(self._branch_id).get(number)
        sure = since is not None and self._clock.now() - since >= self._work.settings.sync.interval
        cancels = self._work.settings.rules.deleted_receptions == "cancel"
        if not (cancels and sure and link is not None and link.deal_id is not None):
            raise _missing(claim)
        self._feed.cancel(claim, link.deal_id)
        self._store.links.save(claim.uid, Link(REASON, link.deal_id), self._clock.now())
        return self._settled(claim, Outcome.UPDATED)

    def _delivered(self, attempt: Attempt) -> Outcome:
        """Доставляет годную запись и помнит доставленное; отказ портала помнит тоже."""
        self._tell(attempt)
        gate, fingerprint = self._store.gate, attempt.ready.fingerprint
        if (wait := gate.retry_in(self._clock.now())) is not None:
            raise PortalRests("портал отдыхает", wait.total_seconds())
        try:
            delivered = self._feed.deliver(attempt)
        except SkippableError:
            self._remember_refusal(attempt)
            gate.succeeded(self._clock.now())
            raise
        except (RetriableError, FatalError) as error:
            if not getattr(error, "outage", False):
                gate.give_back(self._clock.now())
            raise
        except Exception:
            self._remember_refusal(attempt)
            gate.give_back(self._clock.now())
            raise
        now = self._clock.now()
        self._store.links.save(attempt.uid, Link(fingerprint, delivered.deal_id), now)
        self._store.links.accept([attempt.uid])
        gate.succeeded(now)
        return self._settled(attempt.claim, delivered.outcome)

    def _settled(self, claim: Claim, outcome: Outcome) -> Outcome:
        self._store.outbox.complete(claim, self._clock.now())
        return outcome

    def _remember_refusal(self, attempt: Attempt) -> None:
        """Помнит отказанное состояние: выборка не поставит его снова, пока запись не изменится."""
        known = self._store.links.get([attempt.uid]).get(attempt.uid)
        mark = failed_mark(attempt.ready.fingerprint)
        link = Link(mark, known.deal_id if known else None)
        self._store.links.save(attempt.uid, link, self._clock.now())

    def _tell(self, attempt: Attempt) -> None:
        """Записывает предупреждения (WARNING, со счётом) и заметки (INFO) о годной записи (МАП 5.1, 5.2)."""
        if attempt.claim.attempts or attempt.claim.doubt:
            return  # сказано в первый раз
        for warning in attempt.ready.warnings:
            self._journal.warning(warning.reason, reception=attempt.uid, message=warning.message)
            self._store.stats.count(self._branch_id, warning.reason, self._clock.now())
        for note in attempt.ready.notes:
            self._journal.info(note.reason, reception=attempt.uid, message=note.message)

    def _count(self, outcome: Outcome, started: datetime, waited: float) -> None:
        """Считает исход и время: работу отдельно, ожидание предела портала отдельно (постановление 34)."""
        now, counted = self._clock.now(), self._feed.counted
        amounts: dict[str, float] = {}
        if outcome is not Outcome.REJECTED:  # отклонённую уже сосчитала приёмка
            amounts[f"{counted}{outcome}"] = 1
        if not counted:
            working = max((now - started).total_seconds() - waited, 0.0)
            amounts |= {"seconds": working, "waited": waited, "timed": 1}
        if amounts:
            self._store.stats.add(self._branch_id, amounts, now)

    def _hand_back(self, claim: Claim, wait: timedelta) -> Outcome:
        """Возвращает запись, не считая попытки: слать сейчас нельзя или незачем."""
        self._store.outbox.release(claim, self._clock.now() + wait)
        return Outcome.HALTED

    def _postpone(self, claim: Claim, error: RetriableError) -> Outcome:
        """Откладывает повтор по расписанию семейства или сдаёт запись администратору (СПЕЦ 3.3.2)."""
        match error:
            case Busy():
                return self._again(claim, BUSY_PAUSE, error)
            case InDoubt():
                return self._look_later(claim, error)
        if not error.attempted:
            return self._hand_back(claim, timedelta(seconds=error.retry_after or 0))
        now, settings = self._clock.now(), self._work.settings
        if error.outage and self._store.gate.broke(now):
            self._journal.warning("portal_resting", error=str(error))
        uncertainty = settings.portal.uncertainty
        plan = plan_retry(error, claim.attempts, settings.retries.schedules, uncertainty)
        delay = uncertainty if isinstance(plan, GiveUp) else plan.delay
        if error.unclear:
            doubt = Doubt(Unclear(error.creation or Unclear.WRITE), now + delay)
            claim = self._store.outbox.doubt(claim, doubt)
            delay = min(delay, LOOKS[0]) if error.creation else delay
        if isinstance(plan, GiveUp):
            return self._fail(claim, error.family, str(error))
        self._store.outbox.postpone(claim, now + delay, error.family, str(error))
        self._store.stats.count(self._branch_id, "retried", now)
        self._journal.warning("upsert_postponed", reception=claim.uid, error=str(error), retry_in=delay)
        raise Postponed(str(error), delay.total_seconds()) from None

    def _look_later(self, claim: Claim, error: InDoubt) -> Outcome:
        """Назначает следующий взгляд на портал: созданное ищут с растущими паузами, запись — пережидают."""
        assert claim.doubt is not None
        doubt, now = claim.doubt, self._clock.now()
        pause = LOOKS[min(doubt.looks + 1, len(LOOKS) - 1)]
        if doubt.what is Unclear.WRITE:
            pause = doubt.until - now
        claim = self._store.outbox.doubt(claim, Doubt(doubt.what, doubt.until, doubt.looks + 1))
        return self._again(claim, min(pause, max(doubt.until - now, timedelta())), error)

    def _again(self, claim: Claim, pause: timedelta, error: RetriableError) -> Outcome:
        due_at = self._clock.now() + pause
        self._store.outbox.release(claim, due_at, due_at)
        raise Postponed(str(error), pause.total_seconds()) from None

    def _fail(self, claim: Claim, reason: str, message: str) -> Outcome:
        now = self._clock.now()
        self._store.outbox.fail(claim, now, reason, message)
        self._store.stats.count(self._branch_id, "failed", now)
        self._journal.error("upsert_failed", reception=claim.uid, reason=reason, error=message)
        return Outcome.FAILED

    def _halt(self, claim: Claim, error: FatalError) -> Outcome:
        """Останавливает отправку: всё остаётся в очереди до ``portal resume`` (СПЕЦ 3.3.2)."""
        now = self._clock.now()
        self._store.gate.halt(Halt(error.reason, str(error), now))
        self._journal.error("sending_halted", reason=error.reason, error=str(error))
        return self._hand_back(claim, self._work.settings.sync.hint_timeout)


def refuse_stranger(work: Work, uid: str, error: SkippableError) -> Outcome:
    """Сдаёт администратору запись, которую вести некому: ключ испорчен или её вида нет в настройках."""
    now = work.clock.now()
    claim = work.store.outbox.claim(uid, now, work.settings.sync.lease)
    if claim is None:
        return Outcome.NOT_DUE
    work.store.outbox.fail(claim, now, error.reason, str(error))
    work.journal.error("upsert_failed", reception=uid, reason=error.reason, error=str(error))
    return Outcome.FAILED


def _missing(claim: Claim) -> Exception:
    if claim.attempts == 0:
        return ReceptionMissing("запись не прочлась из базы Ident")
    return SkippableError("записи больше нет в базе Ident", "reception_missing")
