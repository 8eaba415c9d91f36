"""
Conditionals: one node that runs one of several calls.

    plait run examples/conditions.py wf --age 70
"""

from plait import conditional, task, workflow


@task
def price(full: float, share: float) -> float:
    """Reduce a price."""
    return full * share


@task
def is_holiday(day: str) -> bool:
    """Say whether the museum is free on *day*."""
    return day == "sunday"


@workflow
def wf(age: int = 30, day: str = "monday", full: float = 12.0) -> float:
    """
    Sell a ticket.

    Comparisons join with ``&`` and ``|``. Arms that are not taken do nothing, nor do conditionals inside them.
    """
    free = is_holiday(day=day)
    return (
        conditional("ticket")
        .if_(free.is_true() | (age < 6))  # type: ignore[attr-defined]  # a promise of a bool has it
        .then(price(full=full, share=0.0))
        .elif_((age < 18) | (age >= 65))
        .then(
            conditional("reduced")
            .if_(age < 12)
            .then(price(full=full, share=0.25))
            .else_()
            .then(price(full=full, share=0.5))
        )
        .elif_(age < 120)
        .then(price(full=full, share=1.0))
        .else_()
        .fail("nobody is that old")
    )
