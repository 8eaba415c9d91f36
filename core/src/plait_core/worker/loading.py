"""
Finding the Python object that a unit runs.

The default resolver imports ``module:qualified.name``. Any other is itself ``module:name`` of an object whose method
``load_task(location)`` returns the entity.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from plait_core.authoring.calls import importing
from plait_core.authoring.entities import Entity
from plait_core.errors.running import EntityNotLoadable, UnknownResolver
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import FunctionCall

DEFAULT_RESOLVER = "default"


def load_entity(call: FunctionCall | None, template: TaskTemplate, root: Path | None = None) -> Entity[Any, Any]:
    """
    Import the entity that *call*, or else *template*, names; from below *root* where its bundle is unpacked there.

    Raises:
        EntityNotLoadable: There is none; whatever its module raised is the cause.
        UnknownResolver: The resolver is none.
        CalledAtImport: The module runs an entity by itself.
        ModuleTaken: The module was imported before, from elsewhere than the bundle.
    """
    location, resolver = (call.location, call.resolver) if call else (template.location, template.resolver)
    name = template.id.name
    if root is not None:
        _expect_below(root, location if resolver == DEFAULT_RESOLVER else resolver)
    try:
        found = _resolve(location) if resolver == DEFAULT_RESOLVER else _resolver(resolver).load_task(location)
    except (ImportError, AttributeError, ValueError) as error:
        raise EntityNotLoadable(entity=name, location=location, reason=str(error)) from error
    if not isinstance(found, Entity):
        raise EntityNotLoadable(entity=name, location=location, reason=f"there is a {type(found).__name__}, no entity")
    return found


def _expect_below(root: Path, location: str) -> None:
    """Put *root* first on the import path, and refuse a module of the same name that was imported from elsewhere."""
    from plait_core.worker.bundles import check_origin, import_from

    import_from(root)
    if (imported := sys.modules.get(location.partition(":")[0])) is not None:
        check_origin(imported, root)


def _resolve(location: str) -> Any:
    module, separator, qualified_name = location.partition(":")
    if not (module and separator and qualified_name):
        raise ValueError("a location reads 'module:name'")
    with importing():
        found: Any = import_module(module)
    for name in qualified_name.split("."):
        found = getattr(found, name)
    return found


def _resolver(resolver: str) -> Any:
    try:
        found = _resolve(resolver)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownResolver(resolver=resolver) from error
    if not hasattr(found, "load_task"):
        raise UnknownResolver(resolver=resolver)
    return found
