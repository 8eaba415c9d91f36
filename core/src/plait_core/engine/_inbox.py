"""
The inbox's wire form: what any process may leave for an execution.

Stimuli, and word that a child has ended or that a key of the cache was released, which the engine looks at itself.
"""

from plait_core.engine._stimuli import AbortAsked, Signalled, Stimulus
from plait_core.errors.stores import NotReadable
from plait_core.ir.codec import from_json, to_json
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.literals import Literal
from plait_core.ports.databases import Posted

CHILD = "child"
"""The kind of a message that says that a child has ended."""


def child_ended(child: ExecutionId) -> Posted:
    """Write down that *child* has ended; how, its own row says."""
    return Posted(key=f"{CHILD}:{child}", kind=CHILD, payload={"child": to_json(child)})


def child_of(posted: Posted) -> ExecutionId:
    """Read which child has ended."""
    return from_json(ExecutionId, posted.payload["child"])


def waiter_of(posted: Posted) -> NodeId:
    """Read which node waits for what was released."""
    return NodeId(str(posted.payload["node"]))


def to_posted(key: str, stimulus: Stimulus) -> Posted:
    """Write a signal or an abort down."""
    match stimulus:
        case Signalled(signal_id=signal_id, value=value, principal=principal):
            payload = {"signal_id": signal_id, "value": to_json(value), "principal": principal}
            return Posted(key=key, kind="signal", payload=payload)
        case AbortAsked(reason=reason, principal=principal):
            return Posted(key=key, kind="abort", payload={"reason": reason, "principal": principal})
        case _:
            message = f"{type(stimulus).__name__} does not travel by inbox"
            raise TypeError(message)


def stimulus_of(posted: Posted, at_ns: int) -> Stimulus:
    """Read a message. Raises ``NotReadable`` for what a later release may have left."""
    payload = posted.payload
    match posted.kind:
        case "signal":
            value = from_json(Literal, payload["value"])
            return Signalled(at_ns, str(payload["signal_id"]), value, str(payload["principal"]))
        case "abort":
            return AbortAsked(at_ns, str(payload["reason"]), str(payload["principal"]))
        case _:
            raise NotReadable(kind="message", faults=(f"its kind is {posted.kind!r}",))
