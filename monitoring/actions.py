"""Распоряжения администратора со страницы; каждое — в журнал безопасности (СПЕЦ 3.4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from monitoring.snapshot import Filter
from services.domain.outbox import EntryState

if TYPE_CHECKING:
    from services.container import Services

NAMED = 20


class Actions:
    """Что можно сделать на странице."""

    NAMES = ("requeue", "sync", "pause", "unpause", "resume")

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def syncs(self) -> bool:
        """Отвечает, умеет ли точка входа запустить выборку."""
        return self._services.sync_now is not None

    def run(self, name: str, form: Mapping[str, str], client: str) -> str:
        """Выполняет распоряжение; возвращает итог для адреса страницы."""
        done: str = getattr(self, f"_{name}")(form, client)
        return done

    def _requeue(self, form: Mapping[str, str], client: str) -> str:
        uids = [form["uid"]] if form.get("uid") else self._chosen(form)
        services = self._services
        count = services.store.outbox.requeue(uids, services.clock.now())
        listed = ",".join(uids[:NAMED]) + (f" и ещё {len(uids) - NAMED}" if len(uids) > NAMED else "")
        services.security_journal.info("requeued", count=count, message=listed, client=client)
        return f"done=requeued&count={count}"

    def _chosen(self, form: Mapping[str, str]) -> list[str]:
        chosen = Filter(form.get("branch", ""), form.get("reason", ""), form.get("q", ""))
        known = [branch.branch_id for branch in self._services.settings.branches]
        found = [self._services.store.outbox.entries(branch, EntryState.FAILED, 5000) for branch in known]
        return [entry.uid for entries in found for entry in entries if chosen.admits(entry)]

    def _sync(self, form: Mapping[str, str], client: str) -> str:
        services = self._services
        if services.sync_now is not None:
            services.sync_now([branch.branch_id for branch in services.settings.served])
            services.security_journal.info("sync_requested", client=client)
        return "done=sync"

    def _pause(self, form: Mapping[str, str], client: str) -> str:
        self._services.store.gate.pause(self._services.clock.now())
        self._services.security_journal.info("sending_paused", client=client)
        return "done=paused"

    def _unpause(self, form: Mapping[str, str], client: str) -> str:
        self._services.store.gate.unpause()
        self._services.security_journal.info("sending_resumed", message="пауза снята", client=client)
        return "done=unpaused"

    def _resume(self, form: Mapping[str, str], client: str) -> str:
        self._services.store.gate.resume()
        self._services.security_journal.info("sending_resumed", message="остановка снята", client=client)
        return "done=resumed"
