"""
``Outputs``: what the elements of a map node have made so far.

Part of the state. Where an output is a bare primitive, its value alone is kept, because the objects around it are what the garbage
collector would visit again and again: ``plait_core.ir.literals.Primitives`` says more.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from plait_core.ir.literals import NOTHING, Literal, Primitive, Primitives, primitive_literal
from plait_core.ir.types import SimpleType

_Kept: TypeAlias = int | float | str | bool | Literal | None


class Outputs:
    """A list of literals, ``None`` where an element has not ended or makes nothing."""

    __slots__ = ("_kept", "_kind")

    def __init__(self, outputs: Iterable[Literal | None]) -> None:
        """Begin with *outputs*, one per element."""
        self._kind: SimpleType | None = None
        """Of the values that are kept alone; known from the first of them on."""
        self._kept: list[_Kept] = []
        for element, output in enumerate(outputs):
            self._kept.append(None)
            self[element] = output

    @classmethod
    def none(cls, size: int) -> "Outputs":
        """Begin with nothing made by *size* elements."""
        outputs = cls(())
        outputs._kept = [None] * size
        return outputs

    def __setitem__(self, element: int, output: Literal | None) -> None:
        """Keep the output of an element."""
        kept: _Kept = output
        if output is not None:
            value = output.value
            if value.__class__ is Primitive and output.hash is None and output.metadata is None:
                assert isinstance(value, Primitive)
                if self._kind is None:
                    self._kind = value.kind
                if value.kind is self._kind:
                    kept = value.value
        self._kept[element] = kept

    def __getitem__(self, element: int) -> Literal | None:
        """Return the output of an element."""
        return self._literal(self._kept[element])

    def __iter__(self) -> Iterator[Literal | None]:
        """Go through the outputs of all elements."""
        return map(self._literal, self._kept)

    def __len__(self) -> int:
        """Count the elements."""
        return len(self._kept)

    def _literal(self, kept: _Kept) -> Literal | None:
        if kept is None or isinstance(kept, Literal):
            return kept
        assert self._kind is not None
        return primitive_literal(self._kind, kept)

    def literals(self) -> Sequence[Literal]:
        """Return all outputs, with ``None`` as a literal."""
        kind, values = self._kind, [kept for kept in self._kept if kept is not None and not isinstance(kept, Literal)]
        if kind is not None and len(values) == len(self._kept):
            return Primitives(kind, tuple(values))
        return tuple(NOTHING if output is None else output for output in self)
