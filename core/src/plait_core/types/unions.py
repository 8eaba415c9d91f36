"""
Converters of ``Union[...]``, ``X | Y`` and ``Optional[T]``.

Writing: a value whose class belongs to exactly one variant is of that variant; otherwise every variant is tried, and more
than one success is an error, because nobody could read the value back. Reading: by the tag the literal carries, or, for a
literal that carries none, by its shape. Plain forms carry a tag only where the variants' plain forms look alike.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, get_args

import attrs

from plait_core.errors.values import AmbiguousUnion, ConversionFailed, UnreadableText
from plait_core.ir.json import Json
from plait_core.ir.literals import Literal, UnionValue
from plait_core.ir.types import LiteralType, TypeStructure, UnionType
from plait_core.types.contexts import DETACHED, ConversionContext
from plait_core.types.converters import Converter, Plain, Types, read_otherwise, show, type_name, wrong_value
from plait_core.types.plain_texts import load_plain
from plait_core.types.primitives import literal_of
from plait_core.types.shapes import fits, python_class

LABEL, VALUE = "type", "value"
"""Keys of the plain form of a variant that must say which one it is."""


def compile_union(python_type: Any, types: Types) -> Converter:
    """Compile a union."""
    variants = [types.converter(variant) for variant in get_args(python_type)]
    return _Union(python_type, variants).converter()


class _Union:
    """
    The conversions of one union.

    ``labels`` are the variants' names made unique; ``labelled`` the numbers of those whose plain form must carry its label.
    """

    def __init__(self, python_type: Any, variants: list[Converter]) -> None:
        self.python_type = python_type
        self.name = type_name(python_type)
        self.variants = variants
        self.types = [_tagged(variant) for variant in variants]
        self.labels = _labels([variant.name for variant in variants])
        self.by_class = _unique((python_class(variant.python_type), n) for n, variant in enumerate(variants))
        self.by_plain = _unique((kind, n) for n, variant in enumerate(variants) for kind in variant.plain_kinds)
        self.labelled = self._alike()

    def converter(self) -> Converter:
        kinds = ({dict} if n in self.labelled else variant.plain_kinds for n, variant in enumerate(self.variants))
        return Converter(
            python_type=self.python_type,
            literal_type=LiteralType(type=UnionType(variants=tuple(self.types))),
            tag="union",
            to_literal=self.to_literal,
            to_python=self.to_python,
            pack=self.pack,
            unpack=self.unpack,
            plain_kinds=frozenset().union(*kinds),
            json_schema=self.json_schema,
            parse=self.parse,
            render=self.render,
        )

    def to_literal(self, value: Any, context: ConversionContext) -> Literal:
        n = self.by_class.get(type(value))
        if n is None:
            n, inner = self._only(value, context, "to_literal")
        else:
            inner = self.variants[n].to_literal(value, context)
        return literal_of(UnionValue(value=inner, type=self.types[n]))

    def to_python(self, literal: Literal, context: ConversionContext) -> Any:
        value = literal.value
        if type(value) is UnionValue:
            return self._read(value.value, self._variants_of(value.type), context)
        by_shape = [variant for variant in self.variants if fits(literal, variant.literal_type)]
        return self._read(literal, by_shape, context)

    def pack(self, value: Any, context: ConversionContext) -> Plain:
        n = self.by_class.get(type(value))
        if n is None:
            n, plain = self._only(value, context, "pack")
        else:
            plain = self.variants[n].pack(value, context)
        return {LABEL: self.labels[n], VALUE: plain} if n in self.labelled else plain

    def unpack(self, plain: Plain, context: ConversionContext) -> Any:
        if self.labelled and type(plain) is dict and plain.keys() == {LABEL, VALUE} and plain[LABEL] in self.labels:
            return self.variants[self.labels.index(plain[LABEL])].unpack(plain[VALUE], context)
        n = self.by_plain.get(type(plain))
        if n is not None:
            return self.variants[n].unpack(plain, context)
        for variant in sorted(self.variants, key=lambda it: (type(plain) not in it.plain_kinds, it.tag == "str")):
            try:
                return variant.unpack(plain, context)
            except ConversionFailed:
                continue
        raise wrong_value(plain, self.name)

    def json_schema(self) -> Json:
        schemas = [variant.json_schema() for variant in self.variants]
        return {
            "anyOf": [self._labelled_schema(n, own) if n in self.labelled else own for n, own in enumerate(schemas)]
        }

    def parse(self, text: str) -> Any:
        for variant in sorted(self.variants, key=lambda variant: variant.tag == "str"):
            try:
                return variant.parse(text)
            except ConversionFailed:
                continue
        if self.labelled:
            return self.unpack(load_plain(text, self.name), DETACHED)
        raise UnreadableText(text=text, expected=self.name)

    def render(self, value: Any) -> str:
        n = self.by_class.get(type(value))
        return self.variants[self._only(value, DETACHED, "pack")[0] if n is None else n].render(value)

    def _only(self, value: Any, context: ConversionContext, conversion: str) -> tuple[int, Any]:
        """Try every variant; the number and the conversion of the only one that accepts *value*."""
        accepted, refusals = [], []
        for n, variant in enumerate(self.variants):
            try:
                accepted.append((n, getattr(variant, conversion)(value, context)))
            except ConversionFailed as error:
                refusals.append(error)
        if len(accepted) == 1:
            return accepted[0]
        if accepted:
            raise AmbiguousUnion(found=show(value), variants=tuple(self.variants[n].name for n, _ in accepted))
        deepest = max(refusals, key=lambda error: len(error.path))
        raise deepest if deepest.path != "$" else wrong_value(value, self.name) from deepest

    def _variants_of(self, chosen: LiteralType) -> list[Converter]:
        for n, own in enumerate(self.types):
            if own is chosen or own == chosen:
                return [self.variants[n]]
        return [variant for variant in self.variants if variant.tag == chosen.tag] or self.variants

    def _read(self, literal: Literal, candidates: list[Converter], context: ConversionContext) -> Any:
        for variant in candidates:
            try:
                return variant.to_python(literal, context)
            except ConversionFailed:
                if len(candidates) == 1:
                    raise
        return read_otherwise(literal, context, to_python=self.to_python, unpack=self.unpack, name=self.name)

    def _alike(self) -> set[int]:
        """The variants whose plain form may be taken for another's, given that a labelled one is a dict."""
        alike = {n for n, variant in enumerate(self.variants) if not variant.plain_kinds <= self.by_plain.keys()}
        if alike:
            alike |= {n for n, variant in enumerate(self.variants) if dict in variant.plain_kinds}
        return alike

    def _labelled_schema(self, n: int, schema: Json) -> Json:
        return {
            "type": "object",
            "properties": {LABEL: {"const": self.labels[n]}, VALUE: schema},
            "required": [LABEL, VALUE],
            "additionalProperties": False,
        }


def _tagged(variant: Converter) -> LiteralType:
    own = variant.literal_type
    fields = own.structure.fields if own.structure else {}
    return attrs.evolve(own, structure=TypeStructure(tag=variant.tag, fields=fields))


def _labels(names: list[str]) -> list[str]:
    return [name if names.count(name) == 1 else f"{name}:{names[:n].count(name)}" for n, name in enumerate(names)]


def _unique(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    """Map each key that occurs once, and is not ``None``, to its number."""
    all_pairs = list(pairs)
    counts = Counter(key for key, _ in all_pairs)
    return {key: n for key, n in all_pairs if key is not None and counts[key] == 1}
