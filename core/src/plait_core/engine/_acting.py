"""
Carrying out commands: the only place where a run touches the world.

Called by ``Run``, one command at a time and in the order decided; each kind of command has a module of its own. Whatever takes long
becomes an errand and answers by a stimulus; what ends at once answers at once.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from plait_core.engine import _commands as cmd
from plait_core.engine._errands import Errands
from plait_core.engine._following import Following
from plait_core.engine._growing import Growing
from plait_core.engine._host import Host
from plait_core.engine._inputs import Inputs
from plait_core.engine._lookups import Lookups
from plait_core.engine._reading import Reading
from plait_core.engine._references import Reference
from plait_core.engine._searching import Searching
from plait_core.engine._submitting import Submitting
from plait_core.errors.stores import BlobUnavailable


class Acting:
    """Carries out the commands of one run."""

    def __init__(self, run: Host) -> None:
        cache = Lookups(run)
        reference = Reference(run.state, run.children, cache.is_whole, run.services.blobs_root)
        inputs = Inputs(run)
        errands = self._errands = Errands(run)
        self.attempts = Submitting(run, errands, inputs, cache)
        self.searching = Searching(run, errands, inputs, cache, reference)
        self.following = Following(run, errands, inputs, reference)
        self.growing = Growing(run, errands)
        reading = Reading(run, errands, inputs)
        self._acts: dict[type, Callable[[Any], Awaitable[None]]] = {
            cmd.Submit: self.attempts.submit,
            cmd.SubmitElements: self.attempts.submit_elements,
            cmd.Cancel: self.attempts.cancel,
            cmd.CancelElements: self.attempts.cancel_elements,
            cmd.LoadValue: reading.load_value,
            cmd.AssembleOutputs: reading.assemble_outputs,
            cmd.LookUpReference: self.searching.look_up_reference,
            cmd.LookUpCache: self.searching.look_up_cache,
            cmd.LookUpElements: self.searching.look_up_elements,
            cmd.StartChild: self.following.start_child,
            cmd.AbortChild: self.following.abort_child,
            cmd.CompileFragment: self.growing.compile_fragment,
        }

    async def carry_out(self, command: cmd.Command) -> None:
        """Do what the command says; its answer comes as a stimulus, now or later. Storage that does not answer is asked again."""
        try:
            await self._acts[type(command)](command)
        except BlobUnavailable as busy:
            self._errands.begin(self._errands.again(command, busy.delay_s))

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on for this run outside."""
        return self._errands.are_done and not self.attempts.has_any_out

    async def close(self) -> None:
        """End what is still going on for this run."""
        await self._errands.close()
        self.following.close()
