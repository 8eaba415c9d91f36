"""
Scopes: the workflow under check, and what its promises resolve to.

Shared by the checks of nodes, branches and outputs. A type of ``None`` means that another fault, or a struct without
known fields, hides it; nothing is said about edges from there.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from plait_core.compiler.assignability import Assignability, assignable
from plait_core.compiler.linking import CompiledWorkflow, arm_nodes
from plait_core.compiler.paths import part_type, path_text
from plait_core.compiler.signatures import Signature, Signatures
from plait_core.compiler.values import own_type
from plait_core.compiler.wording import entity_text
from plait_core.errors.compiling import Fault
from plait_core.ir.ids import NodeId
from plait_core.ir.types import LiteralType, UnionType
from plait_core.ir.workflows import (
    WORKFLOW_INPUT,
    Approve,
    Array,
    BindingData,
    Branch,
    Const,
    Gate,
    LaunchPlanRef,
    Node,
    Promise,
    SourceLine,
    SubWorkflowRef,
    TaskRef,
    WaitForInput,
)

_NO_OUTPUTS: Mapping[str, LiteralType] = {}
_SHOWN = 8


class Scope:
    """A workflow under check."""

    def __init__(self, linked: CompiledWorkflow, signatures: Signatures, fits: Assignability) -> None:
        self.template = linked.template
        self.node_by_id = linked.node_by_id
        self.signatures = signatures
        self.task_by_id = signatures.task_by_id
        self.fits = fits
        self.place = entity_text(linked.template.id)
        self._outputs: dict[NodeId, Mapping[str, LiteralType | None] | None] = {
            WORKFLOW_INPUT: linked.template.interface.input_types
        }
        for id_ in chain(linked.order, linked.node_by_id):  # the order lacks what is in a cycle
            if id_ not in self._outputs:
                self._outputs[id_] = self.outputs_of(linked.node_by_id[id_])

    def signature_of(self, node: Node) -> Signature | None:
        """Find the signature of the entity that *node* runs; ``None`` for branches, gates and absent entities."""
        match node.target:
            case TaskRef(id=id_) | SubWorkflowRef(id=id_) | LaunchPlanRef(id=id_):
                return self.signatures.of(id_)
            case Array() as array:
                return self.signatures.of_array(array)
        return None

    def outputs_of(self, node: Node) -> Mapping[str, LiteralType | None] | None:
        """Find output name -> type of *node*; ``None`` when its entity is absent."""
        match node.target:
            case Branch() as branch:
                return self._common_outputs(branch)
            case Gate(condition=Approve()):
                return {binding.var: self.type_of(binding.data) for binding in node.inputs}
            case Gate(condition=WaitForInput(output_var=var, type=type_)):
                return {var: type_}
            case Gate():
                return _NO_OUTPUTS
        signature = self.signature_of(node)
        return signature.outputs if signature else None

    def type_of(self, data: BindingData) -> LiteralType | None:
        """Find the type of *data*; ``None`` when it is unknown."""
        match data:
            case Promise() as promise:
                found = self.resolve(promise, "")
                return None if isinstance(found, Fault) else found
            case Const(value=value):
                return own_type(value)
        return None

    def resolve(self, promise: Promise, what: str, node: Node | None = None) -> LiteralType | Fault | None:
        """Find the type that *promise* stands for, or what is wrong with it as the source of *what* of *node*."""
        if promise.node not in self._outputs:
            if promise.node in self.node_by_id:
                return None
            return self.fault(
                "unknown-node",
                f"{what} takes its value from node {promise.node!r}, which does not exist",
                f"the nodes here are {shown(self.node_by_id)}",
                node,
            )
        outputs = self._outputs[promise.node]
        if outputs is None:
            return None
        if promise.var not in outputs:
            kind = (
                f"output {promise.var!r} of node {promise.node}" if promise.node else f"workflow input {promise.var!r}"
            )
            known = f"it has {shown(outputs)}" if outputs else "it has none"
            return self.fault("unknown-output", f"{what} takes {kind}, which does not exist", known, node, promise.node)
        type_ = outputs[promise.var]
        if not promise.path or type_ is None:
            return type_
        try:
            return part_type(type_, promise.path)
        except LookupError as error:
            message = f"{what} takes {path_text(promise.path)} of {promise_text(promise)}, but {error}"
            return self.fault("bad-path", message, "correct the path, or the type it walks", node, promise.node)

    def fault(self, code: str, message: str, remedy: str, node: Node | None = None, *others: NodeId) -> Fault:
        """Make a fault of this workflow; its source lines are those of *node* and of the *others*."""
        sources = [node.source if node else None]
        sources += [self.node_by_id[id_].source for id_ in others if id_ in self.node_by_id]
        return Fault(
            code=code,
            entity=self.place,
            message=message,
            remedy=remedy,
            node=node.id if node else "",
            sources=lines(sources),
        )

    def _common_outputs(self, branch: Branch) -> Mapping[str, LiteralType | None] | None:
        of_arms = [outputs for node in arm_nodes(branch) if (outputs := self.outputs_of(node)) is not None]
        if not of_arms:
            return None
        common = [name for name in of_arms[0] if all(name in outputs for outputs in of_arms)]
        return {name: joined([outputs[name] for outputs in of_arms]) for name in common}


def joined(types: Iterable[LiteralType | None]) -> LiteralType | None:
    """Make the type of a value that is of one of *types*: the one that takes all others, else their union."""
    variants: list[LiteralType] = []
    for type_ in types:
        if type_ is None:
            return None
        flat = type_.type.variants if isinstance(type_.type, UnionType) else (type_,)
        variants += [variant for variant in flat if all(assignable(variant, known) for known in variants)]
    return variants[0] if len(variants) == 1 else LiteralType(type=UnionType(variants=tuple(variants)))


def promise_text(promise: Promise) -> str:
    """Render the output that *promise* names, without its path."""
    return f"{promise.node}.{promise.var}" if promise.node else f"workflow input {promise.var}"


def shown(names: Iterable[str]) -> str:
    """Render the first few *names*."""
    some = list(names)
    return ", ".join(some[:_SHOWN]) + (f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else "")


def lines(sources: Iterable[SourceLine | None]) -> tuple[str, ...]:
    """Render *sources* as ``file:line``, each once."""
    return tuple(dict.fromkeys(f"{source.file}:{source.line}" for source in sources if source))
