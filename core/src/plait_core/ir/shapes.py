"""
``Shape``: equality, hash and text of the IR's classes, written once for all of them.

attrs can generate these per class, and compiling them takes more than half of what a class costs to make. With
about two hundred classes that would be a large part of the start-up of ``plait run``.
"""

from typing import Any, ClassVar


class Shape:
    """Base of frozen attrs classes that are made with ``eq=False, repr=False``."""

    __slots__ = ()
    __attrs_attrs__: ClassVar[tuple[Any, ...]]

    def __eq__(self, other: object) -> bool:
        """Compare by class and by every field that takes part in comparisons."""
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return all(
            getattr(self, field.name) == getattr(other, field.name) for field in self.__attrs_attrs__ if field.eq
        )

    def __hash__(self) -> int:
        """Hash the fields that take part in comparisons."""
        return hash((type(self), *(getattr(self, field.name) for field in self.__attrs_attrs__ if field.eq)))

    def __repr__(self) -> str:
        """Render as the call that makes it, without fields at their default."""
        shown = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in self.__attrs_attrs__
            if field.repr and getattr(self, field.name) is not field.default
        )
        return f"{type(self).__qualname__}({', '.join(shown)})"


def default_of(field: Any) -> Any:
    """Return what *field* of an attrs class holds when nobody sets it: ``attrs.NOTHING`` where somebody has to, a new value of a factory."""
    make = getattr(field.default, "factory", None)
    return field.default if make is None else make()
