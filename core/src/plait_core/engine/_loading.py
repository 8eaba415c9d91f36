"""Loading: the state of an execution, from its latest snapshot and the events after it."""

from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.engine._turns import fold
from plait_core.ir import events as ev
from plait_core.ir.ids import ExecutionId


async def load(services: Services, execution: ExecutionId) -> ExecutionState:
    """Read an execution's state from its latest snapshot and its log, with the closures that these name."""
    log = services.database.log
    state = await _snapshot(services, execution) or ExecutionState(id=execution, library=services.library)
    events = await log.read(execution, after=state.seq)
    held = []
    for event in events:
        digest = getattr(event.decision, "closure", "")
        if digest and not isinstance(event.decision, ev.FragmentReceived):
            held.append(await services.fetch(digest))
    return fold(state, events)


async def _snapshot(services: Services, execution: ExecutionId) -> ExecutionState | None:
    snapshot = await services.database.log.load_snapshot(execution)
    if snapshot is None:
        return None
    from plait_core.engine._snapshots import read

    reading = read(snapshot)
    if reading is None:
        return None
    held = [await services.fetch(digest) for digest in reading.closures]
    state = reading.state(execution, services.library)
    del held  # by now, the state has what it needs of them
    return state
