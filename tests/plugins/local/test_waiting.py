"""Attempts that wait take turns by execution."""

from plait_core.ir.ids import ExecutionId
from plait_local.waiting import Waiting

LONG, SHORT = ExecutionId(name="long"), ExecutionId(name="short")


def drained(waiting: Waiting[str]) -> list[str]:
    taken = []
    while waiting:
        first = waiting.first
        assert waiting.take() == first
        taken.append(first)
    return taken


def test_executions_are_served_in_turn() -> None:
    """One that came late with one attempt waits for one of another, not for all of them."""
    waiting: Waiting[str] = Waiting()
    for name in ("a", "b", "c"):
        waiting.add(LONG, name)
    waiting.add(SHORT, "x")

    assert (waiting.n_of(LONG), waiting.n_of(SHORT)) == (3, 1)
    assert drained(waiting) == ["a", "x", "b", "c"]


def test_attempt_leaves_the_line() -> None:
    """Once; the rest keep their order."""
    waiting: Waiting[str] = Waiting()
    for name in ("a", "b"):
        waiting.add(LONG, name)

    assert [waiting.remove(LONG, "a"), waiting.remove(LONG, "a"), waiting.remove(SHORT, "b")] == [True, False, False]
    assert drained(waiting) == ["b"]
