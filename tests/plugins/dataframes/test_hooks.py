"""What the plugin hands over."""

from plait_core.plugins import Plugins, Settings
from plait_dataframes.hooks import HANDLERS, plait_dataset_formats


def test_every_class_has_both_formats_and_parquet_is_the_default() -> None:
    """Datasets are chosen by class and format."""
    offered = {(spec.python_type, spec.format, spec.is_default) for spec in plait_dataset_formats()}

    assert offered == {(kind, *rest) for kind in HANDLERS for rest in (("parquet", True), ("csv", False))}


def test_every_handler_can_be_made() -> None:
    """An installed plugin needs no registration, and its factories exist."""
    plugins = Plugins.load(Settings(allow_plugins=("dataframes",)))

    made = [type(plugins.make(spec.factory)).__name__ for spec, _ in plugins.dataset_format_specs()]

    assert len(set(made)) == 2 * len(HANDLERS)
