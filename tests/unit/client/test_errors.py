"""Errors of the client say what happened and what to do, and cross processes."""

import pickle
import typing

import pytest

import plait.code.errors
import plait.errors
from plait_core.errors import PlaitError
from tests.architecture.test_errors import sample

ERRORS = [
    found
    for module in (plait.errors, plait.code.errors)
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, PlaitError) and found.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_error_says_what_to_do_and_survives_pickling(kind: type[PlaitError]) -> None:
    """Both texts are there, and are the same on the other side."""
    hints = typing.get_type_hints(kind)
    error = kind(**{name: sample(hints[name]) for name in kind.fields})

    copy = pickle.loads(pickle.dumps(error))

    assert error.problem
    assert error.remedy
    assert (type(copy), str(copy)) == (kind, str(error))
