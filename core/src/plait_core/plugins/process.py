"""
The plugins of this process: what decorators and type conversions use, which cannot be handed anything.

The CLI and the worker install theirs before any user code is imported; otherwise they are loaded on first use,
from the settings of the working directory. Everything else is handed a ``Plugins``.
"""

from plait_core.plugins.registry import Plugins

_installed: list[Plugins] = []


def process_plugins() -> Plugins:
    """Return the plugins of this process, loading them on first use. Raises what ``Plugins.load`` raises."""
    if not _installed:
        _installed.append(Plugins.load())
    return _installed[0]


def install_process_plugins(plugins: Plugins | None) -> None:
    """Make *plugins* those of this process; ``None`` forgets them, so that the next use loads anew."""
    _installed[:] = [] if plugins is None else [plugins]
