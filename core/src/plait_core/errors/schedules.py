"""What can be wrong with a schedule."""

from plait_core.errors._root import UserError


class InvalidSchedule(UserError):
    """A schedule cannot be understood, or would never fire."""

    field: str
    value: str
    reason: str
    advice: str

    @property
    def problem(self) -> str:
        """The field, what it holds, and what is wrong with it."""
        return f"a schedule cannot have the {self.field} {self.value!r}: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to write instead."""
        return self.advice
