"""
The stored form of the IR: JSON for people and the API, msgpack for stores and workers.

Called at every edge where an object of the IR leaves memory. An attrs class is a map of the fields that differ from
their default; a class that is one of several alternatives is wrapped in its tag, ``{"attempt_scheduled": {...}}``, wherever it
stands. Literals are written by hand, for speed and for readers: ``{"integer": 3}``, with ``hash`` and ``metadata`` beside the value.
Unknown fields and tags are refused. So a tag, a field's name and its default are promises to stored data:
``docs/adr/stored-form.md``, and golden files hold them.

Writing is a walk over values, by ``plait_core.ir.encoding``; reading goes by types, by cattrs, which is imported
by the first call that reads: a run that only records needs none of it.
"""

import math
import types
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Union, get_args, get_origin, overload

import attrs

from plait_core.ir import literals
from plait_core.ir.encoding import encode, encode_text
from plait_core.ir.json import Json
from plait_core.ir.literals import Literal, Primitive, Primitives, primitive_literal
from plait_core.ir.tags import TAGS
from plait_core.ir.types import SimpleType

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

_PRIMITIVES = {
    SimpleType.INTEGER: int,
    SimpleType.FLOAT: float,
    SimpleType.STRING: str,
    SimpleType.BOOLEAN: bool,
    SimpleType.DATETIME: int,
    SimpleType.DURATION: int,
}
_PRIMITIVE_BY_TAG = {kind.value: (kind, python_type) for kind, python_type in _PRIMITIVES.items()}
_Outcomes: TypeAlias = tuple[tuple[int, int, Literal | None, bool], ...]
"""Of the elements that one event records."""
_NO_PRIMITIVE: tuple[SimpleType, type | None] = (SimpleType.NONE, None)
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


# ── the four functions ───────────────────────────────────────────────────────


def dumps(value: Any) -> bytes:
    """
    Dump an object of the IR as msgpack.

    Raises:
        NotStorable: Something inside has no stored form: an integer beyond 64 bits, a foreign object, nesting beyond 500 levels.
    """
    from msgpack import packb

    try:
        packed: bytes = packb(encode(value), unicode_errors="surrogatepass")
    except (OverflowError, TypeError, ValueError) as error:
        raise _not_storable(value, error) from error
    return packed


@overload
def loads(kind: type[T], data: bytes) -> T: ...
@overload
def loads(kind: object, data: bytes) -> Any: ...
def loads(kind: Any, data: bytes) -> Any:
    """
    Load what ``dumps`` made; *kind* is a class of the IR or one of its unions (``Decision``).

    Raises:
        NotReadable: The bytes are no msgpack, or not of this kind; says where.
    """
    from msgpack import unpackb

    try:
        plain = unpackb(data, unicode_errors="surrogatepass")
    except Exception as error:  # msgpack raises classes of five unrelated families for damaged bytes
        raise _not_readable(kind, (f"$: no msgpack ({error})",)) from error
    return _structure(kind, plain, is_text=False)


def to_json(value: Any) -> Json:
    """Turn an object of the IR into JSON: bytes as base64, non-finite floats as ``"NaN"``, ``"Infinity"``, ``"-Infinity"``."""
    plain: Json = encode_text(value)
    return plain


@overload
def from_json(kind: type[T], data: Json) -> T: ...
@overload
def from_json(kind: object, data: Json) -> Any: ...
def from_json(kind: Any, data: Json) -> Any:
    """Turn what ``to_json`` made into an object of *kind*. Raises ``NotReadable`` like ``loads``."""
    return _structure(kind, data, is_text=True)


# ── converters ───────────────────────────────────────────────────────────────


def _structure(kind: Any, plain: Any, *, is_text: bool) -> Any:
    """Structure quickly; only after a failure again, slowly, to tell every place that is wrong."""
    try:
        return (_text() if is_text else _binary()).structure(plain, kind)
    except Exception as error:  # cattrs passes on whatever a hook or a class raised
        raise _not_readable(kind, _faults(kind, plain, is_text=is_text)) from error


def _faults(kind: Any, plain: Any, *, is_text: bool) -> tuple[str, ...]:
    from cattrs import transform_error

    try:
        _make(is_text=is_text, is_detailed=True).structure(plain, kind)
    except Exception as error:  # noqa: BLE001  # as above
        return tuple(transform_error(error, format_exception=_fault))
    return ()


def _fault(error: BaseException, _: type | None) -> str:
    """Tell in words what one place has wrong; the texts of our own hooks are meant for readers, those of cattrs less so."""
    from cattrs.errors import ForbiddenExtraKeysError

    match error:
        case KeyError():
            return f"{error} is missing or not known"
        case ForbiddenExtraKeysError():
            return f"unknown: {', '.join(sorted(error.extra_fields))}"
        case _:
            return str(error)


@cache
def _binary() -> "Converter":
    return _make(is_text=False)


@cache
def _text() -> "Converter":
    return _make(is_text=True)


def _make(*, is_text: bool, is_detailed: bool = False) -> "Converter":
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True, detailed_validation=is_detailed)
    converter.register_structure_hook_factory(attrs.has, lambda kind: _decoder(kind, converter))
    converter.register_structure_hook_factory(_is_tuple, lambda _: _list_decoder(converter))
    converter.register_structure_hook_factory(_is_mapping, lambda kind: _map_decoder(kind, converter))
    converter.register_structure_hook_factory(_is_union_of_classes, lambda kind: _union_decoder(kind, converter))
    converter.register_structure_hook_func(_is_plain, lambda value, _: value)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(float, _as_float)
    converter.register_structure_hook(bytes, _bytes_from_json if is_text else _exactly(bytes))
    _register_literals(converter)
    return converter


def _resolved(kind: Any) -> Any:
    """Let cattrs see the classes behind names in quotes, those of ``Json`` included."""
    return attrs.resolve_types(kind, localns={"Mapping": Mapping, "Sequence": Sequence, "Json": Json})


def _decoder(kind: Any, converter: "Converter") -> Hook:
    from cattrs.gen import make_dict_structure_fn

    decode: Hook = make_dict_structure_fn(
        _resolved(kind),
        converter,
        _cattrs_forbid_extra_keys=True,
        _cattrs_detailed_validation=converter.detailed_validation,
    )
    tag = TAGS.get(kind)
    # the quick one fails by itself where a map is missing
    fields = _checking(dict, "a map", decode) if converter.detailed_validation else decode

    def decode_tagged(data: Any, _: Any) -> Any:
        found, body = _tagged(data)
        if found != tag:
            raise ValueError(f"expected {tag!r}, found {found!r}")
        return fields(body, kind)

    return fields if tag is None else decode_tagged


def _list_decoder(converter: "Converter") -> Hook:
    """Take nothing else for a list that can be iterated over, least of all a text."""
    return _checking(list, "a list", converter._structure_tuple)


def _map_decoder(kind: Any, converter: "Converter") -> Hook:
    return _checking(dict, "a map", converter.gen_structure_mapping(kind))


def _checking(expected: type, word: str, decode: Hook) -> Hook:
    def checked(data: Any, kind: Any) -> Any:
        if data.__class__ is not expected:
            raise ValueError(f"expected {word}, found {_shown(data)}")
        return decode(data, kind)

    return checked


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _union_decoder(kind: Any, converter: "Converter") -> Hook:
    """Choose among classes by their tag; a bare string is a simple type, ``None`` is itself where allowed."""
    members = get_args(kind)
    by_tag = {TAGS[member]: member for member in members if member in TAGS}
    hooks: dict[str, Hook] = {}

    def decode(data: Any, _: Any) -> Any:
        if data is None and type(None) in members:
            return None
        if isinstance(data, str) and SimpleType in members:
            return SimpleType(data)
        tag = _tagged(data)[0]
        if tag not in hooks:
            if tag not in by_tag:
                raise ValueError(f"unknown tag {tag!r}, expected one of: {', '.join(by_tag)}")
            hooks[tag] = converter.get_structure_hook(by_tag[tag])
        return hooks[tag](data, by_tag[tag])

    return decode


def _tagged(data: Any) -> tuple[str, Any]:
    if not isinstance(data, dict) or len(data) != 1:
        raise ValueError(f"expected a map with one tag, found {_shown(data)}")
    return next(iter(data.items()))


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in {Union, types.UnionType}


def _is_union_of_classes(kind: Any) -> bool:
    """Say whether *kind* has several classes to choose from; ``X | None`` is left to cattrs."""
    return _is_union(kind) and sum(member in TAGS for member in get_args(kind) if isinstance(member, type)) > 1


def _is_plain(kind: Any) -> bool:
    """Say whether *kind* is ``Json``, or a step of an attribute path: what is stored as it is."""
    return _is_union(kind) and {int, str} <= set(get_args(kind))


def _exactly(kind: type) -> Hook:
    def check(value: Any, _: Any) -> Any:
        if value.__class__ is not kind:
            raise ValueError(f"expected {kind.__name__}, found {_shown(value)}")
        return value

    return check


def _as_float(value: Any, _: Any) -> float:
    """Read a float; JSON has no other way to write 1.0 than 1 in some languages, and none for NaN."""
    if value.__class__ is float:
        return value
    if value.__class__ is int:
        return float(value)
    if value.__class__ is str and value in _NON_FINITE:
        return _NON_FINITE[value]
    raise ValueError(f"expected float, found {_shown(value)}")


def _bytes_from_json(value: Any, _: Any) -> bytes:
    return b64decode(_exactly(str)(value, None), validate=True)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# ── literals, by hand ────────────────────────────────────────────────────────


def _register_literals(converter: "Converter") -> None:
    """Most of what is stored are literals, and most of those are primitives."""
    variant = _union_decoder(literals.LiteralVariant, converter)

    def decode_primitive(data: Any, _: Any) -> Primitive:
        tag, value = _tagged(data)
        kind, python_type = _PRIMITIVE_BY_TAG[tag]
        if python_type is float:
            value = _as_float(value, None)
        elif value.__class__ is not python_type:
            raise ValueError(f"expected {tag}, found {_shown(value)}")
        return Primitive(kind=kind, value=value)

    def decode(data: Any, _: Any) -> Literal:
        if not isinstance(data, dict):
            raise TypeError(f"expected a literal, found {_shown(data)}")
        if len(data) == 1:  # most literals are a primitive and nothing else
            body: Any
            ((tag, body),) = data.items()
            kind, python_type = _PRIMITIVE_BY_TAG.get(tag, _NO_PRIMITIVE)
            is_plain = body.__class__ is python_type
            if is_plain:
                return primitive_literal(kind, body)
        riders = {name: data[name] for name in ("hash", "metadata") if name in data}
        value = {tag: body for tag, body in data.items() if tag not in riders} if riders else data
        if not value:
            return Literal(value=None, **riders)
        is_primitive = len(value) == 1 and next(iter(value)) in _PRIMITIVE_BY_TAG
        return Literal(value=(decode_primitive if is_primitive else variant)(value, None), **riders)

    decode_tuple = _list_decoder(converter)

    def decode_literals(data: Any, _: Any) -> Sequence[Literal]:
        return _primitives(data) or decode_tuple(data, tuple[Literal, ...])

    converter.register_structure_hook_func(lambda kind: kind == Sequence[Literal], decode_literals)
    converter.register_structure_hook(Primitive, decode_primitive)
    converter.register_structure_hook(Literal, decode)
    if not converter.detailed_validation:
        decode_outcomes = _checking(list, "a list", lambda data, _: _outcomes(data, decode))
        converter.register_structure_hook_func(lambda kind: kind == _Outcomes, decode_outcomes)


def _outcomes(data: Any, decode: Hook) -> _Outcomes:
    """Read the outcomes of elements; a log may have a hundred thousand of them, which somebody waits for."""
    outcomes = []
    for element, n, output, is_cached in data:
        if element.__class__ is not int or n.__class__ is not int or is_cached.__class__ is not bool:
            raise TypeError("expected an element, its attempt, an output, and whether it was cached")
        outcomes.append((element, n, None if output is None else decode(output, Literal), is_cached))
    return tuple(outcomes)


def _primitives(data: Any) -> Primitives | None:
    """Read a list whose items are all primitives of the kind of its first; ``None`` for any other."""
    if data.__class__ is not list or not data or data[0].__class__ is not dict or len(data[0]) != 1:
        return None
    (tag,) = data[0]
    kind, python_type = _PRIMITIVE_BY_TAG.get(tag, _NO_PRIMITIVE)
    values: list[Any] = []
    for item in data:
        value = item.get(tag) if item.__class__ is dict and len(item) == 1 else None
        if python_type is None or value.__class__ is not python_type:
            return None
        values.append(value)
    return Primitives(kind, tuple(values))


# ── failures ─────────────────────────────────────────────────────────────────


def _not_storable(value: Any, error: Exception) -> Exception:
    from plait_core.errors.stores import NotStorable

    return NotStorable(kind=type(value).__name__, detail=str(error))


def _not_readable(kind: Any, faults: tuple[str, ...]) -> Exception:
    from plait_core.errors.stores import NotReadable

    return NotReadable(kind=kind.__name__ if isinstance(kind, type) else "document", faults=faults)
