"""
What there is to check and to register: the entities of files, of folders with all below them, and of modules and packages.

Every file is imported as ``plait run`` imports it. What fails does not hide what else fails: all failures come together.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from plait.code.entities import declared_in
from plait.code.errors import NothingThere
from plait.code.modules import load_module, traced
from plait_core.authoring.bundles import Copy, source_root
from plait_core.authoring.entities import Entity
from plait_core.authoring.ignores import Ignores
from plait_core.authoring.launch_plans import named_plans
from plait_core.authoring.references import ReferenceLaunchPlan, ReferenceTask, ReferenceWorkflow
from plait_core.errors import UserError

if TYPE_CHECKING:
    from plait.registration import Registration

_NO_SOURCE = frozenset({"__main__", "setup", "conftest"})
"""Files that are run by tools, and declare nothing."""


class Discovered(NamedTuple):
    """Registrations, one per source root and per package, and what kept files out of them."""

    registrations: "Sequence[Registration]"
    failures: Sequence[UserError]


def gathered(targets: Sequence[str], copy: Copy, *, version: str = "") -> Discovered:
    """Read those of *targets* that are packages, and discover the others."""
    from plait.packages import is_package, read_package

    packages = [read_package(target) for target in targets if is_package(target)]
    found = discover([target for target in targets if not is_package(target)], copy, version=version)
    return Discovered([*packages, *found.registrations], found.failures)


def discover(targets: Sequence[str], copy: Copy, *, version: str = "") -> Discovered:
    """Import the *targets* and trace what they declare."""
    by_root: dict[Path, dict[str, ModuleType]] = {}
    modules, failures = imported(targets)
    for file, module in modules.items():
        by_root.setdefault(source_root(file), {})[str(file)] = module
    made = [_registration(root, modules, copy, version, failures) for root, modules in by_root.items()]
    return Discovered([registration for registration in made if registration.closures], failures)


def imported(targets: Iterable[str]) -> tuple[dict[Path, ModuleType], list[UserError]]:
    """Import the files, the folders with all below them, and the modules that *targets* name: file -> module, and what failed."""
    modules: dict[Path, ModuleType] = {}
    failures: list[UserError] = []
    here = Path.cwd()
    for file in dict.fromkeys(_files(targets, failures)):
        try:
            modules[file] = load_module(str(file.relative_to(here) if file.is_relative_to(here) else file))
        except UserError as error:
            failures.append(error)
    return modules, failures


def _files(targets: Iterable[str], failures: list[UserError]) -> Iterator[Path]:
    for target in targets:
        path = Path(target)
        try:
            if path.is_dir():
                yield from _below(path.resolve())
            elif path.suffix == ".py" or path.is_file():
                yield path.resolve()
            else:
                yield from _of_module(target)
        except UserError as error:
            failures.append(error)


def _of_module(name: str) -> Iterator[Path]:
    file = load_module(name).__file__
    if file is None:
        raise NothingThere(target=name)
    path = Path(file).resolve()
    if path.name == "__init__.py":
        yield from _below(path.parent)
    else:
        yield path


def _below(folder: Path) -> Iterator[Path]:
    for path in Ignores(folder).files():
        if path.suffix == ".py" and path.stem.isidentifier() and path.stem not in _NO_SOURCE:
            yield path


def _registration(
    root: Path, modules: dict[str, ModuleType], copy: Copy, version: str, failures: list[UserError]
) -> "Registration":
    from plait.registration import registration_of

    closures = []
    for entity in _entities(modules):
        try:
            closures.append(traced(entity).closure)
        except UserError as error:
            failures.append(error)
    return registration_of(closures, root=root, copy=copy, version=version)


def _entities(modules: dict[str, ModuleType]) -> Sequence[Entity[Any, Any]]:
    """List what the *modules* declare and can be registered: no references, and nothing that exists only as a node."""
    held = (declared.entity for module in modules.values() for declared in declared_in(module))
    unheld = (plan for plan in named_plans() if plan.source and plan.source.file in modules)
    references = (ReferenceTask, ReferenceWorkflow, ReferenceLaunchPlan)
    return [
        entity
        for entity in dict.fromkeys((*held, *unheld))
        if not isinstance(entity, references) and entity.standalone() is entity
    ]
