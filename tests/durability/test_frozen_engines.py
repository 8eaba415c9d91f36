"""Engines that are frozen for longer than their lease lasts, and then go on as if nothing had been."""

import os
import signal

import attrs
import pytest

from tests.durability.stories import Story

pytestmark = pytest.mark.slow


def test_an_engine_that_thaws_finds_others_at_its_work(postgres_story: Story) -> None:
    """What it had begun is followed by whoever took over, its workers go on for both, and nothing is done twice."""
    story = attrs.evolve(postgres_story, concurrency=32)  # so that none of its attempts waits for another
    story.enlist()

    with story.engine() as frozen:
        story.wait_moved(frozen)
        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            with story.engine() as heir:
                story.wait_moved(heir)
                os.kill(frozen.pid, signal.SIGCONT)
                assert story.wait(heir)
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        assert frozen.poll() is None

    story.check()
