"""
The deck of an attempt: what user code put on it, and the tabs that plait fills.

Made only for tasks with ``enable_deck``. Stored when the attempt ends, however it ends.
"""

from collections.abc import Mapping
from inspect import getsource
from time import monotonic, process_time
from typing import Any

from plait_core.authoring.contexts import ExecutionContext
from plait_core.authoring.decks import DeckField
from plait_core.authoring.renderers import DependenciesRenderer, SourceCodeRenderer, TableRenderer, render
from plait_core.authoring.tabs import Tab
from plait_core.worker.services import Prepared


class DeckReport:
    """Collects the default tabs while an attempt runs."""

    def __init__(self, context: ExecutionContext, prepared: Prepared) -> None:
        """Begin the clock of the timeline."""
        self._context = context
        self._prepared = prepared
        self._html: dict[DeckField, str] = {}
        self._spans: list[tuple[str, str, str]] = []
        self._clocks = (monotonic(), process_time())

    def read(self, inputs: Mapping[str, Any]) -> None:
        """Take in the inputs, before the body may change them."""
        self._lap("Read inputs")
        types = {name: prepared.python_type for name, prepared in self._prepared.inputs.items()}
        self._html[DeckField.INPUT] = _values(inputs, types)

    def returned(self, outputs: Mapping[str, Any]) -> None:
        """Take in the outputs."""
        self._lap("Run")
        types = {output.name: output.python_type for output in self._prepared.outputs}
        self._html[DeckField.OUTPUT] = _values(outputs, types)

    async def store(self) -> str:
        """Add the default tabs that the task asks for behind the author's own; returns the URI of the page."""
        self._lap("Write outputs" if DeckField.OUTPUT in self._html else "Run until it failed")
        chosen = self._context.template.metadata.deck_fields
        for field in DeckField:
            if (not chosen or field.value in chosen) and (html := self._tab(field)):
                self._context.decks.setdefault(field.value, Tab(field.value, html))
        return await self._context.publish_deck()

    def _tab(self, field: DeckField) -> str:
        match field:
            case DeckField.SOURCE_CODE:
                return SourceCodeRenderer().to_html(_source(self._prepared.entity))
            case DeckField.DEPENDENCIES:
                return DependenciesRenderer().to_html()
            case DeckField.TIMELINE:
                return TableRenderer("Step", "Wall time, s", "Process time, s").to_html(self._spans)
        return self._html.get(field, "")

    def _lap(self, step: str) -> None:
        before, self._clocks = self._clocks, (monotonic(), process_time())
        wall_s, cpu_s = (now - then for now, then in zip(self._clocks, before, strict=True))
        self._spans.append((step, f"{wall_s:.6f}", f"{cpu_s:.6f}"))


def _values(values: Mapping[str, Any], types: Mapping[str, Any]) -> str:
    from html import escape

    return "\n".join(f"<h3>{escape(name)}</h3>{render(value, types[name])}" for name, value in values.items())


def _source(entity: Any) -> str:
    try:
        return getsource(getattr(entity, "function", type(entity)))
    except OSError:
        return f"the source of {entity.name} is not available"
