"""
Values of executions as Python sees them: ``LiteralsResolver`` for what came out, and the way in for what is handed over.

Types are those of the entity when the caller has it, of ``type_hints`` where these are given, and else the ones that plait guesses
from the registered interface: a struct becomes a dataclass made for it.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from plait.errors import NoSuchValue
from plait.remote.guesses import type_of
from plait_core.authoring.typesystem import constants, process_types
from plait_core.errors.engine import InvalidInputs
from plait_core.errors.values import ConversionFailed
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.types import LiteralType
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.blocking import run
from plait_core.types.offloading import fetch

_ABSENT: Any = object()


class LiteralsResolver(Mapping[str, Any]):
    """
    Values by name, each converted when it is looked at for the first time.

    What is large, and the content of files, is fetched then, from the server where they come from one.

    Args:
        literals: The values as they are kept.
        python_types: Types of those of which they are known.
        literal_types: Finds the types of the others, when one is looked at; what the values themselves tell, by default.
        types: What converts; that of this process by default.
        context: Where what is large is fetched.
    """

    def __init__(
        self,
        literals: LiteralMap,
        *,
        python_types: Mapping[str, Any] = {},  # read only
        literal_types: Callable[[], Mapping[str, LiteralType]] | None = None,
        types: TypeEngine | None = None,
        context: ConversionContext | None = None,
    ) -> None:
        self.literals = literals
        self._python_types = python_types
        self._ask_literal_types = literal_types or self._guessed_types
        self._types = types or process_types()
        self._context = context or constants()
        self._converted: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return a value. Raises ``NoSuchValue``, which is a ``KeyError``, when there is none of the name."""
        if name not in self._converted:
            self._check(name)
            self._converted[name] = self._convert(name, self._type_of(name))
        return self._converted[name]

    def get(self, name: str, as_type: Any = None, *, default: Any = _ABSENT) -> Any:
        """Return a value, as another type than its own if one is given; without a *default*, one that is not there is an error."""
        if name not in self.literals and default is not _ABSENT:
            return default
        self._check(name)
        return self[name] if as_type is None else self._convert(name, as_type)

    def _check(self, name: str) -> None:
        if name not in self.literals:
            raise NoSuchValue(name=name, known=tuple(self.literals))

    def _guessed_types(self) -> Mapping[str, LiteralType]:
        return {name: type_of(literal) for name, literal in self.literals.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self.literals)

    def __len__(self) -> int:
        return len(self.literals)

    def __repr__(self) -> str:
        return f"LiteralsResolver({', '.join(self.literals)})"

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
