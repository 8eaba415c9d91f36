"""What every ``Registry`` has to do."""

from collections.abc import Sequence

import attrs
import pytest

from plait_core.errors.stores import EntityUnknown, VersionConflict
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ports.databases import Database, Page
from plait_core.testing._samples import NOON_NS, PLAN, TASK, WORKFLOW, closure
from plait_core.testing.databases.suite import DatabaseConformance, all_pages, story


class RegistryConformance(DatabaseConformance):
    """Proves a ``Registry``."""

    @story
    async def test_equal_is_fine_and_different_is_a_conflict(self, database: Database) -> None:
        """A second registration is no news; one with other content is refused as a whole."""
        new = await database.registry.register(closure(), at_ns=NOON_NS)
        again = await database.registry.register(closure(), at_ns=NOON_NS + 1)

        assert set(new) == {TASK, WORKFLOW, PLAN}
        assert list(again) == []
        other_task = attrs.evolve(closure("v2").tasks[0], id=attrs.evolve(TASK, name="app.other"))
        changed = attrs.evolve(closure(node_inputs="b"), tasks=(other_task, *closure().tasks))
        with pytest.raises(VersionConflict):
            await database.registry.register(changed, at_ns=NOON_NS)
        assert await database.registry.get(other_task.id) is None
        assert await database.registry.get(WORKFLOW) == closure().workflows[0]

    @story
    async def test_no_version_means_the_newest(self, database: Database) -> None:
        """Newest is registered last, whatever the version is called."""
        for version in ("v2", "v10", "v1"):
            await database.registry.register(closure(version), at_ns=NOON_NS)

        assert await database.registry.get(attrs.evolve(TASK, version="")) == closure("v1").tasks[0]
        assert await database.registry.get(attrs.evolve(TASK, version="v2")) == closure("v2").tasks[0]
        assert await database.registry.get(attrs.evolve(TASK, version="v3")) is None
        assert await database.registry.get(attrs.evolve(TASK, name="app.no", version="")) is None

    @story
    async def test_a_closure_holds_what_its_main_reaches(self, database: Database) -> None:
        """From a plan everything, from a task itself alone."""
        await database.registry.register(closure(), at_ns=NOON_NS)

        assert await database.registry.closure(attrs.evolve(PLAN, version="")) == closure()
        whole = closure()
        task_only = attrs.evolve(whole, main=TASK, workflows=(), launch_plans=())
        assert await database.registry.closure(TASK) == task_only
        assert await database.registry.closure(attrs.evolve(TASK, version="no")) is None

    @story
    async def test_lists_show_newest_versions_then_all(self, database: Database) -> None:
        """Without a name one version of each, with a name its versions; newest first, page by page."""
        renamed = attrs.evolve(closure().tasks[0], id=attrs.evolve(TASK, name="app.sub"))
        await database.registry.register(closure(), at_ns=NOON_NS)
        await database.registry.register(attrs.evolve(closure(), tasks=(renamed,)), at_ns=NOON_NS)
        await database.registry.register(closure("v2"), at_ns=NOON_NS)

        async def page(token: str, name: str = "") -> tuple[Sequence[EntityId], str]:
            return await database.registry.list(
                EntityKind.TASK, project="default", domain="development", name=name, page=Page(limit=1, token=token)
            )

        newest = attrs.evolve(TASK, version="v2")
        assert await all_pages(page) == [newest, renamed.id]
        assert await all_pages(lambda token: page(token, "app.add")) == [newest, TASK]
        narrowed, _ = await database.registry.list(
            EntityKind.TASK, project="default", domain="development", name_contains=".su"
        )
        assert list(narrowed) == [renamed.id]

        async def of_version(version: str, token: str, name: str = "") -> tuple[Sequence[EntityId], str]:
            page = Page(limit=1, token=token)
            return await database.registry.list(
                EntityKind.TASK, project="default", domain="development", name=name, version=version, page=page
            )

        assert await all_pages(lambda token: of_version("v1", token)) == [renamed.id, TASK]
        assert await all_pages(lambda token: of_version("v2", token)) == [newest]
        assert await all_pages(lambda token: of_version("v1", token, "app.add")) == [TASK]
        assert await all_pages(lambda token: of_version("v3", token)) == []
        nothing = await database.registry.list(EntityKind.TASK, project="p", domain="development")
        assert (list(nothing[0]), nothing[1]) == ([], "")

    @story
    async def test_launch_plans_of_a_workflow_are_listed(self, database: Database) -> None:
        """Those whose newest version runs it, in whichever version, page by page; not those that have gone on to another."""
        registry, (plan,) = database.registry, closure().launch_plans
        other = attrs.evolve(WORKFLOW, name="app.other")

        async def register(name: str, version: str, workflow: EntityId) -> EntityId:
            id_ = attrs.evolve(PLAN, name=name, version=version)
            made = attrs.evolve(plan, id=id_, workflow=workflow)
            await registry.register(attrs.evolve(closure(), launch_plans=(made,), main=id_), at_ns=NOON_NS)
            return id_

        await register("left", "v1", WORKFLOW)
        first = await register("first", "v1", WORKFLOW)
        await register("left", "v2", other)
        second = await register("second", "v9", attrs.evolve(WORKFLOW, version="v9"))
        await register("never", "v1", attrs.evolve(WORKFLOW, project="elsewhere"))
        third = await register("third", "v1", WORKFLOW)

        async def page(token: str) -> tuple[Sequence[EntityId], str]:
            return await registry.list(
                EntityKind.LAUNCH_PLAN,
                project="default",
                domain="development",
                workflow=WORKFLOW,
                page=Page(limit=1, token=token),
            )

        assert await all_pages(page) == [third, second, first]

    @story
    async def test_first_registration_is_dated(self, database: Database) -> None:
        """A second one of the same changes nothing, and what nobody registered has no date."""
        newer, unknown = attrs.evolve(TASK, version="v2"), attrs.evolve(TASK, version="v3")
        await database.registry.register(closure(), at_ns=NOON_NS)
        await database.registry.register(closure("v2"), at_ns=NOON_NS + 1)
        await database.registry.register(closure(), at_ns=NOON_NS + 2)

        found = await database.registry.registered_at([newer, unknown, TASK, PLAN])

        assert dict(found) == {newer: NOON_NS + 1, TASK: NOON_NS, PLAN: NOON_NS}
        assert dict(await database.registry.registered_at([])) == {}

    @story
    async def test_one_version_of_a_plan_is_active(self, database: Database) -> None:
        """Activating another version replaces it; deactivating one that is not active changes nothing."""
        await database.registry.register(closure(), at_ns=NOON_NS)
        await database.registry.register(closure("v2"), at_ns=NOON_NS)
        newer = attrs.evolve(PLAN, version="v2")

        async def active() -> EntityId | None:
            return await database.registry.active(project="default", domain="development", name="app.wf")

        assert await active() is None
        await database.registry.activate(PLAN, is_active=True, at_ns=NOON_NS)
        await database.registry.activate(newer, is_active=True, at_ns=NOON_NS)
        assert await active() == newer
        await database.registry.activate(PLAN, is_active=False, at_ns=NOON_NS)
        assert await active() == newer
        await database.registry.activate(newer, is_active=False, at_ns=NOON_NS)
        assert await active() is None

    @story
    async def test_only_registered_plans_are_activated(self, database: Database) -> None:
        """Neither what is unknown nor what is no launch plan."""
        await database.registry.register(closure(), at_ns=NOON_NS)

        for wrong in (attrs.evolve(PLAN, version="v9"), TASK):
            with pytest.raises(EntityUnknown):
                await database.registry.activate(wrong, is_active=True, at_ns=NOON_NS)
