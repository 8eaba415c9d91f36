"""
Plugins and settings: what is installed, what of it is used, and how.

``Settings.discover`` reads settings, ``Plugins.load`` the plugins they allow, and ``process_plugins`` is the pair
for this process.
"""

from plait_core.plugins.process import install_process_plugins, process_plugins
from plait_core.plugins.registry import Plugins
from plait_core.plugins.settings import Settings

__all__ = ["Plugins", "Settings", "install_process_plugins", "process_plugins"]
