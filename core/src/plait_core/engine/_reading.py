"""
Reading: parts of large values that rules ask for, and the lists that maps make, which may be large.

Used by ``Acting`` for one run.
"""

from plait_core.engine import _commands as cmd
from plait_core.engine import _stimuli as st
from plait_core.engine._bindings import NoSuchPart, part_of
from plait_core.engine._errands import Errands
from plait_core.engine._failures import final
from plait_core.engine._host import Host
from plait_core.engine._inputs import Inputs
from plait_core.engine._units import outputs_prefix
from plait_core.errors import PlaitError
from plait_core.errors.stores import BlobUnavailable
from plait_core.ir.literals import Collection, Literal, Offloaded
from plait_core.ir.types import NONE, CollectionType, LiteralType
from plait_core.types.offloading import fetch, offload


class Reading:
    """Values of one run that are stored apart."""

    def __init__(self, run: Host, errands: Errands, inputs: Inputs) -> None:
        self._run = run
        self._services = run.services
        self._state = run.state
        self._errands = errands
        self._inputs = inputs

    async def load_value(self, command: cmd.LoadValue) -> None:
        """Read a part of a stored value."""
        self._errands.begin(self._read(command))

    async def _read(self, command: cmd.LoadValue) -> None:
        value, error = None, None
        try:
            whole = await fetch(_stored_at(command.uri), self._inputs.named)
            value = part_of(whole, command.path, {}) if command.path else whole
        except BlobUnavailable as busy:
            await self._errands.again(command, busy.delay_s)
            return
        except (PlaitError, NoSuchPart) as failure:
            error = final(failure)
        self._run.tell(st.ValueRead(self._now(), command.node, command.uri, command.path, value, error))

    async def assemble_outputs(self, command: cmd.AssembleOutputs) -> None:
        """Put the outputs of the elements of a map together in one list."""
        node = self._state.nodes[command.node]
        array = node.array
        assert array is not None
        literal = Literal(value=Collection(literals=array.outputs.literals()))
        types = list(node.template.interface.output_types.values())
        if types:
            list_type = LiteralType(type=CollectionType(element=types[0]))
            prefix = outputs_prefix(self._state.id, node, self._services.blobs_root)
            literal = await offload(literal, list_type, prefix, self._services.blobs)
        self._inputs.forget(node.id)
        self._run.tell(st.OutputsAssembled(self._now(), node.id, literal))

    def _now(self) -> int:
        return self._services.clock.now_ns()


def _stored_at(uri: str) -> Literal:
    return Literal(value=Offloaded(uri=uri, size_bytes=0, type=NONE, digest=""))
