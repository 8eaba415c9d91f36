"""
Which handler stores which dataframe: the dataset formats that plugins offer, by (python type, protocol, format).

A handler is looked for under the exact triple, then under any protocol, then as the default of the dataframe's class.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from plait_core.errors.values import LibraryMissing, TransformerClash, UnknownDatasetFormat
from plait_core.types.converters import type_name
from plait_core.types.locations import loaded_class, resolve


class FormatSpec(Protocol):
    """The part of ``plait_core.ports.specs.DatasetFormatSpec`` that is used here; see there."""

    @property
    def python_type(self) -> str: ...

    @property
    def format(self) -> str: ...

    @property
    def factory(self) -> str: ...

    @property
    def protocol(self) -> str: ...

    @property
    def is_default(self) -> bool: ...


OfferedFormats: TypeAlias = Callable[[], Sequence[tuple[FormatSpec, str]]]
"""Asked once, when a dataset is first met; each descriptor comes with the distribution it is from."""


class DatasetFormats:
    """The handlers of one type engine, made when they are first used."""

    def __init__(self, offered: OfferedFormats) -> None:
        self._offered = offered
        self._found: dict[tuple[str, str, str], tuple[FormatSpec, str]] | None = None
        self._made: dict[str, Any] = {}

    def serves(self, cls: type) -> bool:
        """Say whether dataframes of exactly *cls* can be stored."""
        return any(loaded_class(spec.python_type) is cls for spec in self._specs())

    def find(self, python_type: type, protocol: str, format: str) -> tuple[FormatSpec, Any]:
        """
        Return the descriptor and the handler for a dataframe's class, a URI scheme and a format (empty: the default one).

        Raises:
            UnknownDatasetFormat: no handler is installed for them.
            LibraryMissing: there is one, and what it needs is not installed.
        """
        specs = [spec for spec in self._specs() if loaded_class(spec.python_type) in python_type.__mro__]
        near = [spec for spec in specs if spec.protocol == protocol] or [spec for spec in specs if not spec.protocol]
        fitting = [spec for spec in near if not format or spec.format in {format, ""}]
        chosen = next((spec for spec in fitting if spec.is_default), fitting[0] if fitting else None)
        if chosen is None:
            known = tuple(sorted({f"{spec.python_type} as {spec.format}" for spec in self._specs()}))
            raise UnknownDatasetFormat(python_type=type_name(python_type), format=format, known=known)
        if chosen.factory not in self._made:
            self._made[chosen.factory] = self._make(chosen)
        return chosen, self._made[chosen.factory]

    def _make(self, spec: FormatSpec) -> Any:
        try:
            return resolve(spec.factory)()
        except ModuleNotFoundError as error:
            name, library = spec.python_type.replace(":", "."), str(error.name).partition(".")[0]
            raise LibraryMissing(python_type=name, format=spec.format, library=library) from error

    def _specs(self) -> list[FormatSpec]:
        if self._found is None:
            found: dict[tuple[str, str, str], tuple[FormatSpec, str]] = {}
            for spec, distribution in self._offered():
                key = (spec.python_type, spec.protocol, spec.format)
                if key in found:
                    claimed = f"{spec.python_type} as {spec.format}"
                    raise TransformerClash(claimed=claimed, first=found[key][1], second=distribution)
                found[key] = (spec, distribution)
            self._found = found
        return [spec for spec, _ in self._found.values()]
