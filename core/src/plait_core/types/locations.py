"""Names of things in modules, as descriptors write them: ``module:attribute``."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def resolve(location: str) -> Any:
    """Import what *location* names."""
    module, _, attribute = location.partition(":")
    return getattr(import_module(module), attribute)


def loaded_class(location: str) -> Any:
    """Return the class that *location* names if its module is loaded; whoever annotates with a class has loaded it."""
    module, _, qualname = location.partition(":")
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def is_installed(location: str) -> bool:
    """Say whether the module of *location* can be found here; of what is not loaded, the packages that it is in are imported."""
    module = location.partition(":")[0]
    if module in sys.modules:
        return True
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
