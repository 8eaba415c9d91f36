"""What the cache says, and what follows from it."""

from plait_core.engine import _stimuli as st
from plait_core.ir import events as ev
from plait_core.ir.executions import CacheStatus, CacheVerdict
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.tasks import CachePolicy, RetryPolicy, TaskMetadata
from plait_core.ir.workflows import NodeMetadata
from tests.unit.engine.play import FLAKY, NOON, ONE, SECOND_NS, Play, kinds, node, task, workflow

N0 = NodeId("n0")
CACHED = task("cached", metadata=TaskMetadata(cache=CachePolicy(version="1"), retry=RetryPolicy(retries=1)))
HIT = CacheVerdict(status=CacheStatus.HIT, source="earlier/n0")
MISS = CacheVerdict(status=CacheStatus.MISS, reason="input a changed")
VANISHED = CacheVerdict(status=CacheStatus.MISS, reason="VANISHED")


def cached(metadata: NodeMetadata | None = None) -> Play:
    return Play(workflow(node("n0", CACHED, metadata=metadata)), CACHED)


def looked_up(
    play: Play, verdict: CacheVerdict, outputs: LiteralMap | None = None, retry_at_ns: int | None = None
) -> list[ev.Decision]:
    return play.tell(st.CacheLookedUp(NOON, N0, verdict, outputs, retry_at_ns))


def test_the_cache_is_asked_before_anything_runs() -> None:
    """No attempt exists until it has answered."""
    play = cached()

    assert play.first[-1] == ev.CacheRequested(node=N0)
    assert play.open == [("cache", "n0")]


def test_a_hit_ends_the_node_without_an_attempt() -> None:
    """The event says where the outputs came from."""
    decisions = looked_up(cached(), HIT, ONE)

    assert decisions[0] == ev.NodeSucceeded(node=N0, outputs=ONE, cache=HIT)
    assert kinds(decisions[1:]) == ["ExecutionEnded"]


def test_a_miss_is_recorded_with_its_reason() -> None:
    """The attempt follows, and its success repeats why it had to run."""
    for verdict in (MISS, VANISHED):
        play = cached()

        assert looked_up(play, verdict) == [
            ev.CacheAnswered(node=N0, verdict=verdict),
            ev.AttemptScheduled(node=N0, n=0),
        ]
        assert play.succeed("n0")[0] == ev.NodeSucceeded(node=N0, outputs=ONE, n=0, cache=verdict)


def test_the_cache_is_asked_once_per_node() -> None:
    """A retry runs without another look."""
    play = cached()
    looked_up(play, MISS)

    assert kinds(play.fail("n0")) == ["AttemptFailed n0", "AttemptScheduled n0"]


def test_a_value_that_somebody_else_makes_is_waited_for() -> None:
    """The cache is asked again when the time has come, and its answer counts then."""
    play = cached()
    later = NOON + SECOND_NS

    looked_up(play, MISS, retry_at_ns=later)
    assert play.open == [("timer", "n0", None, 0, "cache")]
    assert play.fire("n0", "cache") == [ev.CacheRequested(node=N0)]
    looked_up(play, HIT, ONE)

    assert play.state.phase is ExecutionPhase.SUCCEEDED


def test_a_second_answer_changes_nothing() -> None:
    """A look-up that was repeated after a crash may answer twice."""
    play = cached()
    looked_up(play, MISS)

    assert looked_up(play, HIT, ONE) == []


def test_a_node_may_do_without_the_cache_of_its_task() -> None:
    """`with_overrides(cache=False)`."""
    play = cached(metadata=NodeMetadata(cache_enabled=False))

    assert play.open == [("attempt", "n0", None, 0)]


def test_a_node_that_waits_for_the_cache_is_aborted_at_once() -> None:
    """Nothing of it runs yet."""
    play = cached()

    decisions = play.tell(st.AbortAsked(NOON, "enough"))

    assert kinds(decisions) == ["AbortRequested", "NodeEnded n0", "ExecutionEnded"]
    assert looked_up(play, HIT, ONE) == []
    assert play.fail("n0", FLAKY) == []
