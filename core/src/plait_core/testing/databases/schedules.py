"""What ``Schedules`` have to do."""

import attrs

from plait_core.ports.databases import Database, ScheduleState
from plait_core.testing._samples import NOON_NS, PLAN, closure
from plait_core.testing.databases.suite import DatabaseConformance, story


class SchedulesConformance(DatabaseConformance):
    """Proves ``Schedules``."""

    @story
    async def test_active_plans_with_a_schedule_have_a_state(self, database: Database) -> None:
        """It begins with the activation, which a second one does not disturb, and ends with deactivation."""
        bare = attrs.evolve(closure().launch_plans[0], id=attrs.evolve(PLAN, name="app.bare"), schedule=None)
        await database.registry.register(
            attrs.evolve(closure(), launch_plans=(*closure().launch_plans, bare)), at_ns=NOON_NS
        )
        assert list(await database.schedules.states()) == []

        for plan in (PLAN, bare.id):
            await database.registry.activate(plan, is_active=True, at_ns=NOON_NS)
        await database.registry.activate(PLAN, is_active=True, at_ns=NOON_NS + 5)

        state = ScheduleState(launch_plan=PLAN, activated_at_ns=NOON_NS, fired_until_ns=NOON_NS)
        assert list(await database.schedules.states()) == [state]
        await database.registry.activate(PLAN, is_active=False, at_ns=NOON_NS + 9)
        assert list(await database.schedules.states()) == []

    @story
    async def test_progress_never_goes_back(self, database: Database) -> None:
        """The latest tick counts, and only of the version that is active."""
        for version in ("v1", "v2"):
            await database.registry.register(closure(version), at_ns=NOON_NS)
        await database.registry.activate(PLAN, is_active=True, at_ns=NOON_NS)

        for until_ns in (NOON_NS + 7, NOON_NS + 3):
            await database.schedules.fired(PLAN, until_ns=until_ns)
        await database.schedules.fired(attrs.evolve(PLAN, version="v2"), until_ns=NOON_NS + 9)

        (state,) = await database.schedules.states()
        assert state.fired_until_ns == NOON_NS + 7
