"""
PostgreSQL under engines that are at work: connections cut, backends and the whole server killed, and away for a while.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.durability.stories import Story
from tests.postgres import Cluster

pytestmark = pytest.mark.slow


def until_ended(story: Story, engine: subprocess.Popen[str], harm: Callable[[], object]) -> int:
    """Do harm, each time after something was committed, until everything has ended; returns how often."""
    n = 0
    while not story.have_ended():
        story.wait_moved(engine)
        harm()
        n += 1
    return n


def test_connections_may_be_cut_at_any_time(postgres_story: Story, cluster: Cluster) -> None:
    """The server ends every connection again and again; each turn is committed once."""
    postgres_story.enlist()

    def cut() -> None:
        with cluster.connect("postgres") as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'plait'")

    with postgres_story.engine() as engine:
        assert until_ended(postgres_story, engine, cut) >= 3

    postgres_story.check()


def test_a_killed_backend_is_survived(postgres_story: Story, cluster: Cluster) -> None:
    """The server drops everyone and recovers from its log; engines go on where it lets them."""
    postgres_story.enlist()
    n_kills = 0

    def kill() -> None:
        nonlocal n_kills
        if n_kills < 3:
            n_kills += bool(cluster.kill_backends("plait"))
            cluster.wait_ready()

    with postgres_story.engine() as engine:
        until_ended(postgres_story, engine, kill)

    assert n_kills == 3
    postgres_story.check()


def test_a_server_may_crash_and_be_away(postgres_story: Story, cluster: Cluster) -> None:
    """Killed as a whole and started again after longer than a lease lasts: nothing that was committed is lost or repeated."""
    postgres_story.enlist()

    with postgres_story.engine() as engine:
        postgres_story.wait_moved(engine)
        cluster.stop(signal.SIGKILL)
        time.sleep(2 * postgres_story.ttl_s)
        assert engine.poll() is None
        cluster.start()
        assert postgres_story.wait(engine)

    postgres_story.check()


def test_a_server_and_an_engine_may_crash_at_once(postgres_story: Story, cluster: Cluster) -> None:
    """As when their machine does; the next engine begins where the log ends."""
    postgres_story.enlist()

    with postgres_story.engine() as engine:
        postgres_story.wait_moved(engine)
        os.kill(engine.pid, signal.SIGKILL)
        cluster.stop(signal.SIGKILL)
    cluster.start()
    with postgres_story.engine() as engine:
        assert postgres_story.wait(engine)

    postgres_story.check()
