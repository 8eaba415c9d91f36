"""
Converters of types with fields: dataclasses, attrs classes, TypedDicts, NamedTuples, and tuples of fixed length.

The literal is a msgpack of the plain form, of type STRUCT, with the JSON schema as metadata and the literal types of
the fields in its structure. Nothing is looked up by reflection when a value is converted: the loops below run over
functions that were chosen when the type was compiled.
"""

from collections.abc import Callable
from typing import Any, get_args, get_origin, is_typeddict

from msgpack import packb, unpackb

from plait_core.errors.values import ConversionFailed, WrongFields, WrongValue
from plait_core.ir.json import Json
from plait_core.ir.literals import Binary, Literal
from plait_core.ir.types import LiteralType, SimpleType, TypeStructure
from plait_core.types.contexts import DETACHED, ConversionContext
from plait_core.types.converters import (
    MSGPACK,
    Converter,
    Pack,
    Plain,
    Types,
    Unpack,
    read_otherwise,
    type_name,
    wrong_value,
)
from plait_core.types.fields import Field, fields_of, is_namedtuple
from plait_core.types.plain_texts import plain_text
from plait_core.types.primitives import literal_of


def compile_struct(python_type: Any, types: Types) -> Converter:
    """Compile a class with fields."""
    cls: Any = get_origin(python_type) or python_type
    name = type_name(python_type)
    fields = fields_of(python_type)
    converters = {field.name: types.converter(field.type) for field in fields}
    make = _maker(cls, fields)
    read = _plain_reader(name, fields, converters, make)
    write = (
        _entries_writer(cls, name, converters) if is_typeddict(cls) else _attributes_writer(cls, name, converters, read)
    )
    return struct_converter(
        python_type,
        tag="namedtuple" if is_namedtuple(cls) else "typeddict" if is_typeddict(cls) else "dataclass",
        pack=write,
        unpack=read,
        plain_kinds=frozenset({dict}),
        schema=_schema(name, fields, converters),
        fields={name: converter.literal_type for name, converter in converters.items()},
    )


def compile_tuple(python_type: Any, types: Types) -> Converter:
    """Compile ``tuple[A, B]``: a list in plain form, whose fields are called ``0``, ``1`` and so on."""
    converters = [types.converter(item) for item in get_args(python_type)]
    name = type_name(python_type)

    def convert(
        value: Any, conversions: list[Callable[[Any, ConversionContext], Any]], context: ConversionContext
    ) -> list[Any]:
        if not isinstance(value, list | tuple) or len(value) != len(conversions):
            raise wrong_value(value, name)
        converted: list[Any] = []
        try:
            for conversion, item in zip(conversions, value, strict=True):
                converted.append(conversion(item, context))
        except ConversionFailed as error:
            error.under(f"[{len(converted)}]")
            raise
        return converted

    packs: list[Pack] = [converter.pack for converter in converters]
    unpacks: list[Unpack] = [converter.unpack for converter in converters]

    def pack(value: Any, context: ConversionContext) -> Plain:
        if not isinstance(value, tuple):
            raise wrong_value(value, name)
        return convert(value, packs, context)

    return struct_converter(
        python_type,
        tag="tuple",
        pack=pack,
        unpack=lambda plain, context: tuple(convert(plain, unpacks, context)),
        plain_kinds=frozenset({list}),
        schema={
            "type": "array",
            "prefixItems": [converter.json_schema() for converter in converters],
            "minItems": len(converters),
            "maxItems": len(converters),
        },
        fields={str(n): converter.literal_type for n, converter in enumerate(converters)},
    )


def struct_converter(
    python_type: Any,
    *,
    tag: str,
    pack: Pack,
    unpack: Unpack,
    plain_kinds: frozenset[type],
    schema: dict[str, Json] | None,
    fields: dict[str, LiteralType],
) -> Converter:
    """Make the converter of a type whose literal is the msgpack of its plain form."""
    name = type_name(python_type)

    def to_literal(value: Any, context: ConversionContext) -> Literal:
        return literal_of(Binary(value=dump_msgpack(pack(value, context), name), tag=MSGPACK))

    def to_python(literal: Literal, context: ConversionContext) -> Any:
        value = literal.value
        if type(value) is Binary and value.tag == MSGPACK:
            return unpack(unpackb(value.value, strict_map_key=False), context)
        return read_otherwise(literal, context, to_python=to_python, unpack=unpack, name=name)

    return Converter(
        python_type=python_type,
        literal_type=LiteralType(
            type=SimpleType.STRUCT, metadata=schema, structure=TypeStructure(tag=tag, fields=fields) if fields else None
        ),
        tag=tag,
        to_literal=to_literal,
        to_python=to_python,
        pack=pack,
        unpack=unpack,
        plain_kinds=plain_kinds,
        json_schema=lambda: schema or {},
        **plain_text(name, pack, unpack),
    )


def dump_msgpack(plain: Plain, name: str) -> bytes:
    """Encode a plain form; what msgpack cannot hold is the value's fault."""
    try:
        data: bytes = packb(plain)
    except (TypeError, ValueError, OverflowError) as error:
        raise wrong_value(plain, f"{name} made of None, bool, int, float, str, bytes, list and dict") from error
    return data


def _attributes_writer(cls: type, name: str, converters: dict[str, Converter], read: Unpack) -> Pack:
    """Return the function that writes an instance, or a dict with its fields, as a dict."""
    steps = [(field, converter.pack) for field, converter in converters.items()]

    def write(value: Any, context: ConversionContext) -> Plain:
        if type(value) is not cls:
            value = read(value, context) if type(value) is dict else _refuse(value, cls, name)
        plain = {}
        field = ""
        try:
            for field, pack in steps:
                plain[field] = pack(getattr(value, field), context)
        except ConversionFailed as error:
            error.under(f".{field}")
            raise
        return plain

    return write


def _entries_writer(cls: Any, name: str, converters: dict[str, Converter]) -> Pack:
    """Return the function that writes a TypedDict; keys that are not required may be absent."""
    required: frozenset[str] = cls.__required_keys__
    packs = {field: converter.pack for field, converter in converters.items()}

    def write(value: Any, context: ConversionContext) -> Plain:
        if not isinstance(value, dict):
            raise wrong_value(value, name)
        if not required <= value.keys() <= packs.keys():
            raise _wrong_fields(value, name, required, packs.keys())
        plain = {}
        field = ""
        try:
            for field, inner in value.items():
                plain[field] = packs[field](inner, context)
        except ConversionFailed as error:
            error.under(f".{field}")
            raise
        return plain

    return write


def _plain_reader(
    name: str, fields: list[Field], converters: dict[str, Converter], make: Callable[[dict[str, Any]], Any]
) -> Unpack:
    """Return the function that makes an instance from a dict; fields with defaults may be absent."""
    unpacks = {field: converter.unpack for field, converter in converters.items()}
    names = unpacks.keys()
    required = frozenset(field.name for field in fields if field.is_required)

    def read(plain: Plain, context: ConversionContext) -> Any:
        if type(plain) is not dict:
            raise wrong_value(plain, name)
        if plain.keys() != names and not required <= plain.keys() <= names:
            raise _wrong_fields(plain, name, required, names)
        values = {}
        field = ""
        try:
            for field, inner in plain.items():
                values[field] = unpacks[field](inner, context)
        except ConversionFailed as error:
            error.under(f".{field}")
            raise
        try:
            return make(values)
        except (TypeError, ValueError) as error:
            raise WrongValue(expected=name, found=f"fields that its constructor refuses: {error}") from error

    return read


def _maker(cls: Any, fields: list[Field]) -> Callable[[dict[str, Any]], Any]:
    """Return the function that makes an instance from field values."""
    if is_typeddict(cls):
        return dict
    if all(field.argument == field.name for field in fields):
        return lambda values: cls(**values)
    arguments = {field.name: field.argument for field in fields if field.argument}

    def make(values: dict[str, Any]) -> Any:
        given = {arguments[name]: value for name, value in values.items() if name in arguments}
        instance = cls(**given)
        for name, value in values.items():
            if name not in arguments:
                object.__setattr__(instance, name, value)
        return instance

    return make


def _schema(name: str, fields: list[Field], converters: dict[str, Converter]) -> dict[str, Json]:
    properties = {field.name: _property(field, converters[field.name]) for field in fields}
    required = [field.name for field in fields if field.is_required]
    return {
        "type": "object",
        "title": name,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _property(field: Field, converter: Converter) -> Json:
    """The schema of a field, with its default where that is plain."""
    schema = converter.json_schema()
    if field.default is None or not isinstance(schema, dict):
        return schema
    try:
        default = converter.pack(field.default(), DETACHED)
    except Exception:  # noqa: BLE001  # a default factory is the user's code, and a default is only an ornament here
        return schema
    return schema if isinstance(default, bytes) else {**schema, "default": default}


def _refuse(value: object, cls: type, name: str) -> Any:
    advice = f"annotate it as {type(value).__name__}: as {name} it would lose fields" if isinstance(value, cls) else ""
    raise wrong_value(value, name, advice)


def _wrong_fields(value: dict[str, Any], name: str, required: Any, known: Any) -> WrongFields:
    return WrongFields(
        expected=name,
        missing=tuple(field for field in known if field in required and field not in value),
        extra=tuple(str(key) for key in value if key not in known),
    )
