"""
Edges: whether each input of a node, and each output of a workflow, gets a value of its type.

Every binding is looked at once; for the common case, a promise of the very type that is asked for, that costs two
dictionary look-ups.
"""

from collections.abc import Collection, Iterator

from plait_core.compiler.scopes import Scope, promise_text, shown
from plait_core.compiler.signatures import Signature
from plait_core.compiler.values import misfit
from plait_core.compiler.wording import type_text
from plait_core.errors.compiling import Fault
from plait_core.ir.types import CollectionType, LiteralType, MapType, UnionType
from plait_core.ir.workflows import BindingCollection, BindingData, BindingMap, Const, Node, Promise


def input_faults(
    scope: Scope, node: Node, signature: Signature | None, owner: str, may_lack: Collection[str] = ()
) -> Iterator[Fault]:
    """
    Yield what is wrong with the bindings of *node*, which runs *owner*; the inputs that it *may_lack* may stay unbound.

    Without a *signature* (a gate that passes anything through, an absent entity) only the promises are checked.
    """
    bound: set[str] = set()
    for binding in node.inputs:
        var = binding.var
        if var in bound:
            message = f"input {var!r} of {owner} is bound twice"
            yield scope.fault("duplicate-binding", message, "give it one value", node)
        bound.add(var)
        expected = signature.inputs.get(var) if signature else None
        if expected is None and signature:
            yield _unknown_input(scope, node, signature, owner, var)
        yield from data_faults(scope, node, binding.data, f"input {var!r} of {owner}", expected)
    for var in signature.required if signature else ():
        if var not in bound and var not in may_lack:
            message = f"input {var!r} of {owner} is not bound"
            yield scope.fault(
                "unbound-input", message, f"pass {var}=…, or give it a default where it is declared", node
            )


def output_faults(scope: Scope) -> Iterator[Fault]:
    """Yield what is wrong with the outputs of the workflow."""
    declared = scope.template.interface.output_types
    bound: set[str] = set()
    for binding in scope.template.outputs:
        if binding.var in bound:
            message = f"output {binding.var!r} is bound twice"
            yield scope.fault("duplicate-binding", message, "give it one value")
        bound.add(binding.var)
        if binding.var not in declared:
            message = f"output {binding.var!r} is bound, but the workflow declares no such output"
            yield scope.fault("unknown-output", message, f"declared are {shown(declared) or 'none'}")
        yield from data_faults(scope, None, binding.data, f"output {binding.var!r}", declared.get(binding.var))
    for name in declared:
        if name not in bound:
            message = f"output {name!r} is declared, but nothing is bound to it"
            yield scope.fault("unbound-output", message, "return a value for it, or drop it from the interface")


def data_faults(
    scope: Scope, node: Node | None, data: BindingData, what: str, expected: LiteralType | None
) -> Iterator[Fault]:
    """Yield what is wrong with *data* as *what* of *node*; nothing is said about its type when *expected* is unknown."""
    match data:
        case Promise():
            found = scope.resolve(data, what, node)
            if isinstance(found, Fault):
                yield found
            elif found is not None and expected is not None and (reason := scope.fits(found, expected)):
                message = (
                    f"{what} takes {type_text(expected)}, but {promise_text(data)} is {type_text(found)}: {reason}"
                )
                remedy = "change one of the two types, or put a task that converts between them"
                yield scope.fault("type-mismatch", message, remedy, node, data.node)
        case Const(value=value):
            if expected is not None and (reason := misfit(value, expected)):
                message = f"{what} is given a constant of another type: {reason}"
                yield scope.fault("type-mismatch", message, "pass a value of that type", node)
        case _ if expected is None:
            for part, item, _ in _parts(data, what, None):
                yield from data_faults(scope, node, item, part, None)
        case _:
            yield from _parts_faults(scope, node, data, what, expected)


def _parts_faults(
    scope: Scope, node: Node | None, data: BindingCollection | BindingMap, what: str, expected: LiteralType
) -> Iterator[Fault]:
    """Of the variants of *expected* that are lists or maps, as *data* is, one must take every part."""
    shape = CollectionType if isinstance(data, BindingCollection) else MapType
    variants = expected.type.variants if isinstance(expected.type, UnionType) else (expected,)
    tried = [
        [
            fault
            for part, item, type_ in _parts(data, what, variant)
            for fault in data_faults(scope, node, item, part, type_)
        ]
        for variant in variants
        if isinstance(variant.type, shape)
    ]
    if tried:
        yield from min(tried, key=len)
    else:
        kind = "list" if shape is CollectionType else "dict"
        message = f"{what} takes {type_text(expected)}, but is given a {kind}"
        yield scope.fault("type-mismatch", message, "pass a value of that type", node)


def _parts(
    data: BindingCollection | BindingMap, what: str, whole: LiteralType | None
) -> Iterator[tuple[str, BindingData, LiteralType | None]]:
    """Yield the name, binding and expected type of each part of *data*, which is to be a *whole*."""
    match whole and whole.type:
        case CollectionType(element=inner) | MapType(value=inner):
            expected: LiteralType | None = inner
        case _:
            expected = None
    if isinstance(data, BindingCollection):
        yield from ((f"{what}[{n}]", item, expected) for n, item in enumerate(data.items))
    else:
        yield from ((f"{what}[{key!r}]", item, expected) for key, item in data.items)


def _unknown_input(scope: Scope, node: Node, signature: Signature, owner: str, var: str) -> Fault:
    if var in signature.fixed:
        message = f"input {var!r} of {owner} is fixed and cannot be overridden"
        return scope.fault("fixed-input", message, "leave it out, or make it a default of the plan", node)
    known = f"it takes {shown(signature.inputs)}" if signature.inputs else "it takes no inputs"
    return scope.fault("unknown-input", f"{owner} has no input {var!r}", known, node)
