"""Ответы портала: вся таблица — код, статус, что с этим делать."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bitrix.responses import (
    AmbiguousAnswer,
    CallRefused,
    ItemAccessDenied,
    NotFound,
    OperationTimeLimit,
    QueryLimitExceeded,
    as_map,
    coded_error,
    error_for,
)
from services.domain.errors import FatalError, RetriableError, SkippableError, SyncError

METHOD = "crm.deal.add"

#: Отказы без своего класса: различает их причина.
BLOCKED, UNAUTHORIZED = (FatalError, "overload_limit"), (FatalError, "unauthorized")
SCOPE, MISCONFIGURED = (FatalError, "scope_missing"), (FatalError, "misconfigured")
CLOSED, DELETED, MOVED = ((FatalError, name) for name in ("access_denied", "portal_deleted", "portal_moved"))
UNKNOWN, REQUIRED, INVALID = (
    (SkippableError, name) for name in ("field_unknown", "field_required", "field_invalid")
)
Kind = type[SyncError] | tuple[type[SyncError], str]


def seen(error: SyncError | None) -> object:
    """Возвращает вид ошибки: класс, а у общих классов — и причину."""
    own = type(error)
    return (own, getattr(error, "reason", "")) if own in (FatalError, SkippableError) else own


#: Код, статус HTTP, чем становится ответ на одиночный вызов, чем — отказ команды в пакете.
TABLE: list[tuple[str, int, Kind, Kind]] = [
    ("QUERY_LIMIT_EXCEEDED", 503, QueryLimitExceeded, QueryLimitExceeded),
    ("OPERATION_TIME_LIMIT", 429, OperationTimeLimit, OperationTimeLimit),
    ("OVERLOAD_LIMIT", 503, BLOCKED, BLOCKED),
    ("INTERNAL_SERVER_ERROR", 500, AmbiguousAnswer, AmbiguousAnswer),
    ("ERROR_UNEXPECTED_ANSWER", 500, AmbiguousAnswer, AmbiguousAnswer),
    ("NO_AUTH_FOUND", 401, UNAUTHORIZED, UNAUTHORIZED),
    ("INVALID_CREDENTIALS", 403, UNAUTHORIZED, UNAUTHORIZED),
    ("INVALID_CREDENTIALS", 401, UNAUTHORIZED, UNAUTHORIZED),
    ("expired_token", 401, UNAUTHORIZED, UNAUTHORIZED),
    ("insufficient_scope", 403, SCOPE, SCOPE),
    ("ACCESS_DENIED", 403, CLOSED, ItemAccessDenied),
    ("ACCESS_DENIED", 400, ItemAccessDenied, ItemAccessDenied),
    ("user_access_error", 403, SCOPE, SCOPE),
    ("WRONG_AUTH_TYPE", 403, MISCONFIGURED, MISCONFIGURED),
    ("INVALID_REQUEST", 400, MISCONFIGURED, MISCONFIGURED),
    ("ERROR_METHOD_NOT_FOUND", 404, MISCONFIGURED, MISCONFIGURED),
    ("NOT_FOUND", 400, NotFound, NotFound),
    ("INVALID_ARG_VALUE", 400, UNKNOWN, UNKNOWN),
    ("CRM_FIELD_ERROR_REQUIRED", 400, REQUIRED, REQUIRED),
    ("CRM_FIELD_ERROR_VALUE_NOT_VALID", 400, INVALID, INVALID),
    ("100", 400, INVALID, INVALID),
    ("0", 400, INVALID, INVALID),
    ("allowed_only_intranet_user", 403, SCOPE, SCOPE),
    ("ERROR_CORE", 400, INVALID, INVALID),
    ("ERROR_BATCH_LENGTH_EXCEEDED", 400, MISCONFIGURED, MISCONFIGURED),
    ("ERROR_BATCH_METHOD_NOT_ALLOWED", 405, MISCONFIGURED, MISCONFIGURED),
    ("ERROR_MANIFEST_IS_NOT_AVAILABLE", 404, CallRefused, CallRefused),
    ("PORTAL_DELETED", 500, DELETED, DELETED),
    ("PORTAL_DELETED", 410, DELETED, DELETED),
    ("SOMETHING_NEW", 400, CallRefused, CallRefused),
    ("SOMETHING_NEW", 500, AmbiguousAnswer, CallRefused),
    ("SOMETHING_NEW", 429, OperationTimeLimit, CallRefused),
    ("SOMETHING_NEW", 401, UNAUTHORIZED, CallRefused),
]


@pytest.mark.parametrize(("code", "status", "kind", "_"), TABLE)
def test_body_decides_what_a_refusal_means(code: str, status: int, kind: Kind, _: object) -> None:
    error = error_for(status, {"error": code, "error_description": "текст"}, METHOD)
    assert seen(error) == kind


@pytest.mark.parametrize(("code", "_status", "_kind", "kind"), TABLE)
def test_refusal_of_a_command_inside_a_batch(code: str, _status: int, _kind: object, kind: Kind) -> None:
    assert seen(coded_error(code, "текст", 0, METHOD)) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Not found", NotFound),
        ("Not found.", NotFound),
        ("Access denied.", ItemAccessDenied),
        ("ID is not defined or invalid.", NotFound),
        ("Валюта XXX не найдена", CallRefused),
        ("", CallRefused),
    ],
)
def test_old_methods_refuse_with_an_empty_code(text: str, kind: Kind) -> None:
    assert seen(error_for(400, {"error": "", "error_description": text}, METHOD)) == kind


@pytest.mark.parametrize(
    "body", [{"result": True}, {"result": []}, {"result": None, "time": {}}, {"result": 0}], ids=str
)
def test_absence_of_the_error_key_is_success_whatever_the_result(body: dict[str, Any]) -> None:
    assert error_for(200, body, METHOD) is None


def test_http_status_alone_is_no_failure_but_a_server_crash_is() -> None:
    assert error_for(400, {"result": 5}, METHOD) is None
    assert type(error_for(500, {"result": 5}, METHOD)) is AmbiguousAnswer


@pytest.mark.parametrize("body", [None, [], "текст", {}, {"message": "чужой JSON"}], ids=str)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, AmbiguousAnswer),
        (502, AmbiguousAnswer),
        (504, AmbiguousAnswer),
        (403, AmbiguousAnswer),
        (401, UNAUTHORIZED),
        (302, MOVED),
        (308, MOVED),
    ],
)
def test_foreign_answer_is_an_unknown_outcome(status: int, kind: Kind, body: object) -> None:
    assert seen(error_for(status, body, METHOD)) == kind


def test_unknown_outcome_is_not_repeated_while_the_portal_may_still_be_working() -> None:
    error = error_for(502, None, METHOD)
    assert isinstance(error, AmbiguousAnswer)
    assert error.retry_after is not None
    assert error.retry_after > 60


@pytest.mark.parametrize(("code", "status", "kind", "_"), TABLE)
def test_every_refusal_says_what_to_do_in_russian(code: str, status: int, kind: object, _: object) -> None:
    error = error_for(status, {"error": code, "error_description": "секрет пациента"}, METHOD)
    assert isinstance(error, (RetriableError, SkippableError, FatalError))
    assert any("а" <= letter <= "я" for letter in str(error))
    assert "секрет" not in str(error)


@pytest.mark.parametrize(("code", "status", "kind", "_"), TABLE)
def test_final_refusal_has_a_constant_reason(code: str, status: int, kind: object, _: object) -> None:
    error = error_for(status, {"error": code}, METHOD)
    reason = getattr(error, "reason", "temporary")
    assert reason.replace("_", "").isalpha()


@given(st.text(max_size=60), st.text(max_size=60), st.integers(200, 599))
def test_strange_code_never_leaks_its_text(code: str, description: str, status: int) -> None:
    error = error_for(status, {"error": f"<{code}>", "error_description": f"Иванов {description}"}, METHOD)
    assert error is not None
    assert "<" not in str(error)
    assert "Иванов" not in str(error)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ([], {}),
        (["x", "y"], {"0": "x", "1": "y"}),
        (None, {}),
        (False, {}),
        ("текст", {}),
        (5, {}),
    ],
)
def test_php_map_may_come_as_a_list(value: object, expected: dict[str, Any]) -> None:
    assert as_map(value) == expected
