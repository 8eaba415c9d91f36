"""
The fields of dataclasses, attrs classes, TypedDicts and NamedTuples, read in one way.

Type variables are replaced by what a generic class was subscripted with, along the whole line of inheritance.
"""

import dataclasses
import sys
from collections.abc import Callable, Mapping
from typing import Any, Generic, NotRequired, Required, TypeVar, get_args, get_origin, get_type_hints, is_typeddict

import attrs

from plait_core.errors.values import UnsupportedType
from plait_core.types.converters import type_name


@attrs.frozen(kw_only=True)
class Field:
    """
    A field: its type, and how it gets there.

    ``argument`` is its name in the constructor, ``None`` for one that the constructor does not take. ``default`` makes the
    default where there is one that could be shown.
    """

    name: str
    type: Any
    argument: str | None
    is_required: bool
    default: Callable[[], Any] | None = None


def is_namedtuple(cls: Any) -> bool:
    """Say whether *cls* was made by ``NamedTuple`` or ``namedtuple``."""
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def has_fields(cls: Any) -> bool:
    """Say whether ``fields_of`` can read *cls*, a class without arguments."""
    return isinstance(cls, type) and (
        dataclasses.is_dataclass(cls) or attrs.has(cls) or is_typeddict(cls) or is_namedtuple(cls)
    )


def fields_of(python_type: Any) -> list[Field]:
    """List the fields of a class, subscripted or not, in order of declaration."""
    cls: Any = get_origin(python_type) or python_type
    hints = resolved_hints(python_type)
    if dataclasses.is_dataclass(cls):
        return [_of_dataclass(field, hints[field.name]) for field in dataclasses.fields(cls)]
    if attrs.has(cls):
        return [_of_attrs(field, hints.get(field.name, Any)) for field in attrs.fields(cls)]
    if is_typeddict(cls):
        required = cls.__required_keys__
        return [
            Field(name=name, type=_bare(hint), argument=name, is_required=name in required)
            for name, hint in hints.items()
        ]
    defaults = cls._field_defaults
    return [
        Field(
            name=name,
            type=hints.get(name, Any),
            argument=name,
            is_required=name not in defaults,
            default=_constant(defaults[name]) if name in defaults else None,
        )
        for name in cls._fields
    ]


def resolved_hints(python_type: Any) -> dict[str, Any]:
    """Evaluate the annotations of a class, each with the type variables of the class that made it."""
    cls = get_origin(python_type) or python_type
    if is_typeddict(cls):
        return {
            name: _substitute(hint, dict(zip(getattr(cls, "__parameters__", ()), get_args(python_type), strict=False)))
            for name, hint in _hints(cls).items()
        }
    variables = _variables(cls, get_args(python_type))
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        own = getattr(base, "__annotations__", {}) if base is not object else {}
        if own:
            evaluated = _hints(base)
            hints |= {name: _substitute(evaluated[name], variables.get(base, {})) for name in own}
    return hints


def _of_dataclass(field: "dataclasses.Field[Any]", hint: Any) -> Field:
    default: Callable[[], Any] | None = None
    if field.default is not dataclasses.MISSING:
        default = _constant(field.default)
    elif field.default_factory is not dataclasses.MISSING:
        default = field.default_factory
    argument = field.name if field.init else None
    return Field(name=field.name, type=hint, argument=argument, is_required=field.init and not default, default=default)


def _of_attrs(field: "attrs.Attribute[Any]", hint: Any) -> Field:
    declared: Any = field.default
    default: Callable[[], Any] | None = None
    if hasattr(declared, "takes_self"):
        default = None if declared.takes_self else declared.factory
    elif declared is not attrs.NOTHING:
        default = _constant(declared)
    argument = field.alias if field.init else None
    is_required = field.init and declared is attrs.NOTHING
    return Field(name=field.name, type=hint, argument=argument, is_required=is_required, default=default)


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in {Required, NotRequired} else hint


def _hints(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise UnsupportedType(
            python_type=type_name(cls),
            reason=f"has an annotation that cannot be evaluated: {error}",
            advice=f"import the name at the top of {sys.modules[cls.__module__].__name__}, not under TYPE_CHECKING",
        ) from error


def _variables(cls: Any, arguments: tuple[Any, ...]) -> dict[type, Mapping[TypeVar, Any]]:
    """Map each generic class that *cls* descends from to the meaning of its type variables."""
    own = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    found: dict[type, Mapping[TypeVar, Any]] = {cls: own}
    for base in getattr(cls, "__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if isinstance(origin, type) and origin not in {Generic, object}:
            found = _variables(origin, tuple(_substitute(argument, own) for argument in get_args(base))) | found
    return found


def _substitute(hint: Any, meaning: Mapping[TypeVar, Any]) -> Any:
    if isinstance(hint, TypeVar):
        return meaning.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(meaning.get(variable, variable) for variable in parameters)] if parameters else hint
