"""Параметры запроса: проверены до всякого обращения к порталу и базе."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST_NAME, LONGEST_TOKEN, LARGEST_NUMBER = 200, 1024, 2_147_483_647
NUMBER = re.compile(r"[1-9][0-9]{0,9}")
UID = re.compile(r"F[1-9][0-9]{0,3}_[1-9][0-9]{0,18}")
#: Любые знаки, кроме управляющих: имя сверяется со сделкой, а не выполняется.
NAME = re.compile(rf"[^\x00-\x1f\x7f]{{1,{LONGEST_NAME}}}")
PATIENT = re.compile(r"F([1-9][0-9]{0,3})_([1-9][0-9]{0,8})")
TOKEN = re.compile(rf"[A-Za-z0-9._~+/=-]{{8,{LONGEST_TOKEN}}}")


class BadParameter(Exception):
    """Параметр не годится; ``name`` — какой, ``expected`` — что ожидается."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(name, expected)
        self.name, self.expected = name, expected


@dataclass(frozen=True, slots=True)
class PatientKey:
    """Выбранный из тёзок пациент: филиал и номер в его базе."""

    branch_id: str
    patient_id: int


@dataclass(frozen=True, slots=True, repr=False)
class PlanParameters:
    """О чём спрашивает вкладка."""

    deal_id: int
    reception_uid: str = ""
    full_name: str = ""
    patient: PatientKey | None = None
    plan_id: int | None = None


def read_parameters(pairs: Sequence[tuple[str, str]], plan_id: str | None = None) -> PlanParameters:
    """Разбирает строку запроса; незнакомый, повторённый или негодный параметр — BadParameter."""
    given = _once(pairs)
    if "deal" not in given:
        raise BadParameter("deal", "номер сделки обязателен")
    return PlanParameters(
        deal_id=_number("deal", given["deal"]),
        reception_uid=_uid(given["reception"]) if "reception" in given else "",
        full_name=_name(given["fio"]) if "fio" in given else "",
        patient=_patient(given["patient"]) if "patient" in given else None,
        plan_id=_number("plan_id", plan_id) if plan_id is not None else None,
    )


def read_token(authorization: str | None) -> str | None:
    """Достаёт токен из заголовка ``Authorization: Bearer …``; нет или не похож — None."""
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" and TOKEN.fullmatch(token) else None


def _once(pairs: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in ("deal", "reception", "fio", "patient"):
            raise BadParameter("query", "незнакомый параметр: есть deal, reception, fio, patient")
        if name in given:
            raise BadParameter(name, "параметр указан дважды")
        given[name] = value
    return given


def _number(name: str, text: str) -> int:
    if not NUMBER.fullmatch(text) or int(text) > LARGEST_NUMBER:
        raise BadParameter(name, f"ожидается целое число от 1 до {LARGEST_NUMBER}")
    return int(text)


def _uid(text: str) -> str:
    if not UID.fullmatch(text):
        raise BadParameter("reception", "ожидается ключ записи вида F1_12345")
    return text


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise BadParameter("fio", f"ожидается имя не длиннее {LONGEST_NAME} знаков")
    return text


def _patient(text: str) -> PatientKey:
    match = PATIENT.fullmatch(text)
    if match is None:
        raise BadParameter("patient", "ожидается ключ пациента вида F1_17")
    return PatientKey(f"F{match[1]}", int(match[2]))
