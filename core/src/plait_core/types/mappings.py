"""Converters of untyped ``dict`` and of ``dict[K, V]`` with keys other than strings: msgpack, in which keys keep their type."""

from typing import Any, get_args

from plait_core.errors.values import ConversionFailed, UnsupportedType
from plait_core.types.contexts import ConversionContext
from plait_core.types.converters import Converter, Plain, Types, type_name, wrong_value
from plait_core.types.structs import struct_converter

_PLAIN = (bool, int, float, str, bytes, type(None))


def compile_untyped_dict(python_type: Any, types: Types) -> Converter:
    """Compile ``dict``: whatever msgpack holds; tuples come back as lists."""
    return struct_converter(
        dict,
        tag="dict",
        pack=lambda value, context: _plain_dict(value),
        unpack=lambda plain, context: _plain_dict(plain),
        plain_kinds=frozenset({dict}),
        schema={"type": "object"},
        fields={},
    )


def compile_keyed_map(python_type: Any, types: Types) -> Converter:
    """Compile ``dict[K, V]``; in JSON, keys are the texts of K."""
    key_type, value_type = get_args(python_type)
    keys, values = types.converter(key_type), types.converter(value_type)
    name = type_name(python_type)
    if not keys.plain_kinds <= set(_PLAIN):
        raise UnsupportedType(
            python_type=name, reason="has keys that are not scalars", advice="use a list of tuples, or scalar keys"
        )
    is_text = keys.plain_kinds == {str}

    def pack(value: Any, context: ConversionContext) -> Plain:
        if not isinstance(value, dict):
            raise wrong_value(value, name)
        packed, key = {}, None
        try:
            for key, item in value.items():
                packed[keys.pack(key, context)] = values.pack(item, context)
        except ConversionFailed as error:
            error.under(f"[{key!r}]")
            raise
        return packed

    def unpack(plain: Plain, context: ConversionContext) -> dict[Any, Any]:
        if not isinstance(plain, dict):
            raise wrong_value(plain, name)
        unpacked, key = {}, None
        try:
            for key, item in plain.items():
                known = keys.parse(key) if type(key) is str and not is_text else keys.unpack(key, context)
                unpacked[known] = values.unpack(item, context)
        except ConversionFailed as error:
            error.under(f"[{key!r}]")
            raise
        return unpacked

    return struct_converter(
        python_type,
        tag="dict",
        pack=pack,
        unpack=unpack,
        plain_kinds=frozenset({dict}),
        schema={"type": "object", "additionalProperties": values.json_schema()},
        fields={},
    )


def _plain_dict(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise wrong_value(value, "dict")
    return {key: _plain(item, key) for key, item in value.items()}


def _plain(value: Any, *path: Any) -> Plain:
    """Check that msgpack can hold *value*, naming the path to what it cannot."""
    if type(value) in _PLAIN:
        return value
    try:
        if isinstance(value, dict):
            return _plain_dict(value)
        if isinstance(value, list | tuple):
            return [_plain(item, n) for n, item in enumerate(value)]
        expected = "None, bool, int, float, str, bytes, list or dict inside an untyped dict"
        raise wrong_value(value, expected, advice="declare a dataclass or TypedDict with a field of that type")
    except ConversionFailed as error:
        error.under(f"[{path[0]!r}]")
        raise
