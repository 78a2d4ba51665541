"""Сравнение осмотров: обновление отвечает только за то, что испортило само."""

import pytest

from installer.examination import Finding, waiting_for, worsened


def found(*names: str, level: str = "fail") -> list[Finding]:
    """Возвращает находки этих проверок."""
    return [Finding(name, level, "") for name in names]


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (["portal"], ["portal"], []),
        (["portal"], ["portal.field.UF_X", "portal.scopes"], []),
        (["ident.D1"], ["ident.D1.sql"], []),
        (["redis"], ["service", "redis.durability"], []),
        ([], ["portal"], ["portal"]),
        (["ident.D1"], ["ident.D10"], ["ident.D10"]),
        (["portal"], ["service"], ["service"]),
    ],
)
def test_outage_from_before_the_update_is_no_fault_of_it(
    before: list[str], after: list[str], worse: list[str]
) -> None:
    assert [finding.check for finding in worsened(found(*before), found(*after))] == worse


def test_service_is_waited_for_until_it_is_well() -> None:
    assert waiting_for(found("service", level="warn"), "service") is not None
    assert waiting_for(found("service", level="ok"), "service") is None
    assert waiting_for(found("portal"), "service") is None
