"""What a server says of itself, and why it refuses a request."""

import attrs

from plait_core.ir.json import Json
from plait_core.ir.shapes import Shape

API_VERSION = 1
"""The number in ``/api/v1``."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Problem(Shape):
    """
    Why a request was refused (RFC 9457, ``application/problem+json``).

    ``type`` ends in the name of the error's class. ``remedy`` says whose move it is and what to do; ``faults`` lists every one.
    """

    type: str
    title: str
    status: int
    detail: str
    remedy: str = ""
    faults: tuple[str, ...] = ()
    extra: Json = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReadinessCheck(Shape):
    """One thing that requests or executions need, and whether it is there."""

    name: str
    is_ok: bool
    detail: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Readiness(Shape):
    """Whether a server can answer: also while no engine runs, on which only executions depend."""

    is_ready: bool
    checks: tuple[ReadinessCheck, ...]
