"""Ошибки: тип говорит, что делать; переживают pickle (СПЕЦ 3.3.2)."""

import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import services
from services.domain.errors import Family, FatalError, NetworkError, RetriableError, SkippableError, SyncError

#: Образцы аргументов по аннотации: новая ошибка с иным аргументом потребует своей строки.
SAMPLES: dict[object, Any] = {
    str: "слово",
    int: 503,
    float: 2.5,
    bool: True,
    float | None: 2.5,
    str | None: "слово",
    int | None: 503,
}


def _import_everything() -> None:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        importlib.import_module(module.name)


def _descendants(kind: type[SyncError]) -> Iterator[type[SyncError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _descendants(child)


_import_everything()
ALL = sorted(set(_descendants(SyncError)), key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


def sample(kind: type[SyncError]) -> SyncError:
    """Строит ошибку, заполняя каждый названный аргумент образцом."""
    parameters = list(inspect.signature(kind, eval_str=True).parameters.values())
    named = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL]
    return kind(**{parameter.name: SAMPLES[parameter.annotation] for parameter in named})


@pytest.mark.parametrize("kind", ALL)
def test_error_survives_pickle(kind: type[SyncError]) -> None:
    error = sample(kind)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("kind", ALL)
def test_error_prints_its_message_and_nothing_else(kind: type[SyncError]) -> None:
    assert str(sample(kind)) == sample(kind).message


@pytest.mark.parametrize("kind", ALL)
def test_type_says_exactly_one_thing_to_do(kind: type[SyncError]) -> None:
    decisions = [
        family for family in (RetriableError, SkippableError, FatalError) if issubclass(kind, family)
    ]
    assert len(decisions) == (0 if kind is SyncError else 1)


@pytest.mark.parametrize("kind", [kind for kind in ALL if issubclass(kind, RetriableError)])
def test_temporary_error_belongs_to_a_family(kind: type[RetriableError]) -> None:
    assert kind.family in Family


def test_wait_of_a_temporary_error_is_optional() -> None:
    assert NetworkError("обрыв").retry_after is None
    assert NetworkError("обрыв", 3.0).retry_after == 3.0


@pytest.mark.parametrize("kind", [SkippableError, FatalError])
def test_final_error_has_a_reason_code(kind: type[SkippableError] | type[FatalError]) -> None:
    assert kind("сломалось", "broken").reason == "broken"
