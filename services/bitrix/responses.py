"""Ответы портала: разбор от тела и дерево ошибок (СПЕЦ 2.5.2).

Успех — отсутствие ключа ``error``: старые методы отвечают пустым кодом. Дерево::

    RetriableError
    ├── ApiError
    │   ├── QueryLimitExceeded    503: отказано до выполнения, повторять можно и создание
    │   ├── OperationTimeLimit    429: бюджет времени метода исчерпан до названного срока
    │   │   └── OperationResting  метод отдыхает, запрос не посылался
    │   └── AmbiguousAnswer       500, HTML, обрыв после отправки: могло и выполниться
    └── NetworkError
        ├── PortalUnreachable     соединения не было: точно не выполнено
        └── AnswerLost            ответ потерян: могло и выполниться
    SkippableError                причина и текст — в таблице: портал не принял поля и прочее
    ├── NotFound                  элемента нет
    ├── ItemAccessDenied          нет прав на этот элемент
    └── CallRefused               прочий отказ этому вызову
    FatalError                    вебхук не принят, прав мало, портал закрыт, настройки или программа неверны

В текстах нет ни адреса портала, ни ``error_description``: в нём бывают значения полей.
"""

from collections.abc import Mapping
from typing import Any

from services.domain.errors import ApiError, FatalError, NetworkError, SkippableError, SyncError

#: Портал держит запрос до 60 с: раньше повторять неясное нельзя.
AMBIGUITY_SECONDS = 65.0
#: Номера портала — целые MySQL: длиннее девятнадцати цифр их не бывает.
MOST_DIGITS = 19


class QueryLimitExceeded(ApiError):
    """Предел частоты: запрос отклонён до выполнения."""


class OperationTimeLimit(ApiError):
    """Метод исчерпал своё время."""


class OperationResting(OperationTimeLimit):
    """Метод отдыхает: запроса не было, попыткой не считается."""

    attempted = False


class AmbiguousAnswer(ApiError):
    """Непонятный ответ: вызов мог выполниться."""

    unclear = outage = True


class PortalUnreachable(NetworkError):
    """Портал недоступен: запрос не ушёл."""


class AnswerLost(NetworkError):
    """Связь оборвалась после отправки: вызов мог выполниться."""

    unclear = True


class NotFound(SkippableError):
    """Элемента на портале нет."""


class ItemAccessDenied(SkippableError):
    """Нет прав на элемент."""


class CallRefused(SkippableError):
    """Портал отказал вызову."""


ABSENT = "элемента на портале нет"
CLOSED = "владельцу вебхука закрыт этот элемент: дайте права"
REFUSED = "портал не принял данные сделки или клиента (код {code}): сверьте обязательные поля на портале"

#: Код портала → класс, причина, текст. Причина видна администратору и постоянна.
CODES: Mapping[str, tuple[type[SkippableError | FatalError], str, str]] = {
    "NOT_FOUND": (NotFound, "not_found", ABSENT),
    "CRM_FIELD_ERROR_REQUIRED": (
        SkippableError,
        "field_required",
        "на портале есть обязательное поле, которого нет у записи",
    ),
    **dict.fromkeys(
        ("CRM_FIELD_ERROR_VALUE_NOT_VALID", "100", "0", "ERROR_CORE"),
        (SkippableError, "field_invalid", REFUSED),
    ),
    "INVALID_ARG_VALUE": (
        SkippableError,
        "field_unknown",
        "портал не знает одного из полей: выполните doctor",
    ),
    "NO_AUTH_FOUND": (FatalError, "unauthorized", "вебхук не принят: проверьте его код или создайте новый"),
    "INVALID_CREDENTIALS": (
        FatalError,
        "unauthorized",
        "вебхук не принят: проверьте его код или права владельца",
    ),
    "EXPIRED_TOKEN": (FatalError, "unauthorized", "срок вебхука кончился: создайте новый"),
    "INSUFFICIENT_SCOPE": (FatalError, "scope_missing", "вебхуку не хватает прав: отметьте crm и im"),
    "USER_ACCESS_ERROR": (FatalError, "scope_missing", "владельцу вебхука закрыт доступ к REST"),
    "ALLOWED_ONLY_INTRANET_USER": (FatalError, "scope_missing", "владелец вебхука — внешний пользователь"),
    "OVERLOAD_LIMIT": (
        FatalError,
        "overload_limit",
        "REST портала остановлен: обратитесь в поддержку Битрикс24",
    ),
    "PORTAL_DELETED": (FatalError, "portal_deleted", "портал удалён"),
    "WRONG_AUTH_TYPE": (FatalError, "misconfigured", "метод недоступен вебхуку"),
    "INVALID_REQUEST": (FatalError, "misconfigured", "портал требует https"),
    "ERROR_METHOD_NOT_FOUND": (
        FatalError,
        "misconfigured",
        "портал не знает метода: вебхуку не хватает прав",
    ),
    "ERROR_BATCH_LENGTH_EXCEEDED": (FatalError, "misconfigured", "в пакете больше 50 команд"),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (FatalError, "misconfigured", "метод нельзя звать в пакете"),
}

#: Старые методы пишут смысл словами при пустом коде; сравнивается начало текста.
LEGACY: Mapping[str, tuple[type[SkippableError], str, str]] = {
    "not found": (NotFound, "not_found", ABSENT),
    "id is not defined": (NotFound, "not_found", ABSENT),
    "access denied": (ItemAccessDenied, "access_denied", CLOSED),
}


def error_for(status: int, body: object, method: str) -> SyncError | None:
    """Возвращает ошибку ответа или None, если он удачен; решает тело, код HTTP — лишь подсказка."""
    if not isinstance(body, dict) or not ("error" in body or "result" in body):
        return _unreadable(status, method)
    if "error" not in body:
        return (
            None if status < 500 else AmbiguousAnswer(f"{method}: портал ответил {status}", AMBIGUITY_SECONDS)
        )
    return coded_error(_text(body["error"]), _text(body.get("error_description")), status, method)


def command_error(failure: object, method: str) -> SyncError:
    """Возвращает ошибку команды внутри пакета; отказ, в котором нет кода, — неясный ответ."""
    if not isinstance(failure, dict) or "error" not in failure:
        return unclear(method)
    return coded_error(_text(failure["error"]), _text(failure.get("error_description")), 0, method)


def unclear(method: str) -> AmbiguousAnswer:
    """Возвращает ошибку ответа не того вида: из него не следует ни «пусто», ни «создано», ни «отказано»."""
    return AmbiguousAnswer(f"{method}: непонятный ответ портала", AMBIGUITY_SECONDS)


def rows_of(value: object, method: str) -> list[dict[str, Any]]:
    """Возвращает строки списка; не список, не словарь или чужое среди строк — AmbiguousAnswer."""
    rows = list(as_map(value).values())
    if not isinstance(value, (dict, list)) or not all(isinstance(row, dict) for row in rows):
        raise unclear(method)
    return rows


def id_of(value: object, method: str) -> int:
    """Возвращает номер — положительное целое или его запись цифрами; иное — AmbiguousAnswer."""
    if (number := number_of(value)) is None:
        raise unclear(method)
    return number


def number_of(value: object) -> int | None:
    """Возвращает номер; пусто, ноль, true и всё прочее — None."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) or None if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def coded_error(code: str, description: str, status: int, method: str) -> SyncError:
    """Возвращает ошибку по коду портала; ``status`` 0 — ошибка команды внутри пакета."""
    upper = code.upper()
    if upper == "QUERY_LIMIT_EXCEEDED":
        return QueryLimitExceeded("портал просит слать реже")
    if upper == "OPERATION_TIME_LIMIT":
        return OperationTimeLimit(f"{method}: портал исчерпал время метода")
    if upper in ("ACCESS_DENIED", "ACCESS DENIED"):
        # 403 — отказ всему порталу (тариф, права), 400 и команды пакета — одному элементу.
        if status == 403:
            text = "портал отказал: проверьте тариф, подписку и права вебхука"
            return FatalError(f"{method}: {text}", "access_denied")
        return ItemAccessDenied(f"{method}: {CLOSED}", "access_denied")
    if upper in CODES:
        kind, reason, text = CODES[upper]
        return kind(f"{method}: {text.format(code=code)}", reason)
    return _unknown(code, description, status, method)


def _unknown(code: str, description: str, status: int, method: str) -> SyncError:
    for start, (kind, reason, text) in LEGACY.items():
        if not code and description.lower().startswith(start):
            return kind(f"{method}: {text}", reason)
    if status >= 500 or code.upper() in ("INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"):
        return AmbiguousAnswer(f"{method}: сбой на портале", AMBIGUITY_SECONDS)
    if status == 401:
        return FatalError(f"{method}: вебхук не принят: проверьте его код", "unauthorized")
    if status == 429:
        return OperationTimeLimit(f"{method}: портал просит подождать")
    return CallRefused(f"{method}: портал отказал (код {_safe(code)})", "refused")


def _unreadable(status: int, method: str) -> SyncError:
    """Разбирает чужой ответ: страница прокси, обрыв на 60-й секунде, переезд портала."""
    if 300 <= status < 400:
        return FatalError("портал переехал на другой адрес: впишите новый вебхук", "portal_moved")
    if status == 401:
        return FatalError(f"{method}: вебхук не принят: проверьте его код", "unauthorized")
    return AmbiguousAnswer(f"{method}: непонятный ответ портала (HTTP {status})", AMBIGUITY_SECONDS)


def _text(value: object) -> str:
    """Возвращает текст отказа; вложенное и пустое — пустой."""
    return str(value) if isinstance(value, (str, int)) else ""


def _safe(code: str) -> str:
    return code[:40] if code.replace("_", "").isalnum() else "пустой"


def as_map(value: Any) -> dict[str, Any]:
    """Возвращает словарь: пустой PHP отдаёт как ``[]``, список — как словарь по номерам."""
    if isinstance(value, dict):
        return value
    return {str(index): item for index, item in enumerate(value)} if isinstance(value, list) else {}
