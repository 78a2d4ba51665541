"""Кнопки страницы: каждая — своя форма с меткой против подделки запроса."""

from collections.abc import Mapping

from plan_frontend.monitor.markup import Html, tag

TOKEN = "token"


def button(
    action: str,
    token: str,
    text: str,
    fields: Mapping[str, str] | None = None,
    confirm: str | None = None,
    kind: str | None = None,
    hint: str | None = None,
) -> Html:
    """Возвращает форму из одной кнопки; ``confirm`` — вопрос перед отправкой."""
    hidden = [tag("input", type="hidden", name=name, value=value) for name, value in (fields or {}).items()]
    return tag(
        "form",
        tag("input", type="hidden", name=TOKEN, value=token),
        *hidden,
        tag("button", text, type="submit", class_=kind, title=hint),
        method="post",
        action=action,
        data_confirm=confirm,
    )
