"""
Every error of core says what happened and what to do, and crosses processes (docs/style.md, 7).
"""

import dataclasses
import importlib
import pickle
import pkgutil
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

import plait_core.errors
from plait_core.errors import PlaitError

SCALARS: dict[Any, Any] = {
    str: "sample",
    int: 3,
    float: 1.5,
    bool: True,
    bytes: b"sample",
    type(None): None,
    datetime: datetime(2026, 1, 2, tzinfo=UTC),
    timedelta: timedelta(seconds=4),
    Path: Path("sample.py"),
    object: "sample",
    Any: "sample",
}


def sample(kind: Any) -> Any:
    """Make some value of the annotated type *kind*."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in SCALARS:
        return SCALARS[kind]
    if isinstance(kind, typing.NewType):
        return sample(kind.__supertype__)
    if origin in {typing.Union, types.UnionType}:
        return sample(arguments[0])
    if origin is typing.Literal:
        return arguments[0]
    if origin is tuple:
        return tuple(sample(argument) for argument in arguments if argument is not ...)
    if origin in {dict, Mapping}:
        return {sample(arguments[0]): sample(arguments[1])}
    if attrs.has(kind) or dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        return kind(**{name: sample(hint) for name, hint in typing.get_type_hints(kind).items()})
    message = f"{kind} is no type that a field of an error has had; teach this function to make one"
    raise NotImplementedError(message)


def modules_of_errors() -> Iterator[str]:
    yield plait_core.errors.__name__
    yield from (
        found.name for found in pkgutil.walk_packages(getattr(plait_core.errors, "__path__", []), "plait_core.errors.")
    )


def errors() -> list[type[PlaitError]]:
    """Every class of error that core defines, without those that only stand for a reaction."""
    for module in modules_of_errors():
        importlib.import_module(module)
    found, waiting = [], [PlaitError]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        found += [kind for kind in below if kind.__module__.startswith("plait_core.")]
    return sorted({kind for kind in found if not stands_for_a_reaction(kind)}, key=lambda kind: kind.__name__)


def stands_for_a_reaction(kind: type[PlaitError]) -> bool:
    """Whether *kind* only gathers the classes below it and leaves the texts to them."""
    return bool(kind.__subclasses__()) and kind.problem is PlaitError.problem


def make(kind: type[PlaitError]) -> PlaitError:
    hints = typing.get_type_hints(kind)
    return kind(**{name: sample(hints[name]) for name in kind.fields})


every_error = pytest.mark.parametrize("kind", errors(), ids=lambda kind: kind.__name__)


@every_error
def test_error_has_problem_and_remedy(kind: type[PlaitError]) -> None:
    """Both texts come out for ordinary fields, neither ends in a period, and the remedy adds something."""
    error = make(kind)

    assert error.problem
    assert error.remedy
    assert error.problem not in error.remedy
    assert not error.problem.endswith(".")
    assert not error.remedy.endswith(".")


@every_error
def test_error_survives_pickling(kind: type[PlaitError]) -> None:
    """An error raised in a worker reads the same in the engine."""
    error = make(kind)

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is kind
    assert {name: getattr(copy, name) for name in kind.fields} == {name: getattr(error, name) for name in kind.fields}
    assert str(copy) == str(error)


@every_error
def test_error_says_when_it_is_raised(kind: type[PlaitError]) -> None:
    """Its own docstring tells what happened."""
    assert vars(kind).get("__doc__")
