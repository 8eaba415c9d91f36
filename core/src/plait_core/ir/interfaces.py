"""The typed inputs and outputs of an entity, in order of declaration."""

from functools import cached_property

import attrs

from plait_core.ir.json import Json
from plait_core.ir.literals import Literal
from plait_core.ir.shapes import Shape
from plait_core.ir.types import LiteralType


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Variable(Shape):
    """A named, typed input or output. ``artifact`` is opaque to plait."""

    name: str
    type: LiteralType
    description: str = ""
    artifact: Json = None


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)
class TypedInterface(Shape):
    """What goes in and what comes out; names are unique on each side."""

    inputs: tuple[Variable, ...] = ()
    outputs: tuple[Variable, ...] = ()

    @cached_property
    def input_types(self) -> dict[str, LiteralType]:
        """Input name -> type, in order of declaration."""
        return {variable.name: variable.type for variable in self.inputs}

    @cached_property
    def output_types(self) -> dict[str, LiteralType]:
        """Output name -> type, in order of declaration."""
        return {variable.name: variable.type for variable in self.outputs}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Parameter(Shape):
    """An input of a launch plan: required, or with a default. ``query`` is opaque to plait."""

    variable: Variable
    is_required: bool = True
    default: Literal | None = None
    query: Json = None
