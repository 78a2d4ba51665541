"""Разметка HTML из функций: всякий текст экранируется, готовая разметка отличима от текста."""

from html import escape
from typing import Union

VOID = frozenset({"input", "meta", "link", "br", "rect", "line", "path", "circle"})


class Html(str):
    """Готовая разметка: второй раз не экранируется."""


Child = Union[str, int, float, None, "list[Child]", "tuple[Child, ...]"]


def tag(element: str, /, *children: Child, **attributes: object) -> Html:
    """Возвращает элемент; ``class_`` — class, ``data_x`` — data-x, None и False — атрибута нет."""
    opened = "".join(_attribute(key, value) for key, value in attributes.items())
    if element in VOID:
        return Html(f"<{element}{opened}/>")  # без черты элементы SVG вложились бы друг в друга
    return Html(f"<{element}{opened}>{rendered(children)}</{element}>")


def rendered(child: Child) -> Html:
    """Возвращает разметку: текст экранирует, списки соединяет, None пропускает."""
    if child is None:
        return Html("")
    if isinstance(child, (list, tuple)):
        return Html("".join(rendered(one) for one in child))
    return child if isinstance(child, Html) else Html(escape(str(child)))


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
