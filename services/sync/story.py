"""История одной записи: что в Ident, что решили правила, что на портале, что будет дальше; ничего не пишет.

Читается вживую и нигде не хранится; люди — только закрытыми (СПЕЦ 3.4.1).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast

from services.domain.alarms import spell
from services.domain.branches import resolve_branch
from services.domain.crm import Deal, Found
from services.domain.errors import SyncError
from services.domain.fingerprint import failed_mark
from services.domain.judgement import Foreign, Ready, Refused, Verdict, judged
from services.domain.keys import RECEPTION, RecordKey, parse_key
from services.domain.mapping import PERSONAL, DealDraft, update_fields
from services.domain.outbox import Entry, EntryState, Link
from services.domain.phones import Phone, phone_in
from services.domain.reasons import reason_of
from services.domain.reception import Reception, status_of
from services.domain.stages import TITLES, move_stage, ruling
from services.domain.story import Fact, Tone, checks, facts, movement
from services.domain.texts import line
from services.ports import Crm
from services.sync.feed import Feed, Work, is_stale
from services.sync.ownership import DealOwnership
from services.sync.preview import moment_in, same_value, shown
from services.sync.receptions import ReceptionFeed


@dataclass(frozen=True, slots=True)
class Step:
    """Что будет дальше и что сделать человеку; поступки в скобках называет services/advice."""

    told: str
    advice: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """Поле сделки: что в Ident, что на портале, почему они разошлись; равные — пусто."""

    field: str
    ident: str
    portal: str
    note: str = ""


@dataclass(slots=True, repr=False)
class Story:
    """История записи; ``trouble`` — чего не удалось спросить.

    ``unproven`` — сделку нашли лишь по ключу: узел её не помнит, а телефона, чтобы доказать, у приёма нет.
    """

    uid: str
    branch: str
    held: Sequence[tuple[str, str]] = ()
    facts: list[Fact] = field(default_factory=list)
    deal_id: int | None = None
    unproven: bool = False
    rows: Sequence[Row] = ()
    next: Sequence[Step] = ()
    trouble: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Hit:
    """Найденная запись: ключ и по какому номеру она нашлась."""

    uid: str
    via: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Прочитанное о записи: строка Ident, приговор правил, память и сделка."""

    key: RecordKey
    row: Any
    verdict: Verdict | None
    link: Link | None
    entry: Entry | None
    deal: Deal | None = None
    asked: bool = False


class Teller:
    """Рассказчик: спрашивает Ident, портал и Redis о записях одной ленты."""

    def __init__(self, feed: Feed, work: Work, crm: Crm) -> None:
        self._feed, self._work, self._crm = feed, work, crm
        self._portal, self._rules = work.settings.portal, work.settings.rules

    def tell(self, uid: str) -> Story:
        """Рассказывает о записи; нет Redis — StoreError, остальное неспрошенное названо в ``trouble``."""
        key, store = parse_key(uid), self._work.store
        story = Story(uid, self._work.settings.branch(key.branch_id).name)
        link, entry = store.links.get([uid]).get(uid), store.outbox.entry(uid)
        row, verdict, asked = self._read(key.number, story)
        reading = Reading(key, row, verdict, link, entry)
        story.deal_id = link.deal_id if link is not None else None
        if isinstance(row, Reception):
            story.held = held(row)
            story.facts += facts(row, self._feed.rules, verdict or Foreign())
        elif verdict is not None:
            story.facts += checks(verdict)
        elif asked:
            told = "в базе Ident такой записи нет" + (": она удалена" if story.deal_id else "")
            story.facts.append(Fact("Ident", told, "постановление 32", Tone.BAD))
        if isinstance(self._feed, ReceptionFeed) and not isinstance(verdict, Foreign):
            reading = self._with_deal(story, reading)
        story.next = list(self._next(reading, asked))
        return story

    def _read(self, number: int, story: Story) -> tuple[Any, Verdict | None, bool]:
        try:
            row = self._feed.read([number]).get(number)
        except SyncError as error:
            story.trouble.append(f"База Ident не ответила: {error}")
            return None, None, False
        now = self._work.clock.now()
        verdict = judged(partial(self._feed.judge, number, row, now)) if row is not None else None
        return row, verdict, True

    # --- портал ---

    def _with_deal(self, story: Story, reading: Reading) -> Reading:
        """Находит сделку так же, как доставка, и сравнивает поля; портал молчит — говорит об этом."""
        feed, row = cast(ReceptionFeed, self._feed), reading.row
        phone = phone_in(row.phone) if isinstance(row, Reception) else None
        remembered = reading.link.deal_id if reading.link is not None else None
        try:
            found = self._crm.find(feed.uids(reading.key.number), phone)
            own = self._own(found, phone, remembered)
            names = [*self._portal.field_table.names.values()]
            current = self._crm.read_deals([own.deal_id], names).get(own.deal_id, {}) if own else {}
        except SyncError as error:
            story.trouble.append(f"Портал не ответил: {error}")
            return reading
        story.deal_id = own.deal_id if own is not None else None
        story.unproven = own is not None and phone is None and remembered is None
        story.facts += self._whose(story, found, phone)
        if isinstance(row, Reception):
            story.facts.append(self._moved(row, reading.verdict, own))
        if isinstance(reading.verdict, Ready):
            ready = cast("Ready[DealDraft]", reading.verdict)
            story.rows = list(self._rows(ready, own, current, is_stale(reading.link, ready.fingerprint)))
        return Reading(reading.key, row, reading.verdict, reading.link, reading.entry, own, asked=True)

    def _own(self, found: Found, phone: Phone | None, remembered: int | None) -> Deal | None:
        """Возвращает сделку записи; доказать её нечем — старшую из созданных нашим вебхуком."""
        if phone is not None or remembered is not None:
            return DealOwnership(self._work, self._crm, self._feed.rules.branch_id).own(found, remembered)
        ours = (deal for deal in found.deals if deal.created_by in self._portal.webhook_users)
        return min(ours, key=lambda deal: deal.deal_id, default=None)

    def _whose(self, story: Story, found: Found, phone: Phone | None) -> Iterator[Fact]:
        if story.unproven:
            told = f"сделка {story.deal_id} найдена по ключу, не доказано: узел её не помнит, телефона нет"
            yield Fact("Чья сделка", told, "постановление 36", Tone.NOTE)
        for deal in found.deals:
            stranger = phone is not None or deal.created_by not in self._portal.webhook_users
            if stranger and deal.deal_id != story.deal_id:
                who = deal.created_by or "неизвестный"
                told = f"сделка {deal.deal_id} с этим ключом чужая: её создал сотрудник {who}"
                yield Fact("Чья сделка", told, "постановление 36", Tone.BAD)

    def _moved(self, row: Reception, verdict: Verdict | None, own: Deal | None) -> Fact:
        stages = self._portal.stage_table
        if own is None:
            told = f"сделки нет: создастся на «{TITLES[ruling(row).stage]}»"
            if isinstance(verdict, Refused):
                told = "сделки нет и не будет, пока запись отклонена"
            return Fact("Движение", told, "МАП 2.3.1")
        fact = movement(own.stage_id, row, stages, self._rules.cancel_moves_manual_stage)
        if isinstance(verdict, Refused):
            told = "запись отклонена и не отправляется: сделка стоит, где стояла"
            return Fact(fact.rule, told, "МАП 4.1", Tone.BAD)
        return fact

    def _rows(
        self, ready: "Ready[DealDraft]", own: Deal | None, current: Mapping[str, object], stale: bool
    ) -> Iterator[Row]:
        """Выдаёт поля рядом; разошедшиеся объясняет: уйдут, первоначальные, поправлены на портале."""
        table, draft = self._portal.field_table, ready.draft
        stages, immutable = self._portal.stage_table, self._rules.immutable_fields
        if own is not None:
            move = move_stage(own.stage_id, draft.target, stages, self._rules.cancel_moves_manual_stage)
            written = update_fields(draft, table, immutable, move)
        for name, value in draft.values.items():
            before, hide = current.get(table[name]), name in PERSONAL
            if same_value(before, value):
                note = ""
            elif own is not None and table[name] not in written:
                note = "первоначальное, не обновляется (МАП 2.3.4)"
            elif own is None or stale:
                note = "запишется"
            else:
                note = "поправлено на портале: запишется с переменой в Ident"
            yield Row(name, self._told(value, hide), self._told(before, hide), note)

    def _told(self, value: object, hide: bool) -> str:
        """Возвращает значение для человека: время — по часам клиники."""
        moment = moment_in(value)
        if moment is None:
            return shown(value, hide)
        return f"{moment.astimezone(self._rules.zone):%d.%m.%Y %H:%M:%S}"

    # --- что дальше ---

    def _next(self, reading: Reading, asked: bool) -> Iterator[Step]:
        now, gate = self._work.clock.now(), self._work.store.gate
        if (since := gate.paused()) is not None:
            yield Step(f"С {self._at(since)} стоит пауза: ничего не читается и не отправляется", "{unpause}")
        if (halt := gate.halted()) is not None:
            yield Step(f"Отправка остановлена: {halt.message}", "Устраните причину и {resume}")
        elif (wait := gate.blocked_for(now)) is not None:
            yield Step(f"Портал не отвечает: отправка молчит ещё {spell(wait)}, очередь цела")
        if reading.entry is not None:
            yield self._queued(reading.entry)
        elif asked:
            yield self._unqueued(reading)

    def _queued(self, entry: Entry) -> Step:
        due, tried = self._at(entry.due_at), f"попыток было {entry.attempts}"
        match entry.state:
            case EntryState.PENDING:
                return Step(f"В очереди с {self._at(entry.queued_at)}: уйдёт, как только узел её возьмёт")
            case EntryState.IN_FLIGHT:
                return Step("Отправляется прямо сейчас")
            case EntryState.DOUBT:
                return Step(f"Исход прошлой попытки неясен: в {due} посмотрим, сделал ли её портал ({tried})")
            case EntryState.RETRY:
                title = reason_of(entry.reason).title
                return Step(f"Повтор в {due}, {tried}. {title}: {entry.message}")
        reason = reason_of(entry.reason)
        return Step(f"Не отправлена в {due}, {tried}. {reason.title}: {entry.message}", reason.advice)

    def _unqueued(self, reading: Reading) -> Step:
        sync, link = self._work.settings.sync, reading.link
        match reading.verdict:
            case None:
                return self._gone(reading)
            case Refused(violations=found):
                first = reason_of(found[0].reason)
                return Step("Не отправится, пока её не исправят; исправленную возьмёт выборка", first.advice)
            case Foreign():
                return self._foreign(reading)
            case Ready(fingerprint=fingerprint):
                if link is not None and link.fingerprint == failed_mark(fingerprint):
                    return Step("Портал отказал этому состоянию: ждёт перемены в Ident")
                if is_stale(link, fingerprint):
                    told = f"Ещё не в очереди: поставит выборка (раз в {spell(sync.interval)})"
                    return Step(f"{told} или сверка (раз в {spell(sync.reconcile_interval)})")
                if reading.asked and reading.deal is None:
                    told = "Сделки на портале больше нет: её создаст заново сверка"
                    return Step(f"{told} (раз в {spell(sync.reconcile_interval)})")
        return Step("Ничего: портал соответствует Ident. Изменится запись — обновится и сделка")

    def _foreign(self, reading: Reading) -> Step:
        if not isinstance(reading.row, Reception):
            return Step("Этой записи сделка не положена")
        owner = resolve_branch(reading.row, self._feed.rules.neighbours).rule
        return Step(f"Её ведёт другой филиал: смотрите F{owner.number}_{reading.key.number}")

    def _gone(self, reading: Reading) -> Step:
        since = self._work.store.links.absent(self._feed.rules.branch_id).get(reading.key.number)
        if reading.link is None or reading.link.deal_id is None:
            if reading.deal is not None:
                return Step("Ничего: записи в Ident нет, а сделки этой узел не помнит", "Проверьте номер")
            return Step("Ничего: ни записи, ни сделки о ней нет", "Проверьте номер")
        seen = f"Не находится с {self._at(since)}" if since is not None else "Пропажу заметит сверка"
        if self._rules.deleted_receptions == "cancel":
            return Step(f"{seen}: сделка отменится, когда пропажу увидят дважды")
        return Step(f"{seen}: сделка останется как есть", reason_of("reception_deleted").advice)

    def _at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._rules.zone):%d.%m %H:%M:%S}"


def held(row: Reception) -> list[tuple[str, str]]:
    """Возвращает, что сейчас записано в Ident; люди закрыты."""
    people = (
        ("Пациент", (row.surname, row.name, row.patronymic)),
        ("Врач", (row.doctor_surname, row.doctor_name, row.doctor_patronymic)),
    )
    phone = phone_in(row.phone)
    times = (
        ("Начало", row.plan_start),
        ("Окончание", row.plan_end),
        ("Пациент пришёл", row.appeared_at),
        ("Приём начат", row.started_at),
        ("Приём завершён", row.ended_at),
        ("Счёт выдан", row.check_issued_at),
        ("Отменён", row.canceled_at),
    )
    return [
        ("Статус", str(status_of(row))),
        *((title, f"{moment:%d.%m.%Y %H:%M}") for title, moment in times if moment is not None),
        *((title, shown(" ".join(filter(None, map(line, parts))), hide=True)) for title, parts in people),
        ("Телефон", phone.masked if phone else "не годится" if line(row.phone) else "—"),
        ("Номер карты", line(row.card_number) or "—"),
        ("Услуги", ", ".join(filter(None, (line(item.service) for item in row.lines))) or "—"),
    ]


class Search:
    """Поиск записей по номеру: ключ, приём, сделка, карта."""

    def __init__(self, feeds: Sequence[ReceptionFeed], crm: Crm) -> None:
        self._feeds, self._crm = feeds, crm

    def find(self, text: str) -> tuple[list[Hit], list[str]]:
        """Возвращает найденное (по одной ленте на базу) и чего не удалось спросить."""
        hits, troubles = list[Hit](), list[str]()
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
        for feed in self._feeds:
            try:
                if number:
                    hits += self._received(feed, [number], "приём")
                hits += self._received(feed, feed.source.by_card(text), "карта")
            except SyncError as error:
                troubles.append(f"База {feed.rules.database_id} не ответила: {error}")
        if number:
            try:
                deals = self._crm.numbered([number])
            except SyncError as error:
                troubles.append(f"Портал не ответил: {error}")
            else:
                hits += [Hit(deal.uid, "сделка") for deal in deals if deal.uid]
        return list({hit.uid: hit for hit in reversed(hits)}.values())[::-1], troubles

    def _received(self, feed: ReceptionFeed, numbers: Sequence[int], via: str) -> list[Hit]:
        rows = feed.read(numbers) if numbers else {}
        found = []
        for number in (n for n in numbers if n in rows):
            owner = resolve_branch(rows[number], feed.rules.neighbours).rule
            found.append(Hit(str(RecordKey(owner.number, RECEPTION, number)), via))
        return found
