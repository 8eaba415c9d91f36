"""
Documentation of entities: from their docstrings, or declared apart.

What is below the first line of a docstring is read by ``docstrings``.
"""

from collections.abc import Mapping
from textwrap import dedent
from typing import Self

import attrs

from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Documentation(Shape):
    """Words about an entity that has no docstring, and a link to its source."""

    short_description: str = ""
    long_description: str = ""
    source_link: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Described(Shape):
    """What is said about an entity; ``variables`` maps inputs and outputs to their descriptions, and ``return`` to that of the result."""

    short: str = ""
    long: str = ""
    source_link: str = ""
    variables: Mapping[str, str] = attrs.field(factory=dict)

    @classmethod
    def of(cls, docstring: str | None, declared: Documentation | None = None) -> Self:
        """Read *docstring*; where it says nothing, *declared* speaks."""
        fallback = declared or Documentation()
        if not docstring:
            return cls(
                short=fallback.short_description, long=fallback.long_description, source_link=fallback.source_link
            )
        head, _, rest = dedent(f"{' ' * _indent(docstring)}{docstring.strip()}").partition("\n\n")
        prose, variables = "", dict[str, str]()
        if rest:
            from plait_core.authoring.docstrings import prose_of, variables_of

            prose, variables = prose_of(rest), dict(variables_of(rest))
        return cls(
            short=" ".join(head.split()) or fallback.short_description,
            long=prose or fallback.long_description,
            source_link=fallback.source_link,
            variables=variables,
        )


def _indent(docstring: str) -> int:
    """Measure how far the lines after the first are indented."""
    rest = [line for line in docstring.splitlines()[1:] if line.strip()]
    return min((len(line) - len(line.lstrip()) for line in rest), default=0)
