"""Состояния очереди словами: ни одно не осталось без слова."""

from cli.failed import STATES
from services.domain.outbox import EntryState


def test_every_state_of_the_queue_has_its_word() -> None:
    assert set(STATES) == set(EntryState)
    assert len(set(STATES.values())) == len(EntryState)
