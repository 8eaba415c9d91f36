"""
``plait logs``: what the tasks of an execution print.

With ``-f`` it goes on until the execution has ended. Exit codes: 0 shown, 1 it is not there or cannot be reached, 2 usage: no such node or attempt, 130 Ctrl-C.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import click

from plait.cli.failures import INTERRUPTED_EXIT
from plait.cli.interrupts import Interrupted, run_interruptibly
from plait.cli.session import Session, with_place
from plait.control.plane import ControlPlane
from plait_core.ir.events import AttemptScheduled, ElementsScheduled
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.databases import Page

NAMED = 50
"""How many nodes are named to somebody who asks for one that is not there."""


@click.command()
@with_place
@click.option("-f", "--follow", "follows", is_flag=True, help="Go on as more is printed, until the end.")
@click.option("--attempt", "n", type=click.IntRange(min=0), metavar="N", help="Only this attempt, from 0 on.")
@click.option("--element", type=click.IntRange(min=0), metavar="N", help="Only this element of a map.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document per line.")
@click.argument("id", metavar="EXECUTION")
@click.argument("node", required=False, default="", metavar="[NODE]")
@click.pass_context
def command(
    ctx: click.Context, /, id: str, node: str, *, follows: bool, n: int | None, element: int | None, as_json: bool
) -> None:
    """Show what tasks print: of all nodes, or of one."""
    session: Session = ctx.obj

    def wanted(attempt: AttemptId) -> bool:
        return n in {None, attempt.n} and element in {None, attempt.element}

    async def read() -> int:
        async with session.plane(follows=follows) as plane:
            reader = _Reader(plane, session.execution_id(id), node, wanted, follows=follows, as_json=as_json)
            await reader.check_node()
            await (reader.follow() if follows else reader.show())
            if not reader.has_found and (n, element) != (None, None):
                raise click.UsageError(
                    f"no such attempt; `plait get execution {id}{session.flags}` shows those there are"
                )
            return reader.n_lines

    try:
        n_lines = run_interruptibly(read())
    except Interrupted:
        ctx.exit(INTERRUPTED_EXIT)
    if not n_lines:
        kept = "nothing is kept of what they print; tasks of the executor inline print to their own terminal"
        click.echo("nothing was printed" if session.is_remote() else kept, err=True)


class _Reader:
    """Prints logs of attempts of one execution; each line says whose it is unless one node was asked for."""

    def __init__(
        self,
        plane: ControlPlane,
        execution: ExecutionId,
        node: str,
        wanted: Callable[[AttemptId], bool],
        *,
        follows: bool,
        as_json: bool,
    ) -> None:
        self._follows = follows
        self._plane = plane
        self._execution = execution
        self._node = NodeId(node) if node else None
        self._wanted = wanted
        self._as_json = as_json
        self._seen: set[AttemptId] = set()
        self.n_lines = 0

    @property
    def has_found(self) -> bool:
        """Whether there was any attempt to read."""
        return bool(self._seen)

    async def check_node(self) -> None:
        """Raise ``click.UsageError`` unless the execution has, or may come to have, the node; its own error if there is none."""
        detail = await self._plane.execution(self._execution)
        if self._node is None:
            return
        if self._follows and detail.phase not in TERMINAL_EXECUTION:
            return
        if await self._plane.node(self._execution, self._node) is None:
            some = await self._plane.rows(self._execution, page=Page(limit=NAMED))
            names = ", ".join([row.node for row in some.items] + ["…"] * bool(some.token)) or "none"
            raise click.UsageError(f"{self._execution.name} has no node {self._node!r}; it has: {names}")

    async def show(self) -> None:
        """Print what there is, one attempt after the other."""
        for attempt in await self._new():
            await self._print(attempt, follows=False)

    async def follow(self) -> None:
        """Print what there is and what comes, of all attempts at once."""
        async with asyncio.TaskGroup() as readers:
            for attempt in await self._new():
                readers.create_task(self._print(attempt, follows=True))
            async with aclosing(self._plane.events(self._execution)) as events:
                async for event in events:
                    if isinstance(event.decision, AttemptScheduled | ElementsScheduled) and self._is_new(
                        event.decision
                    ):
                        for attempt in await self._new():
                            readers.create_task(self._print(attempt, follows=True))

    def _is_new(self, decision: AttemptScheduled | ElementsScheduled) -> bool:
        if isinstance(decision, ElementsScheduled):
            return self._node in {None, decision.node}
        known = {(attempt.node, attempt.element, attempt.n) for attempt in self._seen}
        return (decision.node, decision.element, decision.n) not in known

    async def _new(self) -> list[AttemptId]:
        found = [row.id for row in await self._plane.attempts(self._execution, self._node)]
        new = [attempt for attempt in found if attempt not in self._seen and self._wanted(attempt)]
        self._seen.update(new)
        return new

    async def _print(self, attempt: AttemptId, *, follows: bool) -> None:
        rest = b""
        async with aclosing(self._plane.log(attempt, follows=follows)) as chunks:
            async for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._line(attempt, line)
        if rest:
            self._line(attempt, rest)

    def _line(self, attempt: AttemptId, line: bytes) -> None:
        self.n_lines += 1
        text = line.decode(errors="replace")
        if self._as_json:
            from json import dumps

            document: dict[str, Any] = {"node": attempt.node, "element": attempt.element, "n": attempt.n, "text": text}
            click.echo(dumps(document, ensure_ascii=False))
        elif self._node is None:
            element = "" if attempt.element is None else f"[{attempt.element}]"
            click.echo(f"{attempt.node}{element} │ {text}")
        else:
            click.echo(text)
