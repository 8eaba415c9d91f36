"""
Messages to an execution, wherever it runs: answers to its gates.

Delivered to the server, or through the inbox of this machine's store; the process that drives the execution need not be this one.
"""

from typing import Any

import click

from plait.control.plane import ControlPlane, gates_of
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.ir.ids import ExecutionId
from plait_core.ir.types import LiteralType
from plait_core.types.contexts import DETACHED


async def answer(plane: ControlPlane, execution: ExecutionId, signal_id: str, text: str) -> None:
    """
    Answer the gate that waits, or will wait, for *signal_id* with the value that *text* stands for.

    Raises:
        click.UsageError: there is no such gate, or the text does not fit it.
    """
    await plane.execution(execution)
    known = {**gates_of(await plane.execution_closure(execution)), **await plane.gates(execution)}
    if signal_id not in known:
        names = ", ".join(sorted(known)) or "none"
        raise click.UsageError(f"{execution.name} has no gate {signal_id!r}; it has: {names}")
    types = process_types()
    converter = types.converter(_type_of(known[signal_id], text))
    try:
        value = converter.to_literal(converter.parse(text), DETACHED)
    except UserError as error:
        raise click.UsageError(f"{error.problem}; {error.remedy}") from error
    await plane.signal(execution, signal_id, value)


def _type_of(known: LiteralType | None, text: str) -> Any:
    """Return the Python type of an answer; where nobody knows it, that of the JSON value that *text* is, or ``str``."""
    from json import loads

    if known is not None:
        return process_types().guess(known)
    try:
        value = loads(text)
    except ValueError:
        return str
    return type(value) if isinstance(value, bool | int | float) else str
