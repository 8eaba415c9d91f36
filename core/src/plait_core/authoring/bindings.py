"""
Bindings: from what a caller wrote for an input to where its value comes from.

Promises stay promises until the graph is built; everything else becomes a constant at once, so that a
wrong value is reported at the call that gave it.
"""

import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from plait_core.authoring.conditions import Expression, misuse
from plait_core.authoring.promises import Outcome, Outputs, Promise
from plait_core.authoring.typesystem import constants, process_types
from plait_core.errors.values import ConversionFailed
from plait_core.ir import workflows as ir

Bound: TypeAlias = Promise | ir.Const | list["Bound"] | dict[str, "Bound"]
"""A binding whose promises do not know the ids of their nodes yet."""

Resolve: TypeAlias = Callable[[Promise], ir.Promise]
"""Finds a promise in the workflow that is being built."""

_ATOMS = frozenset({int, float, str, bool, type(None)})


def capture(value: Any, python_type: Any) -> Bound:
    """
    Take what a caller gave for an input of type *python_type*.

    Raises:
        ConversionFailed: a constant is not of that type.
        PromiseMisuse: a promise sits where no binding can reach it.
    """
    if type(value) is Promise:
        return value
    if type(value) not in _ATOMS and holds_promise(value):
        return _capture_parts(value, python_type)
    return ir.Const(value=process_types().converter(python_type).to_literal(value, constants()))


def capture_each(values: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Bound]:
    """Take what a caller gave for several inputs, by name; what ``capture`` raises of a constant leads to its input."""
    bound: dict[str, Bound] = {}
    for name, value in values.items():
        try:
            bound[name] = capture(value, types[name])
        except ConversionFailed as failed:
            failed.under(f".{name}")
            raise
    return bound


def holds_promise(value: Any) -> bool:
    """Whether *value* is, or contains in its lists and mappings, something that only exists while tracing."""
    if isinstance(value, (Outcome, Expression)):
        return True
    if isinstance(value, (list, tuple)):
        return any(map(holds_promise, value))
    return isinstance(value, dict) and any(map(holds_promise, value.values()))


def data_of(bound: Bound, resolve: Resolve) -> ir.BindingData:
    """Make the form that a workflow stores."""
    if isinstance(bound, Promise):
        return resolve(bound)
    if isinstance(bound, list):
        return ir.BindingCollection(items=tuple([data_of(item, resolve) for item in bound]))
    if isinstance(bound, dict):
        return ir.BindingMap(items=tuple([(key, data_of(item, resolve)) for key, item in bound.items()]))
    return bound


def bindings_of(bound: Mapping[str, Bound], resolve: Resolve) -> tuple[ir.Binding, ...]:
    """Make the bindings of a node, or of a workflow's outputs, in order."""
    return tuple([ir.Binding(var=name, data=data_of(value, resolve)) for name, value in bound.items()])


def _capture_parts(value: Any, python_type: Any) -> Bound:
    if type(value) is list:
        element = _argument(python_type, list, 0)
        return [capture(item, element) for item in value]
    if type(value) is dict:
        item_type = _argument(python_type, dict, 1)
        return {key: capture(item, item_type) for key, item in value.items()}
    if isinstance(value, Outputs) and len(value) == 1:
        return capture(value[0], python_type)
    if isinstance(value, Outputs):
        raise misuse(
            "a call with several outputs",
            "passing it as one input",
            f"pass one of its outputs: {', '.join(_fields(value))}",
        )
    if isinstance(value, Promise):
        return value
    raise misuse(repr(value), "passing it as an input", "pass a promise, or a list or dict of promises")


def _argument(python_type: Any, container: type, n: int) -> Any:
    """Find the type of the parts of a *container* within *python_type*, through ``Annotated`` and unions."""
    origin, arguments = typing.get_origin(python_type), typing.get_args(python_type)
    if isinstance(origin, type) and issubclass(origin, container) and len(arguments) > n:
        return arguments[n]
    nested = arguments[:1] if origin is typing.Annotated else arguments
    found = (_argument(argument, container, n) for argument in nested if typing.get_origin(argument))
    return next((argument for argument in found if argument is not Any), Any)


def _fields(outputs: Outputs) -> list[str]:
    return [f".{name}" for name in getattr(outputs, "_fields", ())]
