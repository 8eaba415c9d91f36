"""
Encoding: objects of the IR as plain maps, lists and atoms, the way ``plait_core.ir.codec`` describes.

Called for every event that is recorded, so it is written to be quick and to import nothing: one closure per class, made when the
class is first met, that looks at values rather than types. Reading back needs types, and is the codec's work.
"""

import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, get_args

import attrs

from plait_core.ir.events import ElementsSucceeded
from plait_core.ir.json import Json
from plait_core.ir.literals import Literal, Primitive, Primitives
from plait_core.ir.shapes import default_of
from plait_core.ir.tags import TAGS

Encoder = Callable[[Any], Any]

_ATOMS = frozenset({str, int, bool, type(None)})


class Encoding:
    """One way of writing atoms down, with what has been learnt about classes."""

    def __init__(self, *, is_text: bool) -> None:
        """Write floats and bytes as JSON can carry them if *is_text*."""
        self._encoders: dict[type, Encoder] = {
            float: _float_text if is_text else _same,
            bytes: _bytes_text if is_text else _same,
            tuple: self._list,
            list: self._list,
            dict: self._map,
            Primitive: self._primitive,
            Primitives: self._primitives,
            Literal: self._literal,
            ElementsSucceeded: self._outcomes,
        }

    def encode(self, value: Any) -> Any:
        """Return *value* as plain data; what has no plain form is returned as it is, for whoever packs it to refuse."""
        kind = value.__class__
        if kind in _ATOMS:
            return value
        encoder = self._encoders.get(kind)
        if encoder is None:
            encoder = self._encoders[kind] = self._learn(kind)
        return encoder(value)

    def _learn(self, kind: type) -> Encoder:
        if attrs.has(kind):
            return self._of_class(kind)
        if issubclass(kind, Enum):
            return _value_of
        if issubclass(kind, Mapping):
            return self._map
        return self._list if issubclass(kind, tuple | list) else _same

    def _of_class(self, kind: type) -> Encoder:
        encode, tag = self.encode, TAGS.get(kind)
        fields = [(field.name, default_of(field), _is_json(field.type)) for field in attrs.fields(kind) if field.init]
        fields.sort(key=lambda field: field[1] is not attrs.NOTHING)  # what is always there comes first

        def body(value: Any) -> dict[str, Any]:
            plain = {}
            for name, default, is_json in fields:
                given = getattr(value, name)
                if given is not default and given != default:
                    plain[name] = given if is_json or given.__class__ in _ATOMS else encode(given)
            return plain

        return body if tag is None else lambda value: {tag: body(value)}

    def _list(self, values: Any) -> list[Any]:
        encode = self.encode
        return [value if value.__class__ in _ATOMS else encode(value) for value in values]

    def _map(self, values: Mapping[Any, Any]) -> dict[Any, Any]:
        encode = self.encode
        return {key: value if value.__class__ in _ATOMS else encode(value) for key, value in values.items()}

    def _primitive(self, value: Primitive) -> dict[str, Any]:
        return {value.kind.value: self.encode(value.value)}

    def _primitives(self, literals: Primitives) -> list[Any]:
        tag, encode = literals.kind.value, self.encode
        return [{tag: value if value.__class__ in _ATOMS else encode(value)} for value in literals.values]

    def _literal(self, literal: Literal) -> dict[str, Any]:
        value = literal.value
        plain: dict[str, Any] = {} if value is None else self.encode(value)
        if literal.hash is not None:
            plain["hash"] = literal.hash
        if literal.metadata is not None:
            plain["metadata"] = dict(literal.metadata)
        return plain

    def _outcomes(self, event: ElementsSucceeded) -> dict[str, Any]:
        encode = self._literal
        outcomes = [
            [element, n, None if output is None else encode(output), is_cached]
            for element, n, output, is_cached in event.outcomes
        ]
        return {TAGS[ElementsSucceeded]: {"node": event.node, "outcomes": outcomes}}


def _is_json(annotation: Any) -> bool:
    """Say whether a field holds JSON, which is stored as it is."""
    parts = get_args(annotation)
    return bool(parts) and (annotation == Json or any(map(_is_json, parts)))


def _same(value: Any) -> Any:
    return value


def _value_of(member: Any) -> Any:
    return member.value


def _float_text(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _bytes_text(value: bytes) -> str:
    return b64encode(value).decode()


encode = Encoding(is_text=False).encode
encode_text = Encoding(is_text=True).encode
