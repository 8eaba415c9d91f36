"""
What every type transformer has to do: a suite for pytest.

Subclassed by the tests, or the ``conformance`` module, of a plugin that offers transformers. A value may be converted in one
process and read in another, by itself, in a list, as a variant of a union, or as a field of a dataclass; these tests hold
what that takes.
"""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Optional

import pytest

from plait_core.errors.values import ConversionFailed
from plait_core.ir.codec import dumps, loads
from plait_core.ir.literals import Literal
from plait_core.testing.memory import MemoryBlobStore
from plait_core.types import ConversionContext, TypeEngine, TypeTransformer


class TypeTransformerConformance:
    """Say how the transformer is made, and give values of types that it serves and values that it must refuse."""

    def make(self) -> TypeTransformer[Any]:
        """Make the transformer, as the factory of the descriptor does."""
        raise NotImplementedError

    def values(self) -> Sequence[tuple[Any, Any]]:
        """Return pairs (type as annotated, value) of unlike types and values."""
        raise NotImplementedError

    def refused(self) -> Sequence[tuple[Any, Any]]:
        """Return pairs (type as annotated, value of another type)."""
        raise NotImplementedError

    def equal(self, one: Any, other: Any) -> bool:
        """Say whether two values are the same; override where ``==`` does not."""
        return bool(type(one) is type(other) and one == other)

    def test_value_survives_its_literal(self) -> None:
        """Another process, which has only the literal as bytes and the blobs, makes the same value."""
        for python_type, value in self.values():
            self._assert_survives(python_type, value, lambda found: found, value)

    def test_value_survives_in_a_list(self) -> None:
        """A list of values is a collection of their literals."""
        for python_type, value in self.values():
            self._assert_survives(list[python_type], [value], lambda found: found[0], value)  # type: ignore[valid-type]

    def test_value_survives_as_an_optional(self) -> None:
        """A union writes it, and finds it by its tag; so ``None`` is none of its values."""
        for python_type, value in self.values():
            self._assert_survives(Optional[python_type], value, lambda found: found, value)  # noqa: UP045

    def test_value_survives_as_a_field(self) -> None:
        """It has a plain form that msgpack holds."""
        for python_type, value in self.values():
            holder = dataclasses.make_dataclass("Holder", [("held", python_type)])
            self._assert_survives(holder, holder(value), lambda found: found.held, value)

    def test_literal_type_is_stable(self) -> None:
        """It depends on the type alone, because digests of interfaces are made of it."""
        for python_type, _ in self.values():
            one, other = self.make().literal_type(python_type), self.make().literal_type(python_type)

            assert dumps(one) == dumps(other)

    def test_json_schema_is_json(self) -> None:
        """A schema is shown by the API and compared by the compiler."""
        for python_type, _ in self.values():
            schema = self._engine().converter(python_type).json_schema()

            assert json.loads(json.dumps(schema)) == schema

    def test_other_types_are_refused(self) -> None:
        """A value of another type is an error of the value, which also lets unions try the next variant."""
        for python_type, value in [*self.refused(), *((python_type, None) for python_type, _ in self.values())]:
            converter = self._engine().converter(python_type)

            with pytest.raises(ConversionFailed):
                converter.to_literal(value, self._context())

    def test_conversion_leaves_the_value_alone(self) -> None:
        """What is read is a copy: changing it never changes what was handed over, and reading twice gives two."""
        for python_type, value in self.values():
            converter, context = self._engine().converter(python_type), self._context()

            literal = converter.to_literal(value, context)
            again = [converter.to_python(literal, context) for _ in range(2)]

            assert self.equal(again[0], value)
            assert self.equal(again[1], value)
            assert dumps(literal) == dumps(loads(Literal, dumps(literal)))

    def _assert_survives(self, python_type: Any, value: Any, select: Any, expected: Any) -> None:
        context = self._context()
        stored = dumps(self._engine().converter(python_type).to_literal(value, context))
        found = self._engine().converter(python_type).to_python(loads(Literal, stored), context)
        assert self.equal(select(found), expected), f"{expected!r} came back as {select(found)!r}"

    def _engine(self) -> TypeEngine:
        engine = TypeEngine()
        engine.register(self.make())
        return engine

    def _context(self) -> ConversionContext:
        blobs = MemoryBlobStore()
        return ConversionContext(raw_prefix="memory://raw", blobs=lambda _: blobs)
