"""Ошибки REST: код, HTTP-статус, пояснение.

Портал различает: 401 — «не знаем вас», 403 — «знаем, но нельзя», 400 — беда с запросом или элементом,
404 — нет метода, 429 — исчерпано время метода, 503 — слишком часто. У старых методов crm.* код пустой.
"""

from __future__ import annotations

from typing import Any


class RestError(Exception):
    """Отказ REST."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(status, code, description)
        self.status, self.code, self.description = status, code, description

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.description}"

    def body(self) -> dict[str, Any]:
        """Возвращает тело ответа; поля time в отказах нет."""
        return {"error": self.code, "error_description": self.description}


STATUS_BY_CODE = {
    "QUERY_LIMIT_EXCEEDED": 503,
    "OPERATION_TIME_LIMIT": 429,
    "OVERLOAD_LIMIT": 503,
    "INTERNAL_SERVER_ERROR": 500,
    "ERROR_UNEXPECTED_ANSWER": 500,
    "NO_AUTH_FOUND": 401,
    "INVALID_CREDENTIALS": 401,
    "expired_token": 401,
    "insufficient_scope": 403,
    "user_access_error": 403,
    "WRONG_AUTH_TYPE": 403,
    "ERROR_METHOD_NOT_FOUND": 404,
    "ERROR_BATCH_METHOD_NOT_ALLOWED": 405,
    "PORTAL_DELETED": 500,
}

DESCRIPTIONS = {
    "QUERY_LIMIT_EXCEEDED": "Too many requests",
    "OPERATION_TIME_LIMIT": "Method is blocked due to operation time limit.",
    "OVERLOAD_LIMIT": "REST API is blocked due to overload.",
    "INTERNAL_SERVER_ERROR": "Internal server error, please contact the administrator",
    "ERROR_UNEXPECTED_ANSWER": "Server returned an unexpected response.",
    "NO_AUTH_FOUND": "Wrong authorization data",
    "INVALID_CREDENTIALS": "Invalid request credentials",
    "expired_token": "The access token provided has expired.",
    "insufficient_scope": "The request requires higher privileges than provided by the access token",
    "user_access_error": "The user does not have access to the application.",
    "WRONG_AUTH_TYPE": "Current authorization type is denied for this method",
    "ERROR_METHOD_NOT_FOUND": "Method not found!",
    "ERROR_BATCH_METHOD_NOT_ALLOWED": "Method is not allowed for batch usage",
    "ERROR_BATCH_LENGTH_EXCEEDED": "Max batch length exceeded",
    "PORTAL_DELETED": "Portal was deleted",
}


def refusal(code: str, description: str | None = None) -> RestError:
    """Возвращает отказ с кодом из таблицы системных ошибок."""
    return RestError(STATUS_BY_CODE.get(code, 400), code, description or DESCRIPTIONS.get(code, code))


def legacy(description: str) -> RestError:
    """Возвращает отказ старого метода crm.*: 400 с пустым кодом."""
    return RestError(400, "", description)


def core(description: str) -> RestError:
    """Возвращает общий отказ CRM: 400 ERROR_CORE."""
    return RestError(400, "ERROR_CORE", description)


def not_found(description: str = "Элемент не найден") -> RestError:
    """Возвращает отказ crm.item.* для неизвестного элемента или типа."""
    return RestError(400, "NOT_FOUND", description)


def access_denied(description: str = "Access denied", status: int = 400) -> RestError:
    """Возвращает отказ в правах на элемент."""
    return RestError(status, "ACCESS_DENIED", description)
