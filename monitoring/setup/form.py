"""Формы настроек, выведенные из моделей: один перечень ключей, видов и слов у файла, консоли и страницы.

Ключи, которые называют файлы и код этого компьютера (папки, запросы, сущности, ключи шифрования), страница
только показывает: их меняет тот, у кого есть доступ к самому файлу.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.difference import SECTIONS as WORDS
from config.models import BranchSettings, MssqlDatabase, Section, Settings, SqliteDatabase
from config.models.base import core
from config.schema import Path as Place
from config.texts import FLAG, VALUES, key_of_text, text_of, told_value
from services.bitrix.portal_schema import STAGES
from services.domain.mapping import DEFAULT_FIELDS, LABELS
from services.domain.stages import TITLES, StageTable

#: Эти ключи стоят в форме сразу; прочие — под «Ещё».
ESSENTIAL: Mapping[str, Sequence[str]] = {
    "databases": ("id", "server", "instance", "database", "auth", "login", "password", "path"),
    "branches": ("number", "name", "database", "home", "aliases"),
    "portal": ("webhook", "category_id", "requests_per_second"),
    "rules": ("contact_matching", "deleted_receptions", "utc_offset"),
    "alerts": ("bitrix_users", "heartbeat", "daily_summary"),
    "alerts.email": ("host", "sender", "to", "login", "password"),
    "application": ("client_id", "member_id", "shim"),
    "sync": ("interval",),
    "node": ("branches",),
    "journal": ("keep_days",),
    "monitor": ("password",),
}
#: В этих подразделах ключи названы не настройками, а стадиями, полями и филиалами.
TABLES = ("stages", "fields", "shims")
#: Меняются только в самом файле: с ними страница закрылась бы сама.
BY_HAND = frozenset({"monitor.enabled", "web.enabled", "databases.dialect", "security.key"})
ROWS: Mapping[str, Sequence[type[Section]]] = {
    "databases": (MssqlDatabase, SqliteDatabase),
    "branches": (BranchSettings,),
}
#: По этому полю видно, что новый раздел списка заполнен.
ANCHORS = {MssqlDatabase: "server", SqliteDatabase: "path", BranchSettings: "name"}
STAGE_NAMES = {str(stage): title for stage, title in TITLES.items()}
NUMBERS = (int, float, timedelta)


@dataclass(frozen=True, slots=True)
class Part:
    """Раздел страницы: адрес, имя, какие места файла он правит и какие проверки у него есть."""

    slug: str
    title: str
    roots: Sequence[Place]
    check: str = ""


PARTS: Sequence[Part] = (
    Part("bases", "Базы Ident", (("databases",),), "Проверить"),
    Part("branches", "Филиалы", (("branches",),), "Прочесть организации Ident"),
    Part("portal", "Портал", (("portal",),), "Проверить"),
    Part("stages", "Стадии", (("portal", "stages"),), "Прочесть стадии портала"),
    Part("fields", "Поля сделки", (("portal", "fields"),), "Прочесть поля портала"),
    Part("decisions", "Решения клиники", (("rules",),)),
    Part("alerts", "Уведомления", (("alerts",), ("alerts", "email")), "Послать пробу"),
    Part("plan", "Вкладка плана", (("application",), ("application", "shims"), ("web",))),
    Part(
        "limits",
        "Сроки и пределы",
        tuple((name,) for name in ("sync", "retries", "node", "redis", "journal", "monitor", "flower")),
    ),
)


@dataclass(frozen=True, slots=True)
class Field:
    """Поле формы; ``value`` секрета всегда пусто: записать его можно, прочесть — нет."""

    place: Place
    kind: str
    value: str
    default: str
    options: Sequence[tuple[str, str]] = ()
    known: bool = False
    required: bool = False

    @property
    def droppable(self) -> bool:
        """Отвечает, можно ли стереть записанный секрет: без пароля страница открылась бы всем."""
        return self.known and not self.required and self.name != "monitor.password"

    @property
    def name(self) -> str:
        """Возвращает имя поля в форме."""
        return ".".join(map(str, self.place))

    @property
    def label(self) -> str:
        """Возвращает имя для человека."""
        own = {"stages": STAGE_NAMES, "fields": LABELS}.get(
            str(self.place[1]) if len(self.place) > 2 else "", {}
        )
        return own.get(str(self.place[-1])) or text_of(self.place).label

    @property
    def hint(self) -> str:
        """Возвращает, что настройка значит и, если она под «Ещё», когда её менять.

        Сказанного именем не повторяет; где выбирают из слов, коды файла ни к чему.
        """
        text = text_of(self.place)
        worded = key_of_text(self.place) in VALUES or text.meaning.rstrip(".") == text.label
        meaning = "" if worded else text.meaning
        when = f"Менять: {text.when}" if text.when and (worded or not self.essential) else ""
        return f"{meaning} {when}".strip()

    @property
    def essential(self) -> bool:
        """Отвечает, стоит ли поле в форме сразу."""
        section = key_of_text(self.place[:-1])
        return section.rpartition(".")[2] in TABLES or str(self.place[-1]) in ESSENTIAL.get(section, ())


@dataclass(frozen=True, slots=True)
class Group:
    """Раздел файла в форме; ``row`` — его номер в списке, ``new`` — в файле его ещё нет."""

    place: Place
    title: str
    fields: Sequence[Field]
    row: bool = False
    new: bool = False


def part_of(slug: str) -> Part:
    """Возвращает раздел страницы; незнакомый — KeyError."""
    return {part.slug: part for part in PARTS}[slug]


def groups(part: Part, raw: Mapping[str, Any], added: str = "") -> list[Group]:
    """Возвращает форму раздела страницы по тому, что в файле; ``added`` — показать пустой раздел списка."""
    return [group for root in part.roots for group in _groups(root, raw, added)]


def _groups(root: Place, raw: Mapping[str, Any], added: str) -> Iterator[Group]:
    name = str(root[-1])
    if root == (name,) and name in ROWS:
        rows = _at(raw, root) or []
        for number, row in enumerate(rows):
            yield _row((name, number), _model(name, row), row, raw)
        if added:
            yield _row((name, len(rows)), _model(name, {"type": added}), {}, raw, new=True)
        return
    section = _at(raw, root) or {}
    if name in TABLES:
        fields = [
            Field((*root, key), "text", str(section.get(key, "")), default)
            for key, default in _keys(name, raw).items()
        ]
    else:
        fields = list(_fields(_model_at(root), root, section))
    yield Group(root, WORDS.get(name, "Почта" if name == "email" else text_of(root).label), fields)


def _row(
    place: Place, model: type[Section], row: Mapping[str, Any], raw: Mapping[str, Any], new: bool = False
) -> Group:
    fresh = _fresh(model, place, raw) if new else row
    named = row.get("name") or row.get("id") or "новый"
    word = "База" if place[0] == "databases" else "Филиал"
    title = str(named) if str(named).startswith(word) else f"{word} {named}"
    return Group(place, title, list(_fields(model, place, fresh)), row=True, new=new)


def _fresh(model: type[Section], place: Place, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Возвращает, чем заполнить новый раздел списка: следующий номер, своё имя базы."""
    number = int(place[1])
    if model is BranchSettings:
        bases = raw.get("databases") or [{}]
        taken = [row.get("number", 0) for row in raw.get("branches", [])]
        return {"number": max([0, *taken]) + 1, "database": bases[0].get("id", "D1"), "home": not taken}
    if model is SqliteDatabase:
        return {"id": f"D{number + 1}", "type": "sqlite", **({} if _translates() else {"dialect": "sqlite"})}
    return {"id": f"D{number + 1}", "encrypt": "mandatory"}


def _fields(model: type[Section], at: Place, row: Mapping[str, Any]) -> Iterator[Field]:
    for name, field in model.model_fields.items():
        place = (*at, name)
        key = key_of_text(place)
        if key == "databases.type" or (key == "databases.dialect" and name in row and not _translates()):
            yield Field(place, "hidden", str(row.get(name, "mssql")), "")
        elif _is_plain(field) and key not in BY_HAND:
            kind, options = _kind(field, key)
            shown = "" if kind.startswith("secret") or name not in row else _text(row[name])
            yield Field(place, kind, shown, _default(field, place), options, name in row, field.is_required())


def _is_plain(field: FieldInfo) -> bool:
    inner = core(field.annotation)
    item = core(get_args(inner)[0]) if get_origin(inner) is tuple else inner
    if item is Path:
        return field.is_required()  # путь вводят только у базы демонстрации
    return not (get_origin(inner) is dict or (isinstance(item, type) and issubclass(item, Section)))


def _kind(field: FieldInfo, key: str) -> tuple[str, Sequence[tuple[str, str]]]:
    inner = core(field.annotation)
    if inner is bool:
        return "choice", list(FLAG.items())
    if get_origin(inner) is Literal:
        words = VALUES.get(key, {})
        return "choice", [(str(value), words.get(str(value), str(value))) for value in get_args(inner)]
    listed = get_origin(inner) is tuple
    if SecretStr in (inner, core(get_args(inner)[0]) if listed else None):
        return ("secrets" if listed else "secret"), ()
    return ("lines" if listed else "number" if inner in NUMBERS else "text"), ()


def read_form(
    part: Part, raw: Mapping[str, Any], form: Mapping[str, str]
) -> tuple[dict[Place, object], list[Place], dict[Place, str | list[str]]]:
    """Возвращает из формы значения, стёртое и секреты; чужих имён и пустых новых разделов не берёт."""
    values: dict[Place, object] = {}
    removed: list[Place] = []
    secrets: dict[Place, str | list[str]] = {}
    added = {str(value) for name, value in form.items() if re.fullmatch(r"\w+\.\d+\.type", name)} or {
        "branches"
    }
    for kind in sorted(added):
        for group in groups(part, raw, kind):
            if group.row and not group.new and form.get(f"{_name(group.place)}.drop"):
                removed.append(group.place)
                continue
            if group.new and not _is_filled(group, form):
                continue
            for field in group.fields:
                _take(field, group, form, (values, removed, secrets))
    return values, list(dict.fromkeys(removed)), secrets


def _take(
    field: Field,
    group: Group,
    form: Mapping[str, str],
    found: tuple[dict[Place, object], list[Place], dict[Place, str | list[str]]],
) -> None:
    values, removed, secrets = found
    given = form.get(field.name)
    text = None if given is None else given.replace("\r\n", "\n").strip()
    if field.kind in ("secret", "secrets"):
        if text:
            secrets[field.place] = text.split("\n") if field.kind == "secrets" else text
        elif field.droppable and form.get(f"{field.name}.drop"):
            removed.append(field.place)
    elif text:
        if group.new or text != field.value:
            values[field.place] = _typed(_annotation(field.place, group, form), text)
    elif text is not None and field.known:
        removed.append(field.place)


def _is_filled(group: Group, form: Mapping[str, str]) -> bool:
    return any(form.get(f"{_name(group.place)}.{anchor}", "").strip() for anchor in ANCHORS.values())


def _annotation(place: Place, group: Group, form: Mapping[str, str]) -> object:
    if group.row:
        model = _model(str(place[0]), {"type": form.get(f"{_name(group.place)}.type", "mssql")})
        return model.model_fields[str(place[-1])].annotation
    if len(place) > 2 and str(place[1]) in TABLES:
        return str
    return _model_at(place[:-1]).model_fields[str(place[-1])].annotation


def _typed(annotation: object, text: str) -> object:
    """Возвращает значение TOML; не число на месте числа остаётся текстом: откажет проверка настроек."""
    inner = core(annotation)
    if inner is bool:
        return {"true": True, "false": False}.get(text, text)
    if get_origin(inner) is tuple:
        return [_typed(get_args(inner)[0], line.strip()) for line in text.split("\n") if line.strip()]
    if inner in NUMBERS:
        number = text.replace(",", ".").replace("\u202f", "").replace(" ", "")
        if re.fullmatch(r"-?\d+", number):
            return int(number)
        return float(number) if re.fullmatch(r"-?\d+\.\d+", number) else text
    return text


def _model(name: str, row: Mapping[str, Any]) -> type[Section]:
    models = ROWS[name]
    return models[-1] if row.get("type") == "sqlite" and name == "databases" else models[0]


def _model_at(place: Place) -> type[Section]:
    model: type[Section] = Settings
    for name in place:
        model = core(model.model_fields[str(name)].annotation)
    return model


def _keys(name: str, raw: Mapping[str, Any]) -> Mapping[str, str]:
    """Возвращает ключи подраздела и их умолчания."""
    if name == "fields":
        return DEFAULT_FIELDS
    if name == "shims":
        return {f"F{row.get('number')}": "" for row in raw.get("branches", [])}
    table = StageTable.build(int(_at(raw, ("portal", "category_id")) or 1), {})
    return {str(wanted.stage): table.id_of(wanted.stage) for wanted in STAGES}


def _default(field: FieldInfo, place: Place) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, SecretStr) or value == ():
        return ""
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    return told_value(place, value.total_seconds() if isinstance(value, timedelta) else value).removesuffix(
        ".0"
    )


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name(place: Place) -> str:
    return ".".join(map(str, place))


def _at(raw: Any, place: Place) -> Any:
    for part in place:
        raw = raw.get(part) if isinstance(raw, Mapping) else None
    return raw


def has_sqlite(raw: Mapping[str, Any]) -> bool:
    """Отвечает, умеет ли эта установка базу демонстрации: перекладывает запросы или берёт готовые."""
    return _translates() or bool(_at(raw, ("node", "sql_dir")))


def _translates() -> bool:
    return find_spec("sqlglot") is not None
