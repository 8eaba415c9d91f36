"""
What can go wrong between a Python value, its literal and its text.

Raised by ``plait_core.types``. Errors about a value carry the path to it (``$.readings[2].celsius``), which
containers lengthen while the error passes through them.
"""

from plait_core.errors import UserError


class ConversionFailed(UserError, TypeError, ValueError):
    """A value does not fit its declared type; ``path`` leads to it from the value that was handed over."""

    path: str = "$"

    def under(self, step: str) -> None:
        """Lengthen the path by *step* (``.name``, ``[2]``) at its root."""
        self.path = f"${step}{self.path[1:]}"

    @property
    def place(self) -> str:
        """The path as the beginning of a sentence; empty at the root."""
        return "" if self.path == "$" else f"at {self.path}: "


class WrongValue(ConversionFailed):
    """A value is of another type than the annotation says, or lies outside of what the type holds."""

    expected: str
    found: str
    advice: str = ""

    @property
    def problem(self) -> str:
        return f"{self.place}expected {self.expected}, found {self.found}"

    @property
    def remedy(self) -> str:
        return self.advice or f"hand over {self.expected}, or change the annotation to what the value is"


class NoneRefused(ConversionFailed):
    """``None`` was handed over where the annotation does not allow it."""

    expected: str

    @property
    def problem(self) -> str:
        return f"{self.place}expected {self.expected}, which cannot be None"

    @property
    def remedy(self) -> str:
        return f"annotate it as Optional[{self.expected}], or hand over a value"


class WrongFields(ConversionFailed):
    """The fields of a value are not those of its type."""

    expected: str
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        parts = [f"lacks {', '.join(self.missing)}"] if self.missing else []
        parts += [f"has unknown {', '.join(self.extra)}"] if self.extra else []
        return f"{self.place}the value for {self.expected} {' and '.join(parts)}"

    @property
    def remedy(self) -> str:
        return f"give exactly the fields that {self.expected} declares; those with defaults may be left out"


class AmbiguousUnion(ConversionFailed):
    """A value fits several variants of a union, so nobody could tell how to read it back."""

    found: str
    variants: tuple[str, ...]

    @property
    def problem(self) -> str:
        return f"{self.place}{self.found} is ambiguous: it fits {' and '.join(self.variants)}"

    @property
    def remedy(self) -> str:
        return "make the variants distinct, or wrap one of them in a dataclass"


class UnreadableLiteral(ConversionFailed):
    """A literal of one type was to be read as another."""

    expected: str
    found: str

    @property
    def problem(self) -> str:
        return f"{self.place}a literal of {self.found} cannot be read as {self.expected}"

    @property
    def remedy(self) -> str:
        return "give producer and consumer the same type"


class UnreadableText(ConversionFailed):
    """A text, typed by a person, does not denote a value of the type."""

    text: str
    expected: str
    example: str = ""

    @property
    def problem(self) -> str:
        return f"{self.place}{self.text!r} is not a valid {self.expected}"

    @property
    def remedy(self) -> str:
        return f"write it like {self.example}" if self.example else f"write it as {self.expected} in JSON"


class UnsupportedType(UserError, TypeError):
    """A type in a signature has no transformer, or is used in a way that cannot be converted."""

    python_type: str
    reason: str
    advice: str

    @property
    def problem(self) -> str:
        return f"type {self.python_type} {self.reason}"

    @property
    def remedy(self) -> str:
        return self.advice


class TransformerClash(UserError, ValueError):
    """Two transformers or dataset formats claim the same thing."""

    claimed: str
    first: str
    second: str

    @property
    def problem(self) -> str:
        return f"{self.first} and {self.second} both provide the conversion of {self.claimed}"

    @property
    def remedy(self) -> str:
        return f"uninstall one of them, or block one: `plait -p no:NAME`, where NAME is the plugin of {self.second}"
