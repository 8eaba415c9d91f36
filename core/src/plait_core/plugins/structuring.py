"""
Structuring: tables of settings become attrs classes, and every fault is told at once.

Called for plait's own settings and for each ``[plugins.NAME]``. Values from TOML must have the declared type;
text (environment variables, flags) is read as that type. cattrs would do this too, but costs more to import
than the rest of a start-up together and cannot name the file a key came from.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs

from plait_core.errors.plugins import SettingsFault
from plait_core.ir.shapes import Shape

Origin = Callable[[str], str]
"""Says where a dotted key was set."""

DERIVED = "plait.derived"
"""Marks, in its metadata, a field that is computed and never a key."""

_T = TypeVar("_T")
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class _Misfit(Exception):
    """The value of one key does not fit; carries what is the matter."""


@attrs.frozen(eq=False, repr=False)
class Structuring(Shape):
    """
    One pass over one table. ``faults`` grows while values are read.

    ``key`` is the dotted key of the table itself, and ``origin`` finds the file of a key in it.
    """

    origin: Origin
    faults: list[SettingsFault] = attrs.field(factory=list)

    def structure(self, table: Mapping[str, Any], cls: type[_T], key: str = "") -> _T | None:
        """Make a *cls* from *table*; ``None`` when ``faults`` grew."""
        before = len(self.faults)
        fields = keys_of(cls)
        values = {}
        for name, value in table.items():
            path = f"{key}.{name}" if key else name
            if name in fields:
                values[name] = self._value(value, fields[name].type, path)
            else:
                self._fault(path, unknown_key(name, fields))
        for name, field in fields.items():
            if name not in table and field.default is attrs.NOTHING:
                self._fault(f"{key}.{name}" if key else name, "is required and not set")
        if len(self.faults) > before:
            return None
        try:
            return cls(**values)
        except (TypeError, ValueError) as misfit:  # a validator of the class
            self._fault(key, str(misfit))
            return None

    def _fault(self, key: str, problem: str) -> None:
        self.faults.append(SettingsFault(key, self.origin(key), problem))

    def _value(self, value: Any, kind: Any, key: str) -> Any:
        try:
            return self._read(value, kind, key)
        except _Misfit as misfit:
            self._fault(key, str(misfit))
            return None

    def _read(self, value: Any, kind: Any, key: str) -> Any:
        """Return *value* as a *kind*; text is parsed unless text is wanted."""
        origin, arguments = get_origin(kind), get_args(kind)
        if kind is Any:
            return value
        if origin in {Union, types.UnionType}:
            return self._one_of(value, arguments, key)
        if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
            return _choice(value, {str(_word(choice)): choice for choice in arguments or kind})
        if origin in {tuple, list, Sequence}:
            parts = enumerate(_split(value) if isinstance(value, str) else _expect(list | tuple, value, "a list"))
            return tuple(self._value(part, arguments[0], f"{key}[{n}]") for n, part in parts)
        if origin in {dict, Mapping}:
            table = _expect(Mapping, value, "a table")
            return {name: self._value(part, arguments[1], f"{key}.{name}") for name, part in table.items()}
        if attrs.has(kind):
            return self.structure(_expect(Mapping, value, "a table"), kind, key)
        return _scalar(value, kind)

    def _one_of(self, value: Any, kinds: Sequence[Any], key: str) -> Any:
        if value is None and type(None) in kinds:
            return None
        misfits = []
        for kind in kinds:
            try:
                return self._read(value, kind, key)
            except _Misfit as misfit:
                misfits += [str(misfit)] if kind is not type(None) else []
        raise _Misfit(" or ".join(misfits))


def keys_of(cls: type[Any]) -> dict[str, "attrs.Attribute[Any]"]:
    """Return the keys that a table for *cls* may have, with their fields."""
    fields = attrs.fields(cls)
    if any(isinstance(field.type, str) for field in fields):
        fields = attrs.fields(attrs.resolve_types(cls))
    return {field.alias: field for field in fields if field.init and DERIVED not in field.metadata}


def unknown_key(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """Say that *name* is not known, and which known one is nearest."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if near:
        return f"is not known; did you mean {near[0]!r}?"
    return f"is not known; known here: {', '.join(sorted(known)) or 'nothing'}"


def _expect(kind: Any, value: Any, name: str) -> Any:
    if isinstance(value, kind):
        return value
    raise _Misfit(f"should be {name}, and is {value!r}")


def _word(choice: Any) -> Any:
    return choice.value if isinstance(choice, Enum) else choice


def _choice(value: Any, choices: Mapping[str, Any]) -> Any:
    if str(value) in choices:
        return choices[str(value)]
    raise _Misfit(f"should be one of {', '.join(choices)}, and is {value!r}")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _scalar(value: Any, kind: Any) -> Any:
    if isinstance(value, str) and kind in {int, float, bool}:
        return _parse(value, kind)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if type(value) is kind:
        return value
    raise _Misfit(f"should be {_NAMES.get(kind, getattr(kind, '__name__', kind))}, and is {value!r}")


def _parse(text: str, kind: Any) -> Any:
    try:
        return _WORDS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise _Misfit(f"should be {_NAMES[kind]}, and is {text!r}") from None
