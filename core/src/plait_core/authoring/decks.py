"""
Decks: the HTML report of an attempt, one tab per topic.

``Deck("name", html)`` in a task body adds a tab. The worker adds the default tabs that the task's ``deck_fields`` name and
stores the report beside the outputs, also when the attempt fails. A task without ``enable_deck`` collects tabs and stores nothing.
"""

import warnings
from enum import StrEnum

from plait_core.authoring.contexts import current_context
from plait_core.authoring.tabs import Tab


class DeckField(StrEnum):
    """The tabs that plait fills."""

    SOURCE_CODE = "Source Code"
    DEPENDENCIES = "Dependencies"
    TIMELINE = "Timeline"
    INPUT = "Input"
    OUTPUT = "Output"


class Deck(Tab):
    """A tab of the running attempt's deck; one of the same name replaces the earlier one."""

    def __init__(self, name: str, html: str = "") -> None:
        """Add the tab to the current context's deck."""
        super().__init__(name, html)
        current_context().decks[name] = self

    @staticmethod
    def publish() -> None:
        """Store the deck as it stands, so that it can be looked at while the task goes on."""
        from plait_core.types.blocking import run

        context = current_context()
        if context.template.metadata.generates_deck:
            run(context.publish_deck())
        else:
            warnings.warn(
                f"Deck.publish() has no effect in {context.task_id.name!r}: declare the task with enable_deck=True",
                stacklevel=2,
            )
