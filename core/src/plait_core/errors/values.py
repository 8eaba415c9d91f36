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
    place: str = ""
    """Whose type it is, once that is known: ``input 'x' of task f``."""

    @property
    def problem(self) -> str:
        said = f"type {self.python_type} {self.reason}"
        return f"{self.place}: {said}" if self.place else said

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


class NoStorage(ConversionFailed):
    """A file or dataset was to be read or stored outside of any task or run."""

    uri: str

    @property
    def problem(self) -> str:
        return f"{self.place}there is no storage at hand for {self.uri!r}"

    @property
    def remedy(self) -> str:
        return "open it inside a task, or hand it to one as an input"


class MissingPath(ConversionFailed):
    """A local path that was handed over as a file or directory does not exist, or is the other of the two."""

    local_path: str
    expected: str

    @property
    def problem(self) -> str:
        return f"{self.place}there is no {self.expected} at {self.local_path!r}"

    @property
    def remedy(self) -> str:
        return f"write the {self.expected} before handing it over, and give its path or URL"


class DatasetNotOpened(ConversionFailed):
    """A dataset was to be read before somebody said as what, or where there is nothing to read it through."""

    dataset: str
    reason: str = "is read before it was opened"

    @property
    def problem(self) -> str:
        return f"{self.place}{self.dataset} {self.reason}"

    @property
    def remedy(self) -> str:
        return "inside a task, write dataset.open(pandas.DataFrame).all(), or .iter() to read it in parts"


class UnknownDatasetFormat(ConversionFailed):
    """No installed handler stores such a dataframe in such a format."""

    python_type: str
    format: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        return f"{self.place}nothing installed stores {self.python_type} as {self.format or 'its default format'}"

    @property
    def remedy(self) -> str:
        return f"install the plugin that does; found: {', '.join(self.known) or 'none'}"


class UnreadableDataset(ConversionFailed):
    """A dataset could not be stored or read: its data or its columns are not what was declared."""

    columns: tuple[str, ...]
    detail: str

    @property
    def problem(self) -> str:
        wanted = f" with columns {', '.join(self.columns)}" if self.columns else ""
        return f"{self.place}the dataset{wanted} could not be converted: {self.detail}"

    @property
    def remedy(self) -> str:
        return "declare only columns that the data has, and read it in the format it was stored in"


class WrongColumn(ConversionFailed):
    """A column of a dataset holds something else than was declared."""

    column: str
    expected: str
    found: str

    @property
    def problem(self) -> str:
        return f"{self.place}column {self.column!r} holds {self.found}, where {self.expected} is declared"

    @property
    def remedy(self) -> str:
        return f"convert the column, or declare kwtypes({self.column}={self.found})"


class LibraryMissing(UserError):
    """What stores a dataframe needs a library that is not installed."""

    python_type: str
    format: str
    library: str

    @property
    def problem(self) -> str:
        return f"{self.python_type} cannot be stored or read as {self.format} without {self.library}"

    @property
    def remedy(self) -> str:
        return f"pip install {self.library}"
