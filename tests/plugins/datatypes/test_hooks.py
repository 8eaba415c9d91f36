"""What the plugin hands over."""

from plait_core.plugins import Plugins, Settings


def test_transformers_are_found_through_the_entry_point() -> None:
    """An installed plugin needs no registration; each descriptor carries the name of its transformer."""
    plugins = Plugins.load(Settings(allow_plugins=("datatypes",)))

    offered = {spec.name: plugins.make(spec.factory).name for spec, _ in plugins.transformer_specs()}

    assert offered == {"pydantic": "pydantic", "numpy": "numpy", "protobuf": "protobuf"}
