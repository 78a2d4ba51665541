"""Ответы портала: вся таблица — код, статус, что с этим делать."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bitrix.responses import (
    AmbiguousAnswer,
    CallRefused,
    FieldRefused,
    ItemAccessDenied,
    Misconfigured,
    NotFound,
    OperationTimeLimit,
    PortalBlocked,
    PortalClosed,
    QueryLimitExceeded,
    ScopeMissing,
    Unauthorized,
    as_map,
    coded_error,
    error_for,
)
from services.domain.errors import FatalError, RetriableError, SkippableError, SyncError

METHOD = "crm.deal.add"

#: Код, статус HTTP, чем становится ответ на одиночный вызов, чем — отказ команды в пакете.
TABLE: list[tuple[str, int, type[SyncError], type[SyncError]]] = [
    ("QUERY_LIMIT_EXCEEDED", 503, QueryLimitExceeded, QueryLimitExceeded),
    ("OPERATION_TIME_LIMIT", 429, OperationTimeLimit, OperationTimeLimit),
    ("OVERLOAD_LIMIT", 503, PortalBlocked, PortalBlocked),
    ("INTERNAL_SERVER_ERROR", 500, AmbiguousAnswer, AmbiguousAnswer),
    ("ERROR_UNEXPECTED_ANSWER", 500, AmbiguousAnswer, AmbiguousAnswer),
    ("NO_AUTH_FOUND", 401, Unauthorized, Unauthorized),
    ("INVALID_CREDENTIALS", 403, Unauthorized, Unauthorized),
    ("INVALID_CREDENTIALS", 401, Unauthorized, Unauthorized),
    ("expired_token", 401, Unauthorized, Unauthorized),
    ("insufficient_scope", 403, ScopeMissing, ScopeMissing),
    ("ACCESS_DENIED", 403, PortalClosed, ItemAccessDenied),
    ("ACCESS_DENIED", 400, ItemAccessDenied, ItemAccessDenied),
    ("user_access_error", 403, ScopeMissing, ScopeMissing),
    ("WRONG_AUTH_TYPE", 403, Misconfigured, Misconfigured),
    ("INVALID_REQUEST", 400, Misconfigured, Misconfigured),
    ("ERROR_METHOD_NOT_FOUND", 404, Misconfigured, Misconfigured),
    ("NOT_FOUND", 400, NotFound, NotFound),
    ("INVALID_ARG_VALUE", 400, FieldRefused, FieldRefused),
    ("CRM_FIELD_ERROR_REQUIRED", 400, FieldRefused, FieldRefused),
    ("CRM_FIELD_ERROR_VALUE_NOT_VALID", 400, FieldRefused, FieldRefused),
    ("100", 400, FieldRefused, FieldRefused),
    ("0", 400, FieldRefused, FieldRefused),
    ("allowed_only_intranet_user", 403, ScopeMissing, ScopeMissing),
    ("ERROR_CORE", 400, FieldRefused, FieldRefused),
    ("ERROR_BATCH_LENGTH_EXCEEDED", 400, Misconfigured, Misconfigured),
    ("ERROR_BATCH_METHOD_NOT_ALLOWED", 405, Misconfigured, Misconfigured),
    ("ERROR_MANIFEST_IS_NOT_AVAILABLE", 404, CallRefused, CallRefused),
    ("PORTAL_DELETED", 500, PortalClosed, PortalClosed),
    ("PORTAL_DELETED", 410, PortalClosed, PortalClosed),
    ("SOMETHING_NEW", 400, CallRefused, CallRefused),
    ("SOMETHING_NEW", 500, AmbiguousAnswer, CallRefused),
    ("SOMETHING_NEW", 429, OperationTimeLimit, CallRefused),
    ("SOMETHING_NEW", 401, Unauthorized, CallRefused),
]


@pytest.mark.parametrize(("code", "status", "kind", "_"), TABLE)
def test_body_decides_what_a_refusal_means(code: str, status: int, kind: type[SyncError], _: object) -> None:
    error = error_for(status, {"error": code, "error_description": "текст"}, METHOD)
    assert type(error) is kind


@pytest.mark.parametrize(("code", "_status", "_kind", "kind"), TABLE)
def test_refusal_of_a_command_inside_a_batch(
    code: str, _status: int, _kind: object, kind: type[SyncError]
) -> None:
    assert type(coded_error(code, "текст", 0, METHOD)) is kind


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
def test_old_methods_refuse_with_an_empty_code(text: str, kind: type[SyncError]) -> None:
    assert type(error_for(400, {"error": "", "error_description": text}, METHOD)) is kind


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
        (401, Unauthorized),
        (302, PortalClosed),
        (308, PortalClosed),
    ],
)
def test_foreign_answer_is_an_unknown_outcome(status: int, kind: type[SyncError], body: object) -> None:
    assert type(error_for(status, body, METHOD)) is kind


def test_unknown_outcome_is_not_repeated_while_the_portal_may_still_be_working() -> None:
    error = error_for(502, None, METHOD)
    assert isinstance(error, AmbiguousAnswer)
    assert error.retry_after is not None
    assert error.retry_after > 60


@pytest.mark.parametrize(("code", "status", "kind", "_"), TABLE)
def test_every_refusal_says_what_to_do_in_russian(code: str, status: int, kind: type, _: object) -> None:
    error = error_for(status, {"error": code, "error_description": "секрет пациента"}, METHOD)
    assert isinstance(error, (RetriableError, SkippableError, FatalError))
    assert any("а" <= letter <= "я" for letter in str(error))
    assert "секрет" not in str(error)


@pytest.mark.parametrize(("code", "status", "kind", "_"), TABLE)
def test_final_refusal_has_a_constant_reason(code: str, status: int, kind: type, _: object) -> None:
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
