"""
Values as people read them: typed, shortened, with what lies in storage as links.

Called with literals as they were recorded. Nothing is fetched: a value that was too large to carry is described, and linked.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence, Sized
from itertools import islice
from typing import Any

import attrs

from plait_core.compiler.wording import type_text
from plait_core.ir.interfaces import Variable
from plait_core.ir.literals import (
    Binary,
    Blob,
    Collection,
    ErrorValue,
    Generic,
    Literal,
    LiteralMap,
    MapValue,
    NoneValue,
    Offloaded,
    Primitive,
    StructuredDatasetValue,
    UnionValue,
)
from plait_core.ir.types import Dimensionality, LiteralType, SimpleType
from plait_server.console.times import duration_text, iso_text

SHORT = 160
"""How many letters of a value a page shows before it offers the whole."""
MOST = 5_000
"""How many elements of a list or map it shows."""
LONGEST = 200_000
"""How many letters of a value a page ever holds."""


@attrs.frozen(kw_only=True)
class Stored:
    """Something in blob storage: ``is_file`` where one object can be downloaded."""

    uri: str
    name: str
    is_file: bool


@attrs.frozen(kw_only=True)
class Shown:
    """A value: ``text`` in full (or as much as a page may hold), what it is made of, and what it refers to."""

    name: str
    type: str
    text: str
    is_code: bool
    stored: tuple[Stored, ...] = ()
    description: str = ""

    @property
    def is_long(self) -> bool:
        """Whether the text is worth folding."""
        return len(self.text) > SHORT or "\n" in self.text

    @property
    def short(self) -> str:
        """The beginning of the text, on one line."""
        line = " ".join(self.text[: SHORT * 2].split())
        return line if len(line) <= SHORT and not self.is_long else f"{line[:SHORT]}…"


def show_all(values: LiteralMap, variables: Sequence[Variable] = ()) -> tuple[Shown, ...]:
    """Show inputs or outputs in order of their declaration; what is not declared comes last."""
    declared = {variable.name: variable for variable in variables}
    names = [name for name in declared if name in values] + [name for name in values if name not in declared]
    return tuple(show(name, values[name], declared.get(name)) for name in names)


def show(name: str, literal: Literal, variable: Variable | None = None) -> Shown:
    """Show one value."""
    type_ = variable.type if variable is not None else None
    plain = plain_of(literal, most=MOST)
    is_text = isinstance(plain, str)
    text = "None" if plain is None else plain if isinstance(plain, str) else _json_text(plain)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n… {len(text) - LONGEST} more letters"
    return Shown(
        name=name,
        type=_type_text(type_, literal),
        text=text,
        is_code=not is_text,
        stored=tuple(stored_in(literal)),
        description=variable.description if variable is not None else "",
    )


def plain_of(literal: Literal, *, most: int | None = None) -> Any:
    """
    Return a value as plain data for reading: instants and durations as text, references as their URIs.

    Lists and maps are cut after *most* elements, if that is given.
    """
    match literal.value:
        case Primitive(kind=SimpleType.DATETIME, value=at_ns):
            return iso_text(int(at_ns))
        case Primitive(kind=SimpleType.DURATION, value=span_ns):
            return duration_text(int(span_ns))
        case Primitive(value=atom):
            return atom
        case None:
            return "no value"
        case NoneValue():
            return None
        case Binary(tag="msgpack", value=data):
            from msgpack import unpackb

            return unpackb(data, strict_map_key=False)
        case Binary(value=data):
            return _bytes_text(data)
        case Generic(value=plain):
            return plain
        case Blob(uri=uri) | StructuredDatasetValue(uri=uri):
            return uri
        case UnionValue(value=inner):
            return plain_of(inner, most=most)
        case Collection(literals=items):
            return [*(plain_of(item, most=most) for item in items[:most]), *_rest_of(items, most)]
        case MapValue(literals=entries):
            shown = {key: plain_of(item, most=most) for key, item in islice(entries.items(), most)}
            return shown | dict.fromkeys(_rest_of(entries, most), "")
        case ErrorValue(failed_node_id=node, message=message):
            return f"{node}: {message}"
        case Offloaded(uri=uri, size_bytes=size_bytes, length=length):
            held = f"{length} elements, " if length is not None else ""
            return f"{held}{size_text(size_bytes)}, stored apart"


def _rest_of(items: Sized, most: int | None) -> list[str]:
    return [] if most is None or len(items) <= most else [f"… {len(items) - most:,} more"]


def stored_in(literal: Literal) -> Iterator[Stored]:
    """Yield what a value refers to, in order."""
    match literal.value:
        case Blob(uri=uri, type=type_):
            yield _stored(uri, is_file=type_.dimensionality is Dimensionality.SINGLE)
        case StructuredDatasetValue(uri=uri):
            yield _stored(uri, is_file=False)
        case Offloaded(uri=uri):
            yield _stored(uri, is_file=True)
        case UnionValue(value=inner):
            yield from stored_in(inner)
        case Collection(literals=items):
            for item in items:
                yield from stored_in(item)
        case MapValue(literals=entries):
            for item in entries.values():
                yield from stored_in(item)


def size_text(size_bytes: int) -> str:
    """Render a size: ``512 B``, ``1.4 MiB``."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _json_text(plain: Any) -> str:
    """Render plain data on one line, or indented if that is long."""
    line = json.dumps(plain, ensure_ascii=False, default=_bytes_text)
    return line if len(line) <= SHORT else json.dumps(plain, ensure_ascii=False, indent=2, default=_bytes_text)


def _type_text(type_: LiteralType | None, literal: Literal) -> str:
    from plait_core.compiler.values import own_type

    found = type_ or own_type(literal)
    return type_text(found) if found is not None else ""


def _stored(uri: str, *, is_file: bool) -> Stored:
    return Stored(uri=uri, name=uri.rstrip("/").rpartition("/")[2] or uri, is_file=is_file)


def _bytes_text(value: Any) -> str:
    if not isinstance(value, bytes):
        return str(value)
    return f"{size_text(len(value))}: {b64encode(value[:48]).decode()}{'…' if len(value) > 48 else ''}"
