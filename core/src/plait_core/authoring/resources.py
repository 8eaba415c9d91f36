"""
Resources: how much of a machine an attempt asks for, and how much it may take.

In ``resources=`` a pair is (request, limit) and a single value is both. Quantities are those of Kubernetes.
"""

from collections.abc import Iterator
from typing import TypeAlias

import attrs

from plait_core.errors.authoring import InvalidOption
from plait_core.ir.tasks import ResourceEntry, ResourceName, ResourceSpec

Quantity: TypeAlias = "str | int | float"
Pair: TypeAlias = "tuple[Quantity, Quantity] | list[Quantity]"


def _checked(_: object, attribute: "attrs.Attribute[Quantity | Pair | None]", value: object) -> None:
    numbers: tuple[type, ...] = (str, int, float) if attribute.name == "cpu" else (str, int)
    parts = value if isinstance(value, (tuple, list)) else (value,)
    if isinstance(value, (tuple, list)) and len(value) != 2:
        raise _invalid(attribute.name, value, "a pair is (request, limit)")
    if value is not None and not all(isinstance(part, numbers) and not isinstance(part, bool) for part in parts):
        raise _invalid(attribute.name, value, 'give a Kubernetes quantity, such as "500m", "1Gi" or 2')


def _quantity() -> "Quantity | Pair | None":
    value: Quantity | Pair | None = attrs.field(default=None, validator=_checked)
    return value


@attrs.frozen
class Resources:
    """Quantities of CPU, memory, GPUs and ephemeral storage; what is not given is left to the platform."""

    cpu: "Quantity | Pair | None" = _quantity()
    mem: "Quantity | Pair | None" = _quantity()
    gpu: "Quantity | Pair | None" = _quantity()
    ephemeral_storage: "Quantity | Pair | None" = _quantity()


def combined(
    declaration: str, *, requests: Resources | None, limits: Resources | None, both: Resources | None
) -> ResourceSpec:
    """
    Make one specification.

    Raises:
        InvalidOption: something is no ``Resources``, or a pair stands where only one side is asked for.
    """
    for option, given in (("requests", requests), ("limits", limits), ("resources", both)):
        if given is not None and not isinstance(given, Resources):
            raise _invalid(option, given, "give a Resources(...)", declaration)
        if option != "resources" and any(
            isinstance(value, (tuple, list)) for value in attrs.astuple(given or Resources())
        ):
            raise _invalid(option, given, "pairs belong in resources=", declaration)
    if both is not None:
        return ResourceSpec(requests=tuple(_entries(both, 0)), limits=tuple(_entries(both, 1)))
    return ResourceSpec(
        requests=tuple(_entries(requests or Resources(), 0)), limits=tuple(_entries(limits or Resources(), 1))
    )


def _entries(resources: Resources, side: int) -> Iterator[ResourceEntry]:
    for name, value in zip(_NAMES, attrs.astuple(resources, recurse=False), strict=True):
        if value is not None:
            yield ResourceEntry(name=name, quantity=str(value[side] if isinstance(value, (tuple, list)) else value))


_NAMES = (ResourceName.CPU, ResourceName.MEMORY, ResourceName.GPU, ResourceName.EPHEMERAL_STORAGE)


def _invalid(option: str, value: object, expected: str, declaration: str = "Resources") -> InvalidOption:
    return InvalidOption(declaration=declaration, option=option, detail=f"is {value!r}", expected=expected)
