"""
Live progress of a run: one line per running node, at the bottom of the terminal.

Drawn on standard error from a thread, because an inline task keeps the engine's own busy; nothing is drawn of what takes no
time. What tasks print goes above the lines. Used only where standard error is a terminal.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event as Flag
from threading import RLock, Thread
from time import monotonic
from typing import Any, Self, TextIO, cast

from plait_core.authoring.entities import Entity
from plait_core.hookspecs import hookimpl
from plait_core.ir import events as ev
from plait_core.ir.ids import ExecutionId, NodeId

EVERY_S = 0.1
_MOST_LINES = 10


class Progress:
    """
    The running nodes of this terminal's executions. Use as a context manager while they run.

    ``names`` maps ids of nodes to what they run, for those that are known.
    """

    def __init__(self, terminal: TextIO) -> None:
        """Draw on *terminal*."""
        self.names: Mapping[NodeId, str] = {}
        self._terminal = terminal
        self._running: dict[tuple[ExecutionId, NodeId], _Line] = {}
        self._n_done = 0
        self._n_drawn = 0
        self._lock = RLock()
        self._is_paused = False
        self._is_amid_a_line = False
        self._stop = Flag()
        self._thread = Thread(target=self._keep_drawing, name="progress", daemon=True)
        self._streams = (sys.stdout, sys.stderr)

    @hookimpl
    def plait_on_event(self, execution: ExecutionId, event: ev.Event) -> None:
        """Note what has begun and ended."""
        decision = event.decision
        node = getattr(decision, "node", None)
        if node is None:
            return
        with self._lock:
            match decision:
                case ev.NodeStarted(n_elements=n_elements):
                    self._running[execution, node] = _Line(n_elements)
                case ev.AttemptScheduled() if (execution, node) not in self._running:
                    self._running[execution, node] = _Line(None)
                case ev.ElementsSucceeded(outcomes=outcomes) if (execution, node) in self._running:
                    self._running[execution, node].n_done += len(outcomes)
                case ev.NodeSucceeded() | ev.NodeEnded():
                    self._running.pop((execution, node), None)
                    self._n_done += 1

    def __enter__(self) -> Self:
        """Begin to draw, and let what is printed go above."""
        self._streams = (sys.stdout, sys.stderr)
        sys.stdout, sys.stderr = (cast("TextIO", _Above(stream, self)) for stream in self._streams)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the lines away."""
        self._stop.set()
        self._thread.join()
        self._erase()
        sys.stdout, sys.stderr = self._streams

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Draw nothing meanwhile, because somebody types."""
        with self._lock:
            self._erase()
            self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False

    def print_above(self, text: str, stream: TextIO) -> int:
        """Write *text* where the lines were; they are drawn again below once it has ended its line."""
        with self._lock:
            self._erase()
            written = stream.write(text)
            stream.flush()
            self._is_amid_a_line = not text.endswith("\n")
            return written

    def _keep_drawing(self) -> None:
        while not self._stop.wait(EVERY_S):
            with self._lock:
                if not self._is_paused and not self._is_amid_a_line:
                    self._draw()

    def _draw(self) -> None:
        from shutil import get_terminal_size

        width = get_terminal_size().columns
        lines = [f"⠿ {node}  {self.names.get(node, '')}{line}" for (_, node), line in self._running.items()]
        shown = [line[: width - 1] for line in lines[:_MOST_LINES]]
        if len(lines) > _MOST_LINES:
            shown.append(f"  … {len(lines) - _MOST_LINES} more run, {self._n_done} are done")
        self._erase()
        self._terminal.write("".join(f"{line}\n" for line in shown))
        self._terminal.flush()
        self._n_drawn = len(shown)

    def _erase(self) -> None:
        if self._n_drawn:
            self._terminal.write(f"\x1b[{self._n_drawn}A\x1b[J")
            self._terminal.flush()
            self._n_drawn = 0


def names_of(entity: Entity[Any, Any]) -> Mapping[NodeId, str]:
    """Say what each node of *entity*'s own graph runs; raises what tracing it raises."""
    from plait_core.authoring.tracing import trace
    from plait_core.compiler.graphs import node_text

    closure = trace(entity).closure
    workflow = closure.workflow_by_id.get(closure.main)
    return {node.id: node_text(node) for node in workflow.nodes} if workflow is not None else {}


class _Line:
    """Since when a node runs, and how many of its elements are done."""

    def __init__(self, n_elements: int | None) -> None:
        self.n_elements = n_elements
        self.n_done = 0
        self._since = monotonic()

    def __str__(self) -> str:
        elements = f"  {self.n_done}/{self.n_elements}" if self.n_elements is not None else ""
        return f"{elements}  {monotonic() - self._since:.1f} s"


class _Above:
    """A stream whose text goes above the lines; otherwise the stream that it stands for."""

    def __init__(self, stream: TextIO, progress: Progress) -> None:
        self._stream = stream
        self._progress = progress

    def write(self, text: str) -> int:
        return self._progress.print_above(text, self._stream) if text else 0

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
