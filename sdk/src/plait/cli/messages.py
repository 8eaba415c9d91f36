"""
Messages to an execution, wherever it runs: answers to its gates.

Delivered to the server, or through the inbox of this machine's store; the process that drives the execution need not be this one.
"""

from shlex import quote
from typing import Any

import click

from plait.control.plane import ControlPlane, gates_of
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.ir.ids import ExecutionId
from plait_core.ir.types import LiteralType, SimpleType
from plait_core.types.contexts import DETACHED


async def answer(plane: ControlPlane, execution: ExecutionId, signal_id: str, text: str) -> None:
    """
    Answer the gate that waits, or will wait, for *signal_id* with the value that *text* stands for.

    Raises:
        click.UsageError: there is no such gate, or the text does not fit it.
    """
    await plane.execution(execution)
    await _send(plane, execution, signal_id, _type_of(await _kind(plane, execution, signal_id), text), text)


async def settle(plane: ControlPlane, execution: ExecutionId, signal_id: str, *, is_approved: bool, flags: str) -> None:
    """
    Approve what waits, or will wait, for *signal_id*, or refuse it; *flags* are those that lead to the same place.

    Raises:
        click.UsageError: there is no such gate, or it is no approval.
    """
    await plane.execution(execution)
    kind = await _kind(plane, execution, signal_id)
    if kind is not None and kind.type is not SimpleType.BOOLEAN:
        command = answering_command(execution, signal_id, kind)
        raise click.UsageError(f"the gate {signal_id!r} wants a value; supply it with `{command}{flags}`")
    await _send(plane, execution, signal_id, bool, "yes" if is_approved else "no")


def answering_command(execution: ExecutionId, signal_id: str, kind: LiteralType | None) -> str:
    """Say how a gate that waits for a *kind* of value is answered from a shell, but for flags."""
    is_approval = kind is not None and kind.type is SimpleType.BOOLEAN
    verb, value = ("approve", "") if is_approval else ("signal", " VALUE")
    return f"plait {verb} {execution.name} {quote(signal_id)}{value}"


async def _kind(plane: ControlPlane, execution: ExecutionId, signal_id: str) -> LiteralType | None:
    known = {**gates_of(await plane.execution_closure(execution)), **await plane.gates(execution)}
    if signal_id not in known:
        names = ", ".join(sorted(known)) or "none"
        raise click.UsageError(f"{execution.name} has no gate {signal_id!r}; it has: {names}")
    return known[signal_id]


async def _send(plane: ControlPlane, execution: ExecutionId, signal_id: str, python_type: Any, text: str) -> None:
    converter = process_types().converter(python_type)
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
