"""
Gates: nodes that wait for the world: ``approve``, ``wait_for_input`` and ``sleep``.

No task runs while a gate waits. Locally a terminal asks; elsewhere a person answers by CLI, console or API.
"""

from datetime import timedelta
from typing import Any, TypeVar, cast

from plait_core.authoring.conditions import misuse
from plait_core.authoring.durations import nanoseconds
from plait_core.authoring.interfaces import PythonInterface
from plait_core.authoring.nodes import Node, Shape
from plait_core.authoring.promises import Promise
from plait_core.authoring.scopes import known_type, required_scope
from plait_core.authoring.typesystem import process_types
from plait_core.errors.authoring import InvalidOption
from plait_core.ir import workflows as ir
from plait_core.ir.interfaces import TypedInterface, Variable

T = TypeVar("T")

DEFAULT_TIMEOUT = timedelta(hours=1)


def approve(upstream: T, name: str, timeout: timedelta = DEFAULT_TIMEOUT) -> T:
    """Wait until a person approves *upstream*, and pass it on; a refusal, or none in time, fails the node."""
    scope = required_scope("approve()")
    if not isinstance(upstream, Promise):
        raise misuse(repr(upstream), "approve()", "approve one output of a call, or an input of the workflow")
    variable = Variable(name=upstream._var, type=known_type(upstream))
    shape = Shape(name, PythonInterface(outputs={variable.name: Any}), TypedInterface(outputs=(variable,)))
    node = Node(shape, ir.Gate(condition=ir.Approve(signal_id=name)), {variable.name: upstream}, name=name)
    node.override(timeout=timeout)
    return cast("T", scope.add(node).result)


def wait_for_input(name: str, timeout: timedelta = DEFAULT_TIMEOUT, expected_type: type[T] = str) -> T:  # type: ignore[assignment]  # the default of T
    """Wait until somebody supplies a value of *expected_type*."""
    scope = required_scope("wait_for_input()")
    variable = Variable(name="o0", type=process_types().literal_type(expected_type))
    shape = Shape(name, PythonInterface(outputs={"o0": expected_type}), TypedInterface(outputs=(variable,)))
    node = Node(shape, ir.Gate(condition=ir.WaitForInput(signal_id=name, type=variable.type)), {}, name=name)
    node.override(timeout=timeout)
    return cast("T", scope.add(node).result)


def sleep(duration: timedelta) -> None:
    """Wait for *duration*, counted from when the node starts; order it with ``>>``."""
    scope = required_scope("sleep()")
    if duration < timedelta():
        raise InvalidOption(
            declaration="sleep", option="duration", detail=f"is {duration!r}", expected="give a timedelta >= 0"
        )
    shape = Shape("sleep", PythonInterface(), TypedInterface())
    gate = ir.Gate(condition=ir.Sleep(duration_ns=nanoseconds(duration)))
    return cast("None", scope.add(Node(shape, gate, {})).result)
