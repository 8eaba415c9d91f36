"""
Values against types: whether a literal is one that a type describes.

Asked for constants, defaults and fixed inputs of graphs, and for the inputs of a launch.
"""

from typing import assert_never

from plait_core.compiler.assignability import assignable
from plait_core.compiler.wording import type_text
from plait_core.ir.literals import (
    Binary,
    Blob,
    Collection,
    ErrorValue,
    Generic,
    Literal,
    MapValue,
    NoneValue,
    Offloaded,
    Primitive,
    StructuredDatasetValue,
    UnionValue,
)
from plait_core.ir.types import (
    BINARY,
    ERROR,
    NONE,
    STRUCT,
    CollectionType,
    EnumType,
    LiteralType,
    MapType,
    SimpleType,
    UnionType,
    simple,
)

_LONGEST = 40


def misfit(literal: Literal, type_: LiteralType, path: str = "$") -> str | None:
    """Say why *literal* is no value of *type_*, naming the part at fault (``$[2].x``); ``None`` when it is one."""
    match literal.value, type_.type:
        case None, _:
            return f"{path} has no value"
        case UnionValue(type=chosen), UnionType():
            fits = assignable(chosen, type_) is None
        case UnionValue(value=inner), _:
            return misfit(inner, type_, path)
        case _, UnionType(variants=variants):
            fits = any(misfit(literal, variant, path) is None for variant in variants)
        case Collection(literals=items), CollectionType(element=element):
            return next(filter(None, (misfit(item, element, f"{path}[{n}]") for n, item in enumerate(items))), None)
        case MapValue(literals=entries), MapType(value=value):
            return next(filter(None, (misfit(item, value, f"{path}[{key!r}]") for key, item in entries.items())), None)
        case Primitive(kind=SimpleType.STRING, value=value), EnumType(values=allowed):
            return None if value in allowed else f"{path} is {value!r}, which is not one of {', '.join(allowed)}"
        case _:
            own = own_type(literal)
            fits = own is not None and assignable(own, type_) is None
    return None if fits else f"{path} is {value_text(literal)}, which is not {type_text(type_)}"


def value_text(literal: Literal) -> str:
    """Render *literal* for a message, shortened."""
    text = _plain(literal)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def own_type(literal: Literal) -> LiteralType | None:
    """The type that a scalar or a reference carries by itself; ``None`` for values made of others."""
    match literal.value:
        case Primitive(kind=kind):
            return simple(kind)
        case NoneValue():
            return NONE
        case Offloaded(type=type_):
            return type_
        case Blob(type=blob):
            return LiteralType(type=blob)
        case StructuredDatasetValue(type=dataset):
            return LiteralType(type=dataset)
        case Binary(tag=tag):
            return BINARY if tag == "bytes" else STRUCT
        case Generic():
            return STRUCT
        case ErrorValue():
            return ERROR
        case UnionValue(value=inner):
            return own_type(inner)
        case Collection() | MapValue() | None:
            return None
        case _ as never:
            assert_never(never)


def _plain(literal: Literal) -> str:
    match literal.value:
        case Primitive(kind=SimpleType.DATETIME | SimpleType.DURATION as kind, value=int(ns)):
            return _time_text(kind, ns)
        case Primitive(value=value):
            return repr(value)
        case NoneValue():
            return "None"
        case Blob(uri=uri) | StructuredDatasetValue(uri=uri) | Offloaded(uri=uri):
            return uri
        case UnionValue(value=inner):
            return _plain(inner)
        case Collection(literals=items):
            return f"[{', '.join(map(_plain, items[:_LONGEST]))}]"
        case MapValue(literals=entries):
            return f"{{{', '.join(f'{key!r}: {_plain(item)}' for key, item in entries.items())}}}"
        case Generic(value=value):
            return repr(value)
        case Binary(value=content):
            return f"{len(content)} bytes"
        case ErrorValue(message=message):
            return f"error {message!r}"
        case None:
            return "nothing"
        case _ as never:
            assert_never(never)


def _time_text(kind: SimpleType, ns: int) -> str:
    """Render an instant or a duration in ISO 8601."""
    from datetime import timedelta

    from plait_core.types.time_texts import render_duration
    from plait_core.types.times import from_timestamp_ns

    if kind is SimpleType.DURATION:
        return render_duration(timedelta(microseconds=ns // 1_000))
    return from_timestamp_ns(ns).isoformat().replace("+00:00", "Z")
