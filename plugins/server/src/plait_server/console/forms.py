"""
Launch forms: the interface of an entity as fields, and what was typed as inputs.

A field keeps what was typed, so that a form that has faults comes back as it was left, with each fault beside its field.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs

from plait_core.compiler.wording import type_text
from plait_core.ir.interfaces import Parameter
from plait_core.ir.literals import Literal, LiteralMap, NoneValue, Primitive, UnionValue
from plait_core.ir.types import (
    BlobType,
    CollectionType,
    Dimensionality,
    EnumType,
    LiteralType,
    MapType,
    SimpleType,
    StructuredDatasetType,
    UnionType,
)
from plait_core.types.time_texts import render_duration
from plait_server.console.readings import Misread, read_text
from plait_server.console.schemas import schema_of
from plait_server.console.values import plain_of

_HINTS = {
    SimpleType.DATETIME: "UTC, such as 2026-01-31 12:00, or now - 1d",
    SimpleType.DURATION: "such as 1h30m, 10 days or PT1H30M",
    SimpleType.BINARY: "bytes in base64",
}


@attrs.frozen(kw_only=True)
class Field:
    """
    One input of a form.

    ``widget`` is how it is typed: ``text``, ``area``, ``number``, ``select``, ``json`` or ``file``. ``choices`` belong to
    ``select``; ``schema`` to ``json``, and is what its fields are made from.
    """

    name: str
    type: LiteralType
    type_name: str
    widget: str
    is_required: bool
    text: str = ""
    choices: tuple[str, ...] = ()
    hint: str = ""
    schema: str = ""
    description: str = ""
    fault: str = ""
    default: Literal | None = None


def fields_of(parameters: Sequence[Parameter], given: LiteralMap) -> tuple[Field, ...]:
    """Make a field per parameter, filled with what is *given*, else with its default."""
    return tuple(_field(parameter, given.get(parameter.variable.name)) for parameter in parameters)


def read_fields(
    fields: Sequence[Field], typed: Mapping[str, str], uploads: Mapping[str, str]
) -> tuple[tuple[Field, ...], dict[str, Literal]]:
    """
    Read a form.

    Args:
        fields: Of the form.
        typed: Field name -> text; a missing one was left empty.
        uploads: Field name -> URI of the file that was uploaded for it.

    Returns:
        The fields with what was typed and their faults, and the inputs that could be read.
    """
    read, inputs = [], {}
    for field in fields:
        text = uploads.get(field.name) or typed.get(field.name, "")
        now = attrs.evolve(field, text=text)
        try:
            value = _value(now)
        except Misread as misread:
            now = attrs.evolve(now, fault=str(misread))
        else:
            if value is not None:
                inputs[field.name] = value
        read.append(now)
    return tuple(read), inputs


def text_of(literal: Literal) -> str:
    """Render a value so that the form reads it back."""
    match literal.value:
        case UnionValue(value=inner):
            return text_of(inner)
        case NoneValue() | None:
            return ""
        case Primitive(kind=SimpleType.DURATION, value=span_ns):
            return render_duration(timedelta(microseconds=int(span_ns) // 1000))
    plain = plain_of(literal)
    if isinstance(plain, str):
        return plain
    return json.dumps(plain, ensure_ascii=False, indent=None if isinstance(plain, bool | int | float) else 2)


def _value(field: Field) -> Literal | None:
    """Read one field; ``None`` leaves the input to its default."""
    if field.text == "" and _leaves_open(field):
        if field.is_required:
            raise Misread("this is required")
        return None if field.default is not None else read_text("", field.type)
    return read_text(field.text, field.type)


def _leaves_open(field: Field) -> bool:
    """Whether an empty field means nothing was given; for a text without default it is the empty text."""
    return field.type.type is not SimpleType.STRING or field.default is not None


def _field(parameter: Parameter, given: Literal | None) -> Field:
    variable = parameter.variable
    kept = given if given is not None else parameter.default
    type_ = variable.type
    inner = _without_none(type_)
    widget = _widget(inner)
    return Field(
        name=variable.name,
        type=type_,
        type_name=type_text(type_),
        widget=widget,
        is_required=parameter.default is None and not _takes_none(type_),
        text=text_of(kept) if kept is not None else "",
        choices=_choices(inner),
        hint=_hint(inner),
        schema=_schema(inner) if widget == "json" else "",
        description=variable.description,
        default=parameter.default,
    )


def _widget(type_: LiteralType) -> str:
    if _choices(type_):
        return "select"
    match type_.type:
        case SimpleType.INTEGER | SimpleType.FLOAT:
            return "number"
        case SimpleType.STRUCT | CollectionType() | MapType():
            return "json"
        case SimpleType.STRING:
            return "area"
        case BlobType(dimensionality=Dimensionality.SINGLE):
            return "file"
    return "text"


def _choices(type_: LiteralType) -> tuple[str, ...]:
    if isinstance(type_.type, EnumType):
        return type_.type.values
    if type_.type is SimpleType.BOOLEAN:
        return ("true", "false")
    choices = (type_.annotation or {}).get("literal_values")
    return tuple(map(str, choices)) if isinstance(choices, list | tuple) else ()


def _hint(type_: LiteralType) -> str:
    match type_.type:
        case SimpleType() as kind:
            return _HINTS.get(kind, "JSON" if kind is SimpleType.STRUCT else "")
        case CollectionType():
            return "a JSON list"
        case MapType():
            return "a JSON object"
        case BlobType(dimensionality=Dimensionality.SINGLE):
            return "choose a file, or give the URI of one in storage"
        case BlobType() | StructuredDatasetType():
            return "the URI of what is in storage already"
    return ""


def _schema(type_: LiteralType) -> str:
    """Render the schema from which fields are made; nothing where it says no more than that anything goes."""
    schema = schema_of(type_)
    return json.dumps(schema, ensure_ascii=False) if set(schema) - {"type", "title", "description"} else ""


def _without_none(type_: LiteralType) -> LiteralType:
    if not isinstance(type_.type, UnionType):
        return type_
    others = [variant for variant in type_.type.variants if variant.type is not SimpleType.NONE]
    return others[0] if len(others) == 1 else type_


def _takes_none(type_: LiteralType) -> bool:
    return isinstance(type_.type, UnionType) and any(v.type is SimpleType.NONE for v in type_.type.variants)
