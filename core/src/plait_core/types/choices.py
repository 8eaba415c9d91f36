"""
Converters of ``Enum`` classes and of ``Literal[...]``: one of a closed set.

Membership is checked in both directions.
"""

from enum import Enum
from typing import Any, get_args

from plait_core.errors.values import UnreadableText, UnsupportedType
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import EnumType, LiteralType, SimpleType
from plait_core.types.contexts import DETACHED, ConversionContext
from plait_core.types.converters import Converter, Plain, Types, read_otherwise, type_name, wrong_value
from plait_core.types.primitives import primitive_writer


def compile_enum(python_type: type[Enum], types: Types) -> Converter:
    """Compile an ``Enum`` whose values are strings; a literal holds the value."""
    name = type_name(python_type)
    values = tuple(member.value for member in python_type)
    if not values or not all(isinstance(value, str) for value in values):
        raise UnsupportedType(
            python_type=name,
            reason="has members that are not strings",
            advice="give every member of the enum a str as value",
        )
    expected = f"{name} (one of {', '.join(values)})"
    members: dict[Any, Enum] = {str(member.value): member for member in python_type}

    def pack(value: Any, context: ConversionContext) -> str:
        if type(value) is python_type:
            return str(value.value)
        if type(value) is str and value in members:
            return value
        raise wrong_value(value, expected)

    to_literal = primitive_writer(SimpleType.STRING, pack)

    def to_python(literal: Literal, context: ConversionContext) -> Enum:
        value = literal.value
        if type(value) is Primitive and value.kind is SimpleType.STRING:
            return unpack(value.value, context)
        member: Enum = read_otherwise(literal, context, to_python=to_python, unpack=unpack, name=name)
        return member

    def unpack(plain: Plain, context: ConversionContext) -> Enum:
        member = members.get(plain) if isinstance(plain, str) else None
        if member is None:
            raise wrong_value(plain, expected)
        return member

    def parse(text: str) -> Enum:
        member = members.get(text) or python_type.__members__.get(text)
        if member is None:
            raise UnreadableText(text=text, expected=name, example=" or ".join(values))
        return member

    return Converter(
        python_type=python_type,
        literal_type=LiteralType(type=EnumType(values=tuple(str(value) for value in values))),
        tag="enum",
        to_literal=to_literal,
        to_python=to_python,
        pack=pack,
        unpack=unpack,
        plain_kinds=frozenset({str}),
        json_schema=lambda: {"type": "string", "enum": [str(value) for value in values]},
        parse=parse,
        render=lambda value: pack(value, DETACHED),
    )


def compile_choice(python_type: Any, types: Types) -> Converter:
    """Compile ``Literal[...]``, whose choices share one of the types int, str, bool and bytes."""
    choices = get_args(python_type)
    name = type_name(python_type)
    kinds = {type(choice) for choice in choices}
    if len(kinds) > 1 or not kinds <= {int, str, bool}:
        raise UnsupportedType(
            python_type=name,
            reason="mixes choices of several types, or has choices that are not int, str or bool",
            advice="let all choices share one type, or write a Union of Literals",
        )
    base = types.converter(kinds.pop())
    expected = f"one of {', '.join(map(repr, choices))}"

    def checked(value: Any) -> Any:
        if value not in choices:
            raise wrong_value(value, expected)
        return value

    def parse(text: str) -> Any:
        value = base.parse(text)
        if value not in choices:
            raise UnreadableText(text=text, expected=name, example=" or ".join(map(base.render, choices)))
        return value

    return Converter(
        python_type=python_type,
        literal_type=LiteralType(type=base.literal_type.type, annotation={"literal_values": list(choices)}),
        tag=f"Literal[{', '.join(map(repr, choices))}]",
        to_literal=lambda value, context: base.to_literal(checked(base.pack(value, context)), context),
        to_python=lambda literal, context: checked(base.to_python(literal, context)),
        pack=lambda value, context: checked(base.pack(value, context)),
        unpack=lambda plain, context: checked(base.unpack(plain, context)),
        plain_kinds=base.plain_kinds,
        json_schema=lambda: {"enum": list(choices)},
        parse=parse,
        render=base.render,
    )
