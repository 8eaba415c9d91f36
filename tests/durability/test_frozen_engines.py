"""Engines that are frozen for longer than their lease lasts, and then go on as if nothing had been."""

import os
import signal

import pytest

from tests.durability.stories import Story

pytestmark = pytest.mark.slow


def test_an_engine_that_thaws_finds_others_at_its_work(postgres_story: Story) -> None:
    """What it had begun is followed by whoever took over, its workers go on for both, and nothing is done twice."""
    postgres_story.enlist()

    with postgres_story.engine() as frozen:
        postgres_story.wait_moved(frozen)
        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            with postgres_story.engine() as heir:
                postgres_story.wait_moved(heir)
                os.kill(frozen.pid, signal.SIGCONT)
                assert postgres_story.wait(heir)
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        assert frozen.poll() is None

    postgres_story.check()
