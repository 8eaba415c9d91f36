"""
Promises: what calls return while a workflow is traced, in place of values.

A promise can be passed on, indexed, compared and ordered; whatever would need the value raises one error
that names the line and says what to write instead.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn, Protocol, Self

from plait_core.authoring.conditions import Compared, misuse
from plait_core.errors.authoring import UnknownField
from plait_core.ir.types import CollectionType, LiteralType, MapType, SimpleType, UnionType
from plait_core.ir.workflows import AttrPath, Comparison


class Producer(Protocol):
    """Where promises come from: a node, or the inputs of the workflow."""

    def output_type(self, var: str) -> LiteralType:
        """Tell the type of an output."""
        ...

    def label(self) -> str:
        """Name it for people."""
        ...

    def follow(self, earlier: "Outcome", /) -> None:
        """Run after the node that *earlier* came from."""
        ...

    def override(self, **overrides: Any) -> None:
        """Change how it runs."""
        ...


class Outcome:
    """What a call returned: a promise, a tuple of them, or nothing; it stands for the node that was made."""

    __slots__ = ()

    @property
    def _producer(self) -> Producer:
        raise NotImplementedError

    def __rshift__(self, later: "Outcome | tuple[Any, ...]") -> Any:
        """Order: *later* runs after this, although no value flows."""
        self.runs_before(later)
        return later

    def runs_before(self, later: "Outcome | tuple[Any, ...]") -> None:
        """Make *later* wait for this, although no value flows."""
        _outcome(later)._producer.follow(self)

    def with_overrides(self, **overrides: Any) -> Self:
        """Change how the node runs; see ``plait_core.authoring.overrides.NodeOverrides``."""
        self._producer.override(**overrides)
        return self


def _refuse(operation: str, instead: str) -> Callable[..., NoReturn]:
    def method(self: object, *_: object) -> NoReturn:
        raise misuse(repr(self), operation, instead)

    return method


_IN_A_TASK = "do this inside a task, where the value is known"
_FORMAT = "format the text inside a task that takes the value as an input"
_LOOP = "loop inside a @dynamic or @eager task, use map_task for one call per element, or index a single element"
_CHOOSE = (
    "use conditional(...) to choose by value, `&` and `|` instead of `and` and `or`, or @dynamic for free control flow"
)
_COMPARE_FIRST = "compare first, as in `(a > 1) & (b == 2)`, or `a.is_true() & b.is_true()`"
_HAS_NO_OUTPUT = "it returns nothing; order it with `>>`, or let the task return what you need"


class Promise(Outcome):
    """One output of a node, or an input of the workflow, or a part of either."""

    __slots__ = ("_from", "_path", "_type", "_var")

    def __init__(self, producer: Producer, var: str, path: AttrPath = (), type: LiteralType | None = None) -> None:
        self._from = producer
        self._var = var
        self._path = path
        self._type = type

    @property
    def _producer(self) -> Producer:
        return self._from

    @property
    def _literal_type(self) -> LiteralType | None:
        return self._from.output_type(self._var) if not self._path else self._type

    def __repr__(self) -> str:
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self._path)
        return f"<promise {self._from.label()}.{self._var}{steps}>"

    # ── parts ────────────────────────────────────────────────────────────────

    def __getattr__(self, name: str) -> "Promise":
        """Promise the field *name*."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self._step(name)

    def __getitem__(self, key: str | int) -> "Promise":
        """Promise the element or entry *key*."""
        if type(key) in {str, int}:
            return self._step(key)
        raise misuse(
            repr(self),
            f"indexing with {key!r}",
            "index with a constant int or str; for anything else, do it inside a task",
        )

    def _step(self, step: str | int) -> "Promise":
        return Promise(self._from, self._var, (*self._path, step), _part(self, self._literal_type, step))

    # ── comparisons ──────────────────────────────────────────────────────────

    def __eq__(self, other: object) -> Compared:  # type: ignore[override]  # compares values that are not here yet
        return Compared(self, Comparison.EQ, other)

    def __ne__(self, other: object) -> Compared:  # type: ignore[override]  # as above
        return Compared(self, Comparison.NE, other)

    def __lt__(self, other: object) -> Compared:
        return Compared(self, Comparison.LT, other)

    def __le__(self, other: object) -> Compared:
        return Compared(self, Comparison.LE, other)

    def __gt__(self, other: object) -> Compared:
        return Compared(self, Comparison.GT, other)

    def __ge__(self, other: object) -> Compared:
        return Compared(self, Comparison.GE, other)

    def is_true(self) -> Compared:
        """Test for True."""
        return self == True  # noqa: E712  # builds a comparison

    def is_false(self) -> Compared:
        """Test for False."""
        return self == False  # noqa: E712  # builds a comparison

    def is_none(self) -> Compared:
        """Test for None."""
        return self == None  # noqa: E711  # builds a comparison

    def is_(self, value: object) -> Compared:
        """Test for *value*."""
        return self == value

    __hash__ = object.__hash__

    # ── what needs a value ───────────────────────────────────────────────────

    __bool__ = _refuse("a truth test", _CHOOSE)
    __iter__ = _refuse("iteration", _LOOP)
    __len__ = _refuse("len()", _LOOP)
    __contains__ = _refuse("`in`", _IN_A_TASK)
    __str__ = __format__ = _refuse("formatting as text", _FORMAT)
    __int__ = __float__ = __index__ = __complex__ = __bytes__ = _refuse("conversion", _IN_A_TASK)
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse("arithmetic", _IN_A_TASK)
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _refuse("arithmetic", _IN_A_TASK)
    __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _refuse("arithmetic", _IN_A_TASK)
    __neg__ = __pos__ = __abs__ = __round__ = __invert__ = _refuse("arithmetic", _IN_A_TASK)
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _refuse("`&`, `|` or `^`", _COMPARE_FIRST)
    __call__ = _refuse("calling it", _IN_A_TASK)
    __setitem__ = _refuse("assignment to a part", _IN_A_TASK)
    __enter__ = _refuse("`with`", _IN_A_TASK)


class Nothing(Outcome):
    """What a call returns whose entity has no outputs: good for ordering, and for nothing else."""

    __slots__ = ("_from",)

    def __init__(self, producer: Producer) -> None:
        self._from = producer

    @property
    def _producer(self) -> Producer:
        return self._from

    def __repr__(self) -> str:
        return f"<nothing from {self._from.label()}>"

    __hash__ = object.__hash__
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse("a comparison", _HAS_NO_OUTPUT)
    __bool__ = __iter__ = __len__ = __getitem__ = _refuse("using the result", _HAS_NO_OUTPUT)
    __str__ = __format__ = _refuse("formatting as text", _HAS_NO_OUTPUT)


class Outputs(Outcome, tuple[Any, ...]):
    """Several promises of one node; made beside the named tuple that holds their names."""

    __slots__ = ()

    @property
    def _producer(self) -> Producer:
        producer: Producer = self[0]._producer
        return producer


@lru_cache(maxsize=256)
def outputs_class(names: type[tuple[Any, ...]]) -> type[Any]:
    """Make the tuple of promises that has the fields of the named tuple *names*."""
    return type(names.__name__, (Outputs, names), {"__slots__": ()})


def outcomes_of(value: object) -> list[Outcome]:
    """List what *value* (an outcome, or a list or tuple of such) stands for."""
    if isinstance(value, Outcome):
        return [value]
    if isinstance(value, (list, tuple)):
        return [outcome for item in value for outcome in outcomes_of(item)]
    raise misuse(repr(value), "ordering", "only the results of calls in this workflow have an order")


def _outcome(value: object) -> Outcome:
    return outcomes_of(value)[0]


def _part(whole: Promise, type: LiteralType | None, step: str | int) -> LiteralType | None:
    """Tell the type of a part; ``None`` where only the value will tell."""
    if type is None:
        return None
    match type.type:
        case CollectionType(element=element) if isinstance(step, int):
            return element
        case MapType(value=value) if isinstance(step, str):
            return value
        case UnionType(variants=variants):
            return next(
                (_part(whole, variant, step) for variant in variants if variant.type is not SimpleType.NONE), None
            )
        case SimpleType.STRUCT | SimpleType.BINARY:
            fields = type.structure.fields if type.structure else {}
            if not fields or isinstance(step, int) or step in fields:
                return fields.get(str(step))
            raise UnknownField(promise=repr(whole), step=f"field {step!r}", known=tuple(fields))
    raise UnknownField(promise=repr(whole), step=f"part {step!r}", known=())
