"""What the plugin hands over."""

import plait_shell
from plait_core.plugins import Plugins, Settings


def test_declarations_are_those_of_the_package() -> None:
    """``from plait import X`` and ``from plait_shell import X`` are the same thing."""
    plugins = Plugins.load(Settings(allow_plugins=("shell",)))

    found = {name: plugins.resolve(spec.factory) for name, spec in plugins.declaration_specs().items()}

    assert found == {name: getattr(plait_shell, name) for name in plait_shell.__all__ if name != "ProcessResult"}


def test_kind_is_found_through_the_entry_point() -> None:
    """An installed plugin needs no registration."""
    plugins = Plugins.load(Settings(allow_plugins=("shell",)))

    assert type(plugins.task_kind("shell")).__name__ == "ShellKind"
