"""The host: a run, as those see it who carry out its commands (``_acting``)."""

from typing import Protocol

from plait_core.compiler.closures import CompiledClosure
from plait_core.engine import _commands as cmd
from plait_core.engine import _stimuli as st
from plait_core.engine._children import Children
from plait_core.engine._keeping import Keeping
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.ir.ids import AttemptId, NodeId
from plait_core.ports.executors import Report


class Host(Protocol):
    """The run that commands are carried out for: where answers go, and what is kept between commands."""

    services: Services
    state: ExecutionState
    children: Children
    exceptions: dict[NodeId, BaseException]
    keeping: Keeping
    closures: dict[str, CompiledClosure]

    def tell(self, stimulus: st.Stimulus) -> None:
        """Take an answer."""
        ...

    def recall(self, command: cmd.Command, *, first: bool = False) -> None:
        """Put a command back in line."""
        ...

    def look_again(self, node: NodeId) -> None:
        """Ask again what *node* waits for."""
        ...

    def break_off(self, failure: BaseException) -> None:
        """Stop driving because of *failure*."""
        ...

    def hear(self, report: Report) -> None:
        """Take an executor's report."""
        ...

    def end(self, attempt: AttemptId, stimulus: st.Stimulus) -> None:
        """Take word that an attempt is over, which the next commit makes safe."""
        ...

    def release_later(self, attempt: AttemptId) -> None:
        """Let the executor forget an attempt after the next commit."""
        ...
