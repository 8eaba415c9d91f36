"""
The process's type engine, and the context in which constants of a graph are converted.

Made on first use from the process's plugins; everything that authoring converts goes through here.
"""

import atexit
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plait_core.types import ConversionContext, TypeEngine


@cache
def process_types() -> "TypeEngine":
    """Return the type engine that decorators use, fed by the process's plugins."""
    from plait_core.plugins import process_plugins
    from plait_core.types import TypeEngine

    return TypeEngine(lambda: process_plugins().transformer_specs(), lambda: process_plugins().dataset_format_specs())


def constants() -> "ConversionContext":
    """Return the context for constants: that of the running attempt, else one beside the blobs of the environment."""
    from plait_core.types.contexts import DETACHED, ambient

    context = ambient.get()
    return _process_context() if context is DETACHED else context


@cache
def _process_context() -> "ConversionContext":
    from plait_core.plugins import process_plugins

    plugins = process_plugins()
    context = process_types().context(f"{plugins.settings.blobs}/constants", plugins.blob_store)
    atexit.register(context.close)
    return context
