"""Converters of ``list[T]``, ``tuple[T, ...]`` and ``dict[str, T]``: collections and maps of literals."""

from collections.abc import Callable
from typing import Any, get_args

from plait_core.errors.values import ConversionFailed, UnsupportedType
from plait_core.ir.json import Json
from plait_core.ir.literals import Collection, Literal, MapValue, Primitives
from plait_core.ir.types import CollectionType, LiteralType, MapType, SimpleType
from plait_core.types.contexts import ConversionContext
from plait_core.types.converters import Converter, Plain, Types, read_otherwise, type_name, wrong_value
from plait_core.types.plain_texts import plain_text
from plait_core.types.primitives import literal_of


def compile_list(python_type: Any, types: Types) -> Converter:
    """Compile ``list[T]``."""
    if not get_args(python_type):
        raise UnsupportedType(
            python_type="list", reason="does not say what it holds", advice="write list[T], for instance list[int]"
        )
    return _collection(python_type, types.converter(get_args(python_type)[0]), list)


def compile_homogeneous_tuple(python_type: Any, types: Types) -> Converter:
    """Compile ``tuple[T, ...]``."""
    return _collection(python_type, types.converter(get_args(python_type)[0]), tuple)


def compile_map(python_type: Any, types: Types) -> Converter:
    """Compile ``dict[str, T]``."""
    item = types.converter(get_args(python_type)[1])
    name = type_name(python_type)

    def to_literal(value: Any, context: ConversionContext) -> Literal:
        return literal_of(MapValue(literals=_each(value, item.to_literal, context)))

    def to_python(literal: Literal, context: ConversionContext) -> dict[str, Any]:
        found = literal.value
        if type(found) is MapValue:
            return _each(found.literals, item.to_python, context)
        value: dict[str, Any] = read_otherwise(literal, context, to_python=to_python, unpack=unpack, name=name)
        return value

    def pack(value: Any, context: ConversionContext) -> Plain:
        return _each(value, item.pack, context)

    def unpack(plain: Plain, context: ConversionContext) -> dict[str, Any]:
        return _each(plain, item.unpack, context)

    def _each(
        value: Any, convert: Callable[[Any, ConversionContext], Any], context: ConversionContext
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong_value(value, name)
        converted, key = {}, ""
        try:
            for key, inner in value.items():
                if type(key) is not str:
                    raise wrong_value(key, "a str as key", advice=f"annotate it as dict[{type(key).__name__}, ...]")
                converted[key] = convert(inner, context)
        except ConversionFailed as error:
            error.under(f"[{key!r}]")
            raise
        return converted

    return Converter(
        python_type=python_type,
        literal_type=LiteralType(type=MapType(value=item.literal_type)),
        tag="dict",
        to_literal=to_literal,
        to_python=to_python,
        pack=pack,
        unpack=unpack,
        plain_kinds=frozenset({dict}),
        json_schema=lambda: {"type": "object", "additionalProperties": item.json_schema()},
        **plain_text(name, pack, unpack),
    )


def _collection(python_type: Any, item: Converter, container: type[list[Any]] | type[tuple[Any, ...]]) -> Converter:
    name = type_name(python_type)
    item_to_literal, item_to_python, item_pack, item_unpack = item.to_literal, item.to_python, item.pack, item.unpack
    atom, kind = item.atom, item.literal_type.type

    def to_literal(value: Any, context: ConversionContext) -> Literal:
        if not isinstance(value, container):
            raise wrong_value(value, name)
        if atom is not None and isinstance(kind, SimpleType):
            return literal_of(Collection(literals=Primitives(kind, tuple(_each(value, atom, context)))))
        return literal_of(Collection(literals=tuple(_each(value, item_to_literal, context))))

    def to_python(literal: Literal, context: ConversionContext) -> Any:
        value = literal.value
        if type(value) is Collection:
            literals = value.literals
            if atom is not None and type(literals) is Primitives and literals.kind is kind:
                return container(literals.values)
            return container(_each(literals, item_to_python, context))
        return read_otherwise(literal, context, to_python=to_python, unpack=unpack, name=name)

    def pack(value: Any, context: ConversionContext) -> Plain:
        if not isinstance(value, container):
            raise wrong_value(value, name)
        return _each(value, item_pack, context)

    def unpack(plain: Plain, context: ConversionContext) -> Any:
        if not isinstance(plain, list | tuple):
            raise wrong_value(plain, name)
        return container(_each(plain, item_unpack, context))

    def json_schema() -> Json:
        return {"type": "array", "items": item.json_schema()}

    return Converter(
        python_type=python_type,
        literal_type=LiteralType(type=CollectionType(element=item.literal_type)),
        tag=container.__name__,
        to_literal=to_literal,
        to_python=to_python,
        pack=pack,
        unpack=unpack,
        plain_kinds=frozenset({list}),
        json_schema=json_schema,
        **plain_text(name, pack, unpack),
    )


def _each(items: Any, convert: Callable[[Any, ConversionContext], Any], context: ConversionContext) -> list[Any]:
    """Convert every item; an error names the index it came from, which is how many were converted before it."""
    converted: list[Any] = []
    append = converted.append
    try:
        for item in items:
            append(convert(item, context))
    except ConversionFailed as error:
        error.under(f"[{len(converted)}]")
        raise
    return converted
