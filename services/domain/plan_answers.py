"""Сведение ответов нескольких баз: пациент найден в одной — его планы, в нескольких — выбор, не смесь."""

from collections.abc import Mapping, Sequence
from typing import Any

Answer = Mapping[str, Any]


def merged(answers: Sequence[tuple[str, Answer]]) -> dict[str, Any]:
    """Сводит ответы филиалов в один (постановление 16); пациенты получают ключ ``F1_17``.

    Сбой одной базы не выдаётся за «плана нет»: возвращается он.
    """
    found = [(branch, answer) for branch, answer in answers if answer["found"] in ("plans", "choice")]
    if len(found) == 1:
        return _named(*found[0])
    if found:
        patients = [patient for branch, answer in found for patient in _candidates(branch, answer)]
        return {"found": "choice", "patients": patients}
    order = ("failure", "foreign", "stranger", "nothing")
    return _named(*min(answers, key=lambda pair: order.index(pair[1]["found"])))


def _named(branch: str, answer: Answer) -> dict[str, Any]:
    if answer["found"] == "choice":
        return {"found": "choice", "patients": _candidates(branch, answer)}
    patient = answer.get("patient")
    return {**answer, "patient": _keyed(branch, patient)} if patient else dict(answer)


def _candidates(branch: str, answer: Answer) -> list[dict[str, Any]]:
    if answer["found"] == "choice":
        return [_keyed(branch, patient) for patient in answer["patients"]]
    return [{**_keyed(branch, answer["patient"]), "plans": len(answer["plans"])}]


def _keyed(branch: str, patient: Mapping[str, Any]) -> dict[str, Any]:
    """Заменяет номер пациента ключом с филиалом: номера разных баз совпадают."""
    rest = {name: value for name, value in patient.items() if name != "patient_id"}
    return {"patient": f"{branch}_{patient['patient_id']}", "branch": branch, **rest}
