"""
Engines that are killed with SIGKILL around the commits of a workflow that has a node of every kind.

Workers outlive them and the next engine finds what they did, so in the end every body has run exactly once.
"""

import signal
from collections.abc import Callable

import attrs
import pytest

from tests.durability.stories import N_TURNS, Story

pytestmark = pytest.mark.slow


def test_nothing_happens_twice_without_harm(story: Story) -> None:
    """What is expected of an engine that dies holds for one that lives."""
    story.enlist()

    with story.engine() as engine:
        story.wait(engine)

    story.check()


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_engine_may_die_at_any_transition(when: str, story: Story, stride: Callable[[int], range]) -> None:
    """The next one ends what the first began, wherever the first came to."""
    n_killed = 0
    for turn in stride(N_TURNS):
        one = story.another()
        one.enlist()
        with one.engine(turn=turn, when=when) as engine:
            one.wait(engine)
        n_killed += engine.returncode == -signal.SIGKILL
        with one.engine() as engine:
            one.wait(engine)
        one.check()
        one.end()

    assert n_killed > 0.6 * len(stride(N_TURNS))


@pytest.mark.parametrize("where", ["story", "postgres_story"])
def test_a_killed_engine_of_this_machine_is_succeeded_at_once(where: str, request: pytest.FixtureRequest) -> None:
    """That its process is gone can be seen; nobody waits until its lease runs out, which takes an hour."""
    story: Story = attrs.evolve(request.getfixturevalue(where), ttl_s=3600.0)
    story.enlist()
    with story.engine(turn=7) as engine:
        story.wait(engine)
    assert engine.returncode == -signal.SIGKILL

    with story.engine() as engine:
        story.wait(engine)

    story.check()


@pytest.mark.parametrize(("where", "turns", "when"), [("story", 7, "after"), ("postgres_story", 8, "before")])
def test_engines_may_die_one_after_another(where: str, turns: int, when: str, request: pytest.FixtureRequest) -> None:
    """Each of many engines lives for a few turns, more than an eager task needs to begin again, until everything has ended."""
    story: Story = request.getfixturevalue(where)
    story.enlist()

    n_lives = 0
    while not story.have_ended():
        with story.engine(turn=turns, when=when) as engine:
            story.wait(engine)
        n_lives += 1
        assert n_lives < 60, story.told()

    assert n_lives >= 3
    story.check()
