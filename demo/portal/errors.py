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


#: Системные ошибки: статус и пояснение.
SYSTEM = {
    "QUERY_LIMIT_EXCEEDED": (503, "Too many requests"),
    "OPERATION_TIME_LIMIT": (429, "Method is blocked due to operation time limit."),
    "OVERLOAD_LIMIT": (503, "REST API is blocked due to overload."),
    "INTERNAL_SERVER_ERROR": (500, "Internal server error, please contact the administrator"),
    "ERROR_UNEXPECTED_ANSWER": (500, "Server returned an unexpected response."),
    "NO_AUTH_FOUND": (401, "Wrong authorization data"),
    "INVALID_CREDENTIALS": (401, "Invalid request credentials"),
    "expired_token": (401, "The access token provided has expired."),
    "insufficient_scope": (403, "The request requires higher privileges than provided by the access token"),
    "user_access_error": (403, "The user does not have access to the application."),
    "WRONG_AUTH_TYPE": (403, "Current authorization type is denied for this method"),
    "ERROR_METHOD_NOT_FOUND": (404, "Method not found!"),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (405, "Method is not allowed for batch usage"),
    "ERROR_BATCH_LENGTH_EXCEEDED": (400, "Max batch length exceeded"),
    "PORTAL_DELETED": (500, "Portal was deleted"),
}


def refusal(code: str, description: str | None = None) -> RestError:
    """Возвращает отказ с кодом из таблицы системных ошибок."""
    status, told = SYSTEM.get(code, (400, code))
    return RestError(status, code, description or told)


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
