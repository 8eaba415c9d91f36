"""How phases look: a tone (a colour of the design), an icon and a word, so that colour never speaks alone."""

import attrs

from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase


@attrs.frozen
class Look:
    """``tone`` is a class of the style sheet, ``icon`` a symbol of the icon sheet, ``word`` what people read."""

    tone: str
    icon: str
    word: str


_LOOKS = {
    "UNDEFINED": Look("idle", "dot", "Waiting"),
    "QUEUED": Look("queued", "clock", "Queued"),
    "INITIALIZING": Look("queued", "clock", "Initializing"),
    "WAITING_FOR_RESOURCES": Look("queued", "clock", "Waiting for resources"),
    "RUNNING": Look("running", "play", "Running"),
    "DYNAMIC_RUNNING": Look("running", "play", "Running"),
    "SUCCEEDING": Look("running", "play", "Succeeding"),
    "SUCCEEDED": Look("good", "check", "Succeeded"),
    "RECOVERED": Look("good", "reuse", "Recovered"),
    "FAILING": Look("bad", "cross", "Failing"),
    "FAILED": Look("bad", "cross", "Failed"),
    "RETRYABLE_FAILED": Look("warn", "retry", "Failed, tried again"),
    "TIMED_OUT": Look("bad", "clock", "Timed out"),
    "ABORTING": Look("warn", "stop", "Aborting"),
    "ABORTED": Look("warn", "stop", "Aborted"),
    "SKIPPED": Look("idle", "skip", "Skipped"),
    "INTERRUPTED": Look("warn", "pause", "Interrupted"),
}

WAITING_FOR_YOU = Look("you", "hand", "Waiting for you")
"""A gate that only a person can open."""


def look_of(phase: ExecutionPhase | NodePhase | AttemptPhase) -> Look:
    """Return how *phase* looks."""
    return _LOOKS[phase.value]
