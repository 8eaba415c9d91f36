"""
Values of executions as Python sees them: ``Values`` for what came out, and the way in for what is handed over.

Types are those of the entity when the caller has it, of ``type_hints`` where these are given, and else the ones that plait guesses
from the registered interface: a struct becomes a dataclass made for it.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from plait_core.errors.engine import InvalidInputs
from plait_core.errors.values import ConversionFailed
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.types import LiteralType
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.blocking import run
from plait_core.types.offloading import fetch

_ABSENT: Any = object()


class Values(Mapping[str, Any]):
    """
    Values by name, each converted when it is looked at for the first time.

    What is large, and the content of files, is fetched from the server then. ``literals`` are the values as the server keeps them.
    """

    def __init__(
        self,
        literals: LiteralMap,
        *,
        python_types: Mapping[str, Any],
        literal_types: Callable[[], Mapping[str, LiteralType]],
        types: TypeEngine,
        context: ConversionContext,
    ) -> None:
        self.literals = literals
        self._python_types = python_types
        self._ask_literal_types = literal_types
        self._types = types
        self._context = context
        self._converted: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._converted:
            self._converted[name] = self._convert(name, self._type_of(name))
        return self._converted[name]

    def get(self, name: str, default: Any = None, as_type: Any = _ABSENT) -> Any:
        """Return a value, as another type than its own if one is given; *default* when there is none of the name."""
        if name not in self.literals:
            return default
        return self[name] if as_type is _ABSENT else self._convert(name, as_type)

    def __iter__(self) -> Iterator[str]:
        return iter(self.literals)

    def __len__(self) -> int:
        return len(self.literals)

    def __repr__(self) -> str:
        return f"Values({', '.join(self.literals)})"

    @cached_property
    def _literal_types(self) -> Mapping[str, LiteralType]:
        return self._ask_literal_types()

    def _type_of(self, name: str) -> Any:
        if name in self._python_types:
            return self._python_types[name]
        return self._types.guess(self._literal_types[name])

    def _convert(self, name: str, python_type: Any) -> Any:
        literal = run(fetch(self.literals[name], self._context.blobs))
        return self._types.converter(python_type).to_python(literal, self._context)


def literals_of(
    values: Mapping[str, Any],
    interface: TypedInterface,
    *,
    entity: str,
    python_types: Mapping[str, Any],
    types: TypeEngine,
    context: ConversionContext,
) -> dict[str, Literal]:
    """
    Convert inputs, storing what is kept by reference; which are missing is for the server to say.

    Raises:
        InvalidInputs: the entity has no input of a name.
        ConversionFailed: a value does not fit its type.
    """
    known = interface.input_types
    if unknown := sorted(values.keys() - known.keys() - python_types.keys()):
        raise InvalidInputs(target=entity, faults=tuple(f"it has no input {name!r}" for name in unknown))
    literals = {}
    for name, value in values.items():
        python_type = python_types[name] if name in python_types else types.guess(known[name])
        try:
            literals[name] = types.converter(python_type).to_literal(value, context)
        except ConversionFailed as failed:
            failed.under(f".{name}")
            raise
    return literals
