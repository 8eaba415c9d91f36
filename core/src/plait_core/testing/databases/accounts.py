"""What ``Accounts`` have to do."""

import attrs
import pytest

from plait_core.errors.stores import EntityUnknown, ExecutionUnfinished, VersionConflict
from plait_core.ir.ids import EntityId
from plait_core.ports.databases import AuditLine, Database, Page, Project, Token
from plait_core.testing._samples import NOON_NS, PLAN, SIGNAL, audit_line, closure, ended_execution, execution_id, turn
from plait_core.testing.databases.suite import DatabaseConformance, all_pages, story

HASH = "5e88"


class AccountsConformance(DatabaseConformance):
    """Proves ``Accounts``."""

    @story
    async def test_projects_are_put_and_listed(self, database: Database) -> None:
        """Ordered by id; putting one again replaces it."""
        flights = Project(id="flights", name="Flights", description="where to", labels={"team": "a"})
        await database.accounts.put_project(Project(id="weather"))
        await database.accounts.put_project(Project(id="flights"))
        await database.accounts.put_project(flights)

        assert list(await database.accounts.projects()) == [flights, Project(id="weather")]

    @story
    async def test_tokens_are_kept_until_deleted(self, database: Database) -> None:
        """Ordered by id; deleting one that is not there is no error."""
        tokens = [
            Token(
                id=name,
                principal="ada",
                secret_hash=HASH,
                roles={"*": "admin"},
                created_at_ns=NOON_NS,
                expires_at_ns=None,
            )
            for name in ("t1", "t2")
        ]
        for token in reversed(tokens):
            await database.accounts.put_token(token)
        assert list(await database.accounts.tokens()) == tokens

        for _again in range(2):
            await database.accounts.delete_token("t1")

        assert list(await database.accounts.tokens()) == tokens[1:]

    @story
    async def test_the_first_key_of_a_name_is_kept(self, database: Database) -> None:
        """Whoever comes later is given that one, so everybody signs alike."""
        kept = [await database.accounts.keep_key(name, key) for name, key in (("a", b"1"), ("a", b"2"), ("b", b"2"))]

        assert kept == [b"1", b"1", b"2"]

    @story
    async def test_the_audit_trail_is_read_backwards(self, database: Database) -> None:
        """Latest first, page by page, details included."""
        lines = [
            AuditLine(at_ns=NOON_NS, principal="ada", action=f"act-{n}", subject="e1", detail={"n": [n, None]})
            for n in range(3)
        ]
        for line in lines:
            await database.accounts.audit(line)

        shown = await all_pages(lambda token: database.accounts.audited(Page(limit=2, token=token)))

        assert shown == lines[::-1]

    @story
    async def test_changes_leave_their_lines(self, database: Database) -> None:
        """Each in the same transaction; what was refused, or was so before, leaves none."""
        accounts, registry, upkeep, inbox = database.accounts, database.registry, database.upkeep, database.inbox
        token = Token(id="t1", principal="ada", secret_hash=HASH, roles={"*": "admin"}, created_at_ns=NOON_NS)

        await accounts.put_project(Project(id="ml"), audit=audit_line("project"))
        await accounts.put_token(token, audit=audit_line("token"))
        await accounts.delete_token("t1", audit=audit_line("no token"))
        await accounts.delete_token("t1", audit=audit_line("refused"))
        await registry.register(closure("v1"), at_ns=NOON_NS, audit=audit_line("register"))
        await registry.activate(PLAN, is_active=True, at_ns=NOON_NS, audit=audit_line("activate"))
        with pytest.raises(VersionConflict):
            await registry.register(closure(node_inputs="b"), at_ns=NOON_NS, audit=audit_line("refused"))
        ended, execution = await ended_execution(database, "e1"), execution_id("e2")
        launch = turn(execution, audit=audit_line("launch"))
        assert not await database.log.append([launch])
        await database.log.append([attrs.evolve(launch, audit=audit_line("refused"))])
        await inbox.post(execution, SIGNAL, audit=audit_line("signal"))
        await inbox.post(execution, SIGNAL, audit=audit_line("refused"))
        await upkeep.archive(ended, is_archived=True, audit=audit_line("archive"))
        with pytest.raises(ExecutionUnfinished):
            await upkeep.archive(execution, is_archived=True, audit=audit_line("refused"))
        await upkeep.delete([execution], audit=audit_line("refused"))
        await upkeep.delete([execution, ended], audit=audit_line("delete"))
        await database.log.put_closure("c1", closure())
        await upkeep.delete_closures(["c1"], put_before_ns=0, audit=audit_line("refused"))
        await upkeep.delete_closures(["c1"], put_before_ns=2 * self.clock.now_ns(), audit=audit_line("forget"))

        shown, _ = await accounts.audited(Page())
        told = "project, token, no token, register, activate, launch, signal, archive, delete, forget"
        assert [line.action for line in shown[::-1]] == told.split(", ")

    @story
    async def test_what_cannot_be_switched_on_is_not_registered(self, database: Database) -> None:
        """Templates, the switch and the line come together or not at all."""
        registry, absent = database.registry, attrs.evolve(PLAN, version="v9")
        with pytest.raises(EntityUnknown):
            await registry.register(closure(), at_ns=NOON_NS, activate=(PLAN, absent), audit=audit_line("refused"))
        assert await registry.get(PLAN) is None
        assert await _active(database) is None
        assert await database.accounts.audited(Page()) == ([], "")

        await registry.register(closure(), at_ns=NOON_NS, activate=(PLAN,), audit=audit_line("registered"))

        assert await _active(database) == PLAN


async def _active(database: Database) -> EntityId | None:
    return await database.registry.active(project=PLAN.project, domain=PLAN.domain, name=PLAN.name)
