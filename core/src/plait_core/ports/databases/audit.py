"""The audit trail: lines that changes leave in their own transaction."""

import attrs

from plait_core.ir.json import Json
from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AuditLine(Shape):
    """
    Who did what to which thing, and when.

    A method that takes one as *audit* leaves it in the transaction of its change: never one without the other, and no line where
    nothing was changed. Why: docs/adr/changes-carry-their-audit-line.md
    """

    at_ns: int
    principal: str
    action: str
    subject: str
    detail: Json = None
