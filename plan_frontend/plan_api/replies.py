"""Ответы об ошибках: постоянный код, код HTTP и что делать человеку."""

from collections.abc import Mapping

from starlette.responses import JSONResponse

from services.domain.admission import Refusal

#: Ответ хранить нельзя никому, а открывать страницей незачем.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

REFUSALS: Mapping[Refusal, tuple[int, str]] = {
    Refusal.NO_TOKEN: (401, "План показывают только сотруднику портала: откройте вкладку в карточке сделки."),
    Refusal.BAD_TOKEN: (401, "Портал не узнал сотрудника: обновите страницу портала."),
    Refusal.EXPIRED_TOKEN: (401, "Вход на портал устарел: обновите страницу портала."),
    Refusal.FOREIGN_APPLICATION: (
        403,
        "Запрос пришёл не от приложения «План лечения»: сверьте client_id и member_id в настройках узла.",
    ),
    Refusal.FOREIGN_DEAL: (403, "Сделка не найдена или закрыта для вас: попросите права на портале."),
    Refusal.FOREIGN_RECEPTION: (403, "Запись не относится к этой сделке: обновите карточку."),
    Refusal.FOREIGN_NAME: (403, "ФИО не относится к этой сделке: обновите карточку."),
    Refusal.TOO_MANY_FAILURES: (429, "Слишком много неудачных попыток: подождите минуту."),
    Refusal.TOO_OFTEN: (429, "Слишком много запросов подряд: подождите минуту."),
    Refusal.FOREIGN_KEY: (
        403,
        "Ключ приёма вписан в эту сделку не интеграцией: план смотрите в сделке самого приёма.",
    ),
    Refusal.TOO_MANY_TODAY: (429, "Планов за сутки открыто слишком много: скажите администратору."),
}


def success(content: Mapping[str, object]) -> JSONResponse:
    return JSONResponse(dict(content), headers=dict(HEADERS))


def failure(status: int, code: str, message: str, retry_after: int | None = None) -> JSONResponse:
    wait = {"Retry-After": str(retry_after)} if retry_after else {}
    challenge = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"error": code, "message": message}, status, headers={**HEADERS, **wait, **challenge})


def refused(refusal: Refusal, retry_after: int | None = None) -> JSONResponse:
    status, message = REFUSALS[refusal]
    return failure(status, refusal, message, retry_after)
