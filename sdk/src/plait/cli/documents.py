"""
What commands print as JSON: values, times and errors in their plain forms.

The shapes are stable; a field may be added, none is renamed or removed.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import click

from plait_core.ir.executions import TaskError
from plait_core.ir.json import Json
from plait_core.ir.literals import Collection, ErrorValue, Literal, MapValue, Offloaded, Primitive, UnionValue
from plait_core.ir.types import SimpleType


def show(document: Json) -> None:
    """Print *document*, indented, as the only thing on standard output."""
    from json import dumps

    click.echo(dumps(document, indent=2, ensure_ascii=False, default=as_base64))


def of_values(literals: Mapping[str, Literal] | None) -> dict[str, Any] | None:
    """Render values by name."""
    return None if literals is None else {name: of_value(literal) for name, literal in literals.items()}


def of_value(literal: Literal) -> Any:
    """Render one value: as JSON shows it, a file or a large value by its place."""
    match literal.value:
        case None:
            return None
        case UnionValue(value=inner):
            return of_value(inner)
        case Collection(literals=items):
            return [of_value(item) for item in items]
        case MapValue(literals=entries):
            return {key: of_value(item) for key, item in entries.items()}
        case Offloaded(uri=uri, size_bytes=size_bytes):
            return {"uri": uri, "size_bytes": size_bytes}
        case ErrorValue(failed_node_id=node, message=message):
            return {"node": node, "message": message}
        case Primitive(kind=SimpleType.DATETIME | SimpleType.DURATION as kind, value=ns):
            return time_text(int(ns)) if kind is SimpleType.DATETIME else _duration_text(int(ns))
    from plait_core.types.plain_literals import plain_of

    return plain_of(literal)


def of_error(error: TaskError | None) -> dict[str, Json] | None:
    """Render why something failed."""
    if error is None:
        return None
    return {
        "code": error.code,
        "message": error.message,
        "fault": error.fault.value,
        "node": error.node,
        "exception": error.exception,
        "traceback": error.traceback,
    }


@lru_cache(maxsize=1024)
def time_text(ns: int) -> str:
    """Render an instant in ISO 8601; elements of a map share many."""
    from plait_core.types.times import from_timestamp_ns

    return from_timestamp_ns(ns).isoformat().replace("+00:00", "Z")


def _duration_text(ns: int) -> str:
    from datetime import timedelta

    from plait_core.types.time_texts import render_duration

    return render_duration(timedelta(microseconds=ns // 1000))


def as_base64(value: bytes) -> str:
    """Render bytes, which JSON has none of."""
    from base64 import b64encode

    return b64encode(value).decode()
