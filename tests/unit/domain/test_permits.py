"""Разрешения: программе, у которой записей очереди нет, разрешено всё."""

from services.domain.outbox import Claim, Permit, allow_all


def test_program_without_a_queue_may_write_everything() -> None:
    permits = [Permit(Claim("F1_1", 1, 0, "a")), Permit(Claim("F1_2", 1, 0, "b"), "phone:x")]
    assert allow_all(permits) == [True, True]
    assert allow_all([]) == []
