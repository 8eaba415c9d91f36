"""
Calling an entity with Python values: what ``Engine.call`` does around ``launch`` and ``wait``.

Values cross as literals in both directions, here as everywhere, so a call in a test cannot differ from a run elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from plait_core.authoring.entities import Entity
from plait_core.engine._children import Ending
from plait_core.errors.engine import ExecutionFailed
from plait_core.errors.values import ConversionFailed
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.offloading import fetch


def literals_of(
    entity: Entity[Any, Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    types: TypeEngine,
    context: ConversionContext,
) -> dict[str, Literal]:
    """Bind the arguments of a call and convert them; raises what a wrong call or value raises."""
    interface = entity.python_interface
    values = interface.bind(entity.name, args, kwargs)
    literals = {}
    for name, value in values.items():
        try:
            literals[name] = types.converter(interface.inputs[name].type).to_literal(value, context)
        except ConversionFailed as failed:
            failed.under(f".{name}")
            raise
    return literals


async def values_of(
    entity: Entity[Any, Any], outputs: LiteralMap, types: TypeEngine, context: ConversionContext
) -> Any:
    """Convert outputs to what the entity's Python interface declares: nothing, one value, or a named tuple."""
    interface = entity.python_interface
    values = {}
    for name, python_type in interface.outputs.items():
        literal = await fetch(outputs[name], context.blobs)
        values[name] = types.converter(python_type).to_python(literal, context)
    return interface.pack(values)


def raise_failure(ending: Ending) -> None:
    """
    Raise what made the execution fail: the task's own exception where there is one, with a note on where it was raised.

    Raises ``ExecutionFailed`` otherwise; returns when the execution succeeded.
    """
    error = ending.error
    if error is None:
        return
    if ending.exception is not None:
        note = f"raised at node {error.node or '?'} of execution {ending.execution.name}"
        if note not in getattr(ending.exception, "__notes__", ()):
            ending.exception.add_note(note)
        raise ending.exception
    raise ExecutionFailed(
        execution=str(ending.execution),
        phase=ending.phase.value,
        code=error.code,
        message=error.message,
        node=error.node,
        traceback=error.traceback,
    )
