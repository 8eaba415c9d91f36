"""
Renderers: how values become HTML on a deck.

A renderer is any object with ``to_html(value)``; ``Annotated[T, renderer]`` chooses one for an input or output. Without one, a
value that notebooks can display is shown as they would, and any other as text.
"""

from collections.abc import Sequence
from html import escape
from typing import Annotated, Any, Protocol, get_args, get_origin, runtime_checkable

from plait_core.types.dataset_columns import cell_type_text
from plait_core.types.datasets import StructuredDataset

TOP_ROWS = 10
"""How much of a dataframe a deck shows unless told otherwise."""


@runtime_checkable
class Renderer(Protocol):
    """Turns values of some type into HTML."""

    def to_html(self, value: Any) -> str:
        """Render *value*."""
        ...


class TopFrameRenderer:
    """Shows the first rows of a dataframe."""

    def __init__(self, max_rows: int = TOP_ROWS) -> None:
        """Show at most *max_rows* rows."""
        self.max_rows = max_rows

    def to_html(self, value: Any) -> str:
        """Render what ``value.head`` returns."""
        return display(value.head(self.max_rows))


class SourceCodeRenderer:
    """Shows source code as it is written."""

    def to_html(self, value: str) -> str:
        """Render the text *value*."""
        return f"<pre><code>{escape(value)}</code></pre>"


class TableRenderer:
    """Shows rows of text under a heading each."""

    def __init__(self, *headings: str) -> None:
        """Name the columns."""
        self.headings = headings

    def to_html(self, value: Sequence[tuple[str, ...]]) -> str:
        """Render rows, each as long as there are headings."""
        head = "".join(f"<th>{escape(heading)}</th>" for heading in self.headings)
        rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in value)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


class DependenciesRenderer:
    """Shows the distributions installed where the task ran; the value is ignored."""

    def to_html(self, value: object = None) -> str:
        """Render name and version of each."""
        from importlib.metadata import distributions

        installed = {(found.metadata["Name"], found.version) for found in distributions()}
        return TableRenderer("Package", "Version").to_html(sorted(installed, key=lambda row: row[0].casefold()))


def render(value: Any, python_type: Any) -> str:
    """Render *value*, declared as *python_type*, by its annotated renderer if there is one."""
    if get_origin(python_type) is Annotated:
        for extra in get_args(python_type)[1:]:
            if isinstance(extra, Renderer):
                return extra.to_html(value)
    return display(value)


def display(value: Any) -> str:
    """Show *value* as a notebook would, else as text; of a dataframe, the first rows, and of one that is stored, its columns."""
    if isinstance(value, StructuredDataset):
        return _dataset(value)
    if callable(getattr(value, "head", None)):
        value = value.head(TOP_ROWS)
    as_html = getattr(value, "_repr_html_", None)
    html = as_html() if callable(as_html) else None
    return html if isinstance(html, str) else f"<pre>{escape(str(value))}</pre>"


def _dataset(dataset: StructuredDataset) -> str:
    if dataset.dataframe is not None:
        return display(dataset.dataframe)
    columns = dataset.stored_type.columns if dataset.stored_type else ()
    rows = [(column.name, cell_type_text(column.type)) for column in columns]
    place = f"<p>{escape(str(dataset.uri))} ({escape(dataset.file_format)})</p>"
    return place + (TableRenderer("Column", "Type").to_html(rows) if rows else "")
