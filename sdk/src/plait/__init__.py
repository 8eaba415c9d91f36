"""
plait: what authors of workflows import.

Decorators, declarations and the command line, all built on ``plait_core``. Importing this package stays cheap: each name
is fetched from its module when it is first used, and nothing of the engine is loaded before something runs.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from plait_core.authoring.calls import install_local_runner

_HOMES = {
    "plait.remote.asynchronous": ("AsyncRemote",),
    "plait.remote.client": ("Remote",),
    "plait.remote.values": ("LiteralsResolver",),
    "plait_core.authoring.caching": ("Cache",),
    "plait_core.authoring.conditionals": ("conditional",),
    "plait_core.authoring.contexts": ("ExecutionContext", "current_context"),
    "plait_core.authoring.decks": ("Deck", "DeckField"),
    "plait_core.authoring.documentation": ("Documentation",),
    "plait_core.authoring.dynamics": ("dynamic",),
    "plait_core.authoring.eager": ("eager",),
    "plait_core.authoring.environments": ("Environment",),
    "plait_core.authoring.gates": ("approve", "sleep", "wait_for_input"),
    "plait_core.authoring.images": ("ImageSpec",),
    "plait_core.authoring.imperative": ("Workflow",),
    "plait_core.authoring.launch_plans": ("LaunchPlan",),
    "plait_core.authoring.maps": ("map_task",),
    "plait_core.authoring.notifications": ("Email", "PagerDuty", "Slack"),
    "plait_core.authoring.options": ("Annotations", "Labels", "Options"),
    "plait_core.authoring.ordering": ("create_node",),
    "plait_core.authoring.pods": ("PodTemplate",),
    "plait_core.authoring.references": ("reference_launch_plan", "reference_task", "reference_workflow"),
    "plait_core.authoring.resources": ("Resources",),
    "plait_core.authoring.retries": ("Backoff", "Retry"),
    "plait_core.authoring.schedules": ("CronSchedule", "FixedRate"),
    "plait_core.authoring.secrets": ("Secret",),
    "plait_core.authoring.tasks": ("task",),
    "plait_core.authoring.workflows": ("workflow",),
    "plait_core.errors": ("NonRecoverableError", "RecoverableError"),
    "plait_core.errors.running": ("IgnoreOutputs",),
    "plait_core.ir.launch_plans": ("ConcurrencyBehavior", "ConcurrencyPolicy"),
    "plait_core.ir.phases": ("ExecutionPhase",),
    "plait_core.ir.tasks": ("SecurityContext",),
    "plait_core.ir.workflows": ("WorkflowFailurePolicy",),
    "plait_core.types.annotations": ("Annotation", "BatchSize", "HashMethod", "Pickled"),
    "plait_core.types.datasets": ("StructuredDataset", "kwtypes"),
    "plait_core.types.failures": ("TaskFailure",),
    "plait_core.types.files": ("Directory", "File"),
}
_RENAMED = {"Workflow": "ImperativeWorkflow", "WorkflowFailurePolicy": "FailurePolicy"}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605  # type checkers read __init__.pyi


def __getattr__(name: str) -> Any:
    """Fetch a public name on first use: one of plait's own, else one that a plugin declares."""
    if name in _HOME_OF:
        found = getattr(import_module(_HOME_OF[name]), _RENAMED.get(name, name))
    else:
        found = _declared_by_plugin(name)
    globals()[name] = found
    return found


def _declared_by_plugin(name: str) -> Any:
    missing = AttributeError(f"module 'plait' has no attribute {name!r}")
    if name.startswith("_"):
        raise missing
    from plait_core.plugins import process_plugins

    declared = process_plugins().declaration_specs().get(name)
    if declared is None:
        raise missing
    return process_plugins().resolve(declared.factory)


def __dir__() -> list[str]:
    """List the public names, fetched or not."""
    return __all__


@cache
def _embedding() -> Any:
    from plait._embedded import Embedded

    return Embedded()


def _run_locally(entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run it in the embedded engine; what is raised shows the user's frames, as if nothing stood between them."""
    __tracebackhide__ = True  # pytest leaves this frame out
    try:
        return _embedding().call(entity, args, kwargs)
    except Exception as error:
        from plait_core.worker.failures import strip_frames

        strip_frames(error)
        raise


install_local_runner(_run_locally)
