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


def test_newcomer_is_served_soon() -> None:
    """It waits for one of another execution at most, not for one of each."""
    waiting: Waiting[str] = Waiting()
    for name in "abc":
        for _ in range(3):
            waiting.add(ExecutionId(name=name), name)
    for _ in range(4):
        waiting.take()

    waiting.add(SHORT, "x")

    assert "x" in drained(waiting)[:2]


def test_newcomers_leave_others_half_of_the_turns() -> None:
    """A steady stream of them does not starve whoever waits with many."""
    waiting: Waiting[str] = Waiting()
    for _ in range(5):
        waiting.add(LONG, "a")
    waiting.take()
    for number in range(6):
        waiting.add(ExecutionId(name=f"n{number}"), "x")

    assert drained(waiting)[:8] == ["x", "a"] * 4
