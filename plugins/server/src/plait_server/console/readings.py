"""
Reading what people type into forms: texts and plain data to literals, by literal type alone.

The server has no Python types of its users, and needs none: each type is read as its plain form would be. Whatever does not
fit is a ``Misread`` that names the place, for the page to show beside the field.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from plait_core.compiler.wording import type_text
from plait_core.errors.values import UnreadableText
from plait_core.ir.literals import (
    NOTHING,
    Binary,
    Blob,
    Collection,
    Literal,
    MapValue,
    Primitive,
    StructuredDatasetValue,
    UnionValue,
)
from plait_core.ir.types import (
    BlobType,
    CollectionType,
    EnumType,
    LiteralType,
    MapType,
    SimpleType,
    StructuredDatasetType,
    UnionType,
)
from plait_core.types.time_texts import parse_datetime, parse_duration
from plait_server.console.schemas import misfits, schema_of

MICROSECOND = 1_000
MOST_FAULTS = 5
"""How many faults of one struct are told at once."""
_INT64 = range(-(2**63), 2**63)
_WORDS = {"true": True, "false": False}


class Misread(Exception):
    """A text is no value of its type; the message is for the person who typed it."""


def read_text(text: str, type_: LiteralType) -> Literal:
    """Read the text of a field. Raises ``Misread``."""
    kind = type_.type
    if kind is SimpleType.STRING or isinstance(kind, EnumType):
        return read_plain(text, type_)
    if isinstance(kind, UnionType):
        return _read_union_text(text, kind)
    text = text.strip()
    if isinstance(kind, BlobType | StructuredDatasetType):
        return read_plain(text, type_)
    if isinstance(kind, SimpleType) and kind in _TEXTS:
        return _TEXTS[kind](text, type_)
    return read_plain(_json(text), type_)


def read_plain(plain: Any, type_: LiteralType, place: str = "") -> Literal:
    """Read plain data, as JSON has it. Raises ``Misread``, naming the *place* inside."""
    match type_.type:
        case SimpleType.NONE if plain is None or plain in ("", "null", "None"):
            return NOTHING
        case SimpleType.INTEGER if isinstance(plain, int) and not isinstance(plain, bool):
            if plain not in _INT64:
                raise Misread(f"{_at(place)}{plain} does not fit into 64 bits")
            return _chosen(plain, type_, place)
        case SimpleType.FLOAT if isinstance(plain, int | float) and not isinstance(plain, bool):
            return _primitive(SimpleType.FLOAT, float(plain))
        case SimpleType.STRING if isinstance(plain, str):
            return _chosen(plain, type_, place)
        case SimpleType.BOOLEAN if isinstance(plain, bool):
            return _chosen(plain, type_, place)
        case SimpleType.DATETIME if isinstance(plain, str):
            return _datetime(plain, type_)
        case SimpleType.DURATION if isinstance(plain, str):
            return _duration(plain, type_)
        case SimpleType.BINARY if isinstance(plain, str):
            return Literal(value=Binary(value=_base64(plain, place), tag="bytes"))
        case SimpleType.STRUCT:
            return _struct(plain, type_, place)
        case EnumType(values=values) if isinstance(plain, str):
            if plain not in values:
                raise Misread(f"{_at(place)}{plain!r} is not one of {', '.join(values)}")
            return _primitive(SimpleType.STRING, plain)
        case CollectionType(element=element) if isinstance(plain, list):
            items = (read_plain(item, element, f"{place}[{n}]") for n, item in enumerate(plain))
            return Literal(value=Collection(literals=tuple(items)))
        case MapType(value=value) if isinstance(plain, dict):
            entries = {key: read_plain(item, value, f"{place}[{key!r}]") for key, item in plain.items()}
            return Literal(value=MapValue(literals=entries))
        case BlobType() as blob if uri := _uri(plain, "path"):
            return Literal(value=Blob(uri=uri, type=blob))
        case StructuredDatasetType() as table if uri := _uri(plain, "uri"):
            return Literal(value=StructuredDatasetValue(uri=uri, type=table))
        case UnionType(variants=variants):
            return _read_union(plain, variants, place)
    raise Misread(f"{_at(place)}{json.dumps(plain, ensure_ascii=False)[:60]} is not {type_text(type_)}")


def _read_union_text(text: str, union: UnionType) -> Literal:
    """Take the first variant that reads the text; text itself reads anything, so it is asked last, and None first."""
    ordered = sorted(union.variants, key=lambda variant: (variant.type is SimpleType.STRING, not _is_none(variant)))
    for variant in ordered:
        try:
            if _is_none(variant) and text.strip() not in {"", "null", "None"}:
                continue
            return Literal(value=UnionValue(value=read_text(text, variant), type=variant))
        except Misread as misread:
            told = misread
    others = [variant for variant in union.variants if not _is_none(variant)]
    if len(others) == 1:
        raise told
    raise Misread(f"{text[:60]!r} is none of {', '.join(map(type_text, union.variants))}")


def _read_union(plain: Any, variants: tuple[LiteralType, ...], place: str) -> Literal:
    for variant in sorted(variants, key=lambda variant: variant.type is SimpleType.STRUCT):
        if _is_none(variant) and plain is not None:
            continue
        try:
            return Literal(value=UnionValue(value=read_plain(plain, variant, place), type=variant))
        except Misread:
            continue
    raise Misread(f"{_at(place)}is none of {', '.join(map(type_text, variants))}")


def _is_none(type_: LiteralType) -> bool:
    return type_.type is SimpleType.NONE


def _struct(plain: Any, type_: LiteralType, place: str) -> Literal:
    """Keep plain data as a struct; its schema, where the type carries one, must allow it."""
    from msgpack import packb

    schema = schema_of(type_)
    if schema.get("type") == "object" and not isinstance(plain, dict):
        names = ", ".join(schema.get("properties", ())) or "any fields"
        raise Misread(f"{_at(place)}a JSON object is wanted, with {names}")
    try:
        faults, packed = list(misfits(plain, schema, place)), packb(plain)
    except OverflowError as error:
        raise Misread(f"{_at(place)}a number in it does not fit into 64 bits") from error
    except (RecursionError, ValueError) as error:
        raise Misread(f"{_at(place)}it is nested too deeply") from error
    if faults:
        raise Misread("; ".join(faults[:MOST_FAULTS]))
    return Literal(value=Binary(value=packed, tag="msgpack"))


def _int(text: str, type_: LiteralType) -> Literal:
    try:
        return read_plain(int(text), type_)
    except ValueError as error:
        raise Misread(f"{text[:60]!r} is no whole number") from error


def _float(text: str, _type: LiteralType) -> Literal:
    try:
        number = float(text)
    except ValueError as error:
        raise Misread(f"{text[:60]!r} is no number") from error
    return _primitive(SimpleType.FLOAT, number)


def _bool(text: str, type_: LiteralType) -> Literal:
    if text.lower() not in _WORDS:
        raise Misread(f"{text[:60]!r} is neither true nor false")
    return read_plain(_WORDS[text.lower()], type_)


def _datetime(text: str, _type: LiteralType) -> Literal:
    try:
        instant = parse_datetime(text)
    except UnreadableText as error:
        raise Misread("write a date and time in UTC, such as 2026-01-31 12:00, or now - 1d") from error
    seconds = math.floor(instant.timestamp())
    return _primitive(SimpleType.DATETIME, seconds * 1_000_000_000 + instant.microsecond * MICROSECOND)


def _duration(text: str, _type: LiteralType) -> Literal:
    try:
        span = parse_duration(text)
    except UnreadableText as error:
        raise Misread("write a duration such as 1h30m, 10 days or PT1H30M") from error
    total_us = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return _primitive(SimpleType.DURATION, total_us * MICROSECOND)


_TEXTS: Mapping[SimpleType, Callable[[str, LiteralType], Literal]] = {
    SimpleType.INTEGER: _int,
    SimpleType.FLOAT: _float,
    SimpleType.BOOLEAN: _bool,
    SimpleType.DATETIME: _datetime,
    SimpleType.DURATION: _duration,
    SimpleType.BINARY: read_plain,
    SimpleType.NONE: read_plain,
}


def _chosen(plain: Any, type_: LiteralType, place: str) -> Literal:
    """Make a primitive, if the type leaves open which one."""
    choices = (type_.annotation or {}).get("literal_values")
    if isinstance(choices, list | tuple) and plain not in choices:
        raise Misread(f"{_at(place)}{plain!r} is not one of {', '.join(map(str, choices))}")
    assert isinstance(type_.type, SimpleType)
    return _primitive(type_.type, plain)


def _primitive(kind: SimpleType, value: Any) -> Literal:
    return Literal(value=Primitive(kind=kind, value=value))


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
        if "\\u" in text:  # an escape may be half of a character, which nothing can encode
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Misread("there is half of a surrogate pair in it") from error
    except ValueError as error:
        raise Misread(f"this is no JSON: {error}") from error
    except RecursionError as error:
        raise Misread("this is nested too deeply") from error
    return found


def _base64(text: str, place: str) -> bytes:
    from base64 import b64decode

    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise Misread(f"{_at(place)}bytes are written in base64") from error


def _uri(plain: Any, key: str) -> str:
    found = plain.get(key) if isinstance(plain, dict) else plain
    return found if isinstance(found, str) else ""


def _at(place: str) -> str:
    return f"{place}: " if place else ""
