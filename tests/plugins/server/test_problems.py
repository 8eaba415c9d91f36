"""Errors become documents that say what the caller can do, and nothing about the inside of the server."""

import inspect

import pytest

from plait_core.errors import PlaitError, UserError, bundles, compiling, engine, plugins, running, stores
from plait_core.errors.compiling import CompileFailed, Fault
from plait_core.errors.engine import InvalidInputs
from plait_core.errors.stores import StoreUnavailable, VersionConflict
from plait_core.ports.api import Problem
from plait_server.problems import problem_of, status_of
from tests.architecture.test_errors import sample

INSIDE = {"url", "scheme", "library"}
"""Fields that say where stores are, and how they are reached."""

ERRORS = sorted(
    {
        kind
        for module in (stores, engine, running, plugins, bundles, compiling)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, PlaitError) and kind.__module__ == module.__name__
    },
    key=lambda kind: kind.__name__,
)


def made(kind: type[PlaitError]) -> PlaitError:
    """Make an error of a class."""
    hints = {
        name: hint
        for base in reversed(kind.__mro__)
        for name, hint in inspect.get_annotations(base, eval_str=True).items()
    }
    return kind(**{name: sample(hints[name]) for name in kind.fields})


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_no_error_tells_where_a_store_is(kind: type[PlaitError]) -> None:
    """Those that could are told as a number."""
    problem = problem_of(made(kind), request_id="r")

    if INSIDE & {*kind.fields}:
        assert problem.status >= 500
        assert problem.type.rpartition(":")[2] in {"Unavailable", "StorageRefused", "InternalError"}


def test_refusal_is_told_in_full() -> None:
    """What happened, what to do, and every fault."""
    error = InvalidInputs(target="task t", faults=("x is missing", "y is no input"))

    assert problem_of(error, request_id="r") == Problem(
        type="urn:plait:problem:InvalidInputs",
        title="Invalid inputs",
        status=422,
        detail=error.problem,
        remedy=error.remedy,
        faults=("x is missing", "y is no input"),
        extra={"request": "r"},
    )


def test_faults_of_a_graph_are_lines() -> None:
    """As the compiler would print them."""
    fault = Fault(code="missing-entity", entity="task t", message="it is not there", remedy="add it")

    problem = problem_of(CompileFailed(faults=(fault,)), request_id="r")

    assert problem.faults == (str(fault),)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (VersionConflict(id="x", registered="a", offered="b"), 409),
        (StoreUnavailable(url="x", detail="y"), 503),
        (type("Ours", (UserError,), {"problem": "p", "remedy": "r"})(), 422),
        (ValueError("ours"), 500),
    ],
)
def test_class_decides_the_status(error: Exception, status: int) -> None:
    """The closest one that is listed."""
    assert status_of(error) == status
