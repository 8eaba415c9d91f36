"""
Converters of ``datetime``, ``date`` and ``timedelta``.

Datetimes are instants: naive ones are taken for UTC, others are moved to UTC, so that a local run and a remote one agree. Inside
plain forms they are ISO 8601 texts.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import DATETIME, DURATION, LiteralType, SimpleType
from plait_core.types.contexts import ConversionContext
from plait_core.types.converters import Converter, Plain, Types, read_otherwise, wrong_value
from plait_core.types.primitives import primitive_writer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration_ns(value: timedelta) -> int:
    """Count the nanoseconds of a duration, exactly."""
    return ((value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds) * 1_000


def timestamp_ns(value: datetime) -> int:
    """Count the nanoseconds since the epoch; a naive value is in UTC."""
    return duration_ns((value if value.tzinfo else value.replace(tzinfo=UTC)) - EPOCH)


def from_timestamp_ns(ns: int) -> datetime:
    """Make the instant *ns* after the epoch, in UTC, rounded down to microseconds."""
    return EPOCH + timedelta(0, 0, ns // 1_000)


def compile_datetime(python_type: Any, types: Types) -> Converter:
    """Compile ``datetime``."""

    def accept(value: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        raise wrong_value(value, "datetime")

    def pack(value: Any, context: ConversionContext) -> str:
        return render(accept(value))

    def unpack(plain: Plain, context: ConversionContext) -> datetime:
        return _in_utc(plain) if isinstance(plain, datetime) else parse(_text(plain, "datetime"))

    def parse(text: str) -> datetime:
        from plait_core.types.time_texts import parse_datetime

        return parse_datetime(text)

    def render(value: datetime) -> str:
        return _in_utc(value).isoformat().replace("+00:00", "Z")

    return _time(
        datetime,
        DATETIME,
        dump=lambda value, _: timestamp_ns(accept(value)),
        load=from_timestamp_ns,
        pack=pack,
        unpack=unpack,
        parse=parse,
        render=render,
        schema_format="date-time",
    )


def compile_date(python_type: Any, types: Types) -> Converter:
    """Compile ``date``: the midnight in UTC with which it begins."""

    def accept(value: Any) -> date:
        if type(value) is date:
            return value
        raise wrong_value(value, "date")

    def pack(value: Any, context: ConversionContext) -> str:
        return accept(value).isoformat()

    def unpack(plain: Plain, context: ConversionContext) -> date:
        return parse(_text(plain, "date"))

    def parse(text: str) -> date:
        from plait_core.types.time_texts import parse_datetime

        return parse_datetime(text).date()

    return _time(
        date,
        DATETIME,
        dump=lambda value, _: timestamp_ns(datetime.combine(accept(value), time(), UTC)),
        load=lambda ns: from_timestamp_ns(ns).date(),
        pack=pack,
        unpack=unpack,
        parse=parse,
        render=date.isoformat,
        schema_format="date",
    )


def compile_timedelta(python_type: Any, types: Types) -> Converter:
    """Compile ``timedelta``."""

    def accept(value: Any) -> timedelta:
        if isinstance(value, timedelta):
            return value
        raise wrong_value(value, "timedelta")

    def pack(value: Any, context: ConversionContext) -> str:
        return render(accept(value))

    def unpack(plain: Plain, context: ConversionContext) -> timedelta:
        return parse(_text(plain, "timedelta"))

    def parse(text: str) -> timedelta:
        from plait_core.types.time_texts import parse_duration

        return parse_duration(text)

    def render(value: timedelta) -> str:
        from plait_core.types.time_texts import render_duration

        return render_duration(value)

    return _time(
        timedelta,
        DURATION,
        dump=lambda value, _: duration_ns(accept(value)),
        load=lambda ns: timedelta(0, 0, ns // 1_000),
        pack=pack,
        unpack=unpack,
        parse=parse,
        render=render,
        schema_format="duration",
    )


def _time(
    python_type: type,
    literal_type: LiteralType,
    *,
    dump: Callable[[Any, ConversionContext], int],
    load: Callable[[int], Any],
    pack: Callable[[Any, ConversionContext], str],
    unpack: Callable[[Plain, ConversionContext], Any],
    parse: Callable[[str], Any],
    render: Callable[[Any], str],
    schema_format: str,
) -> Converter:
    kind = literal_type.type
    assert isinstance(kind, SimpleType)
    name = python_type.__name__

    def dump_in_range(value: Any, context: ConversionContext) -> int:
        ns = dump(value, context)
        if -0x8000000000000000 <= ns <= 0x7FFFFFFFFFFFFFFF:
            return ns
        raise wrong_value(
            value, f"{name} that 64 bits of nanoseconds can hold", "stay within 292 years of 1970, or of zero"
        )

    to_literal = primitive_writer(kind, dump_in_range)

    def to_python(literal: Literal, context: ConversionContext) -> Any:
        value = literal.value
        if type(value) is Primitive and value.kind is kind:
            return load(value.value)  # type: ignore[arg-type]  # primitives of this kind hold nanoseconds
        return read_otherwise(literal, context, to_python=to_python, unpack=unpack, name=name)

    return Converter(
        python_type=python_type,
        literal_type=literal_type,
        tag=name,
        to_literal=to_literal,
        to_python=to_python,
        pack=pack,
        unpack=unpack,
        plain_kinds=frozenset({str}),
        json_schema=lambda: {"type": "string", "format": schema_format},
        parse=parse,
        render=render,
    )


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _text(plain: Plain, expected: str) -> str:
    if isinstance(plain, str):
        return plain
    raise wrong_value(plain, expected)
