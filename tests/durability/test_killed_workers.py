"""
Workers that are killed with SIGKILL, by what they run or from outside: what was lost is done again, what had ended is not.
"""

from collections import Counter
from collections.abc import Callable

import attrs
import pytest

from plait_core.ir.executions import Fault
from tests.durability.stories import DOOMED, LABELS, MAIN, N_TURNS, Story

pytestmark = pytest.mark.slow


def test_a_worker_may_die_within_any_body(story: Story) -> None:
    """Each body kills its process when it is about to end for the first time; the next attempt of the system's budget ends it."""
    story = attrs.evolve(story, is_murderous=True)
    story.enlist()

    with story.engine() as engine:
        story.wait(engine)

    story.check(may_repeat=True)
    assert (story.bodies() - Counter(LABELS)).keys() <= {"dear"}, "whose second asker may come between two attempts"
    lost = [
        row for row in (*story.attempts(MAIN), *story.attempts(DOOMED)) if row.error and row.error.code == "Interrupted"
    ]
    assert len(lost) >= 19
    assert {row.error.fault for row in lost if row.error} == {Fault.SYSTEM}


def test_all_workers_may_die_at_any_transition(story: Story, stride: Callable[[int], range]) -> None:
    """Every attempt that was out is lost, and made up for; those that had ended are not repeated."""
    for turn in stride(N_TURNS):
        one = story.another()
        one.enlist()
        with one.engine(turn=turn, kills_workers=True) as engine:
            one.wait(engine)
        one.check(may_repeat=True)
        ended = Counter(
            str(row.id) for row in one.attempts(MAIN) if row.phase.value in {"SUCCEEDED", "RETRYABLE_FAILED"}
        )
        assert set(ended.values()) == {1}
        one.end()
