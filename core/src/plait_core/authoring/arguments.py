"""
What ``@task`` accepts, and what becomes of it in a ``TaskTemplate``.

Wrong arguments are refused where they are written; turning good ones into a template waits until it is needed.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from plait_core.authoring.durations import nanoseconds
from plait_core.errors.authoring import InvalidOption, UnknownOptions
from plait_core.ir.tasks import (
    CachePolicy,
    Container,
    ExtendedResources,
    ResourceSpec,
    RetryPolicy,
    SecurityContext,
    TaskMetadata,
    TaskTarget,
)

if TYPE_CHECKING:
    from plait_core.authoring.accelerators import Accelerator
    from plait_core.authoring.caching import Cache
    from plait_core.authoring.documentation import Documentation
    from plait_core.authoring.images import ImageSpec
    from plait_core.authoring.pods import PodTemplate
    from plait_core.authoring.resources import Resources
    from plait_core.authoring.retries import Retry
    from plait_core.authoring.secrets import Secret


class TaskArguments(TypedDict, total=False):
    """The keyword arguments of ``@task`` and of every declaration built on it."""

    task_config: Any
    """Chooses the class of task by its own class, and configures it."""
    cache: "bool | str | Cache"
    """Whether outputs are reused: True and ``"auto"`` version by the function's code; see ``Cache``."""
    cache_version: str
    """Version of the cached outputs; change it when the code's meaning changes."""
    cache_serialize: bool
    """Whether equal calls that run at the same time wait for the first."""
    cache_ignore_input_vars: Sequence[str]
    """Inputs that do not matter for reuse."""
    retries: "int | Retry"
    """How often a failed attempt is tried again."""
    timeout: "int | timedelta | None"
    """Longest run time of one attempt, seconds if an int; 0 and None mean no limit."""
    interruptible: bool | None
    """Whether attempts may run on machines that can be taken away; None inherits."""
    deprecated: str
    """What to use instead; empty while the task is in use."""
    environment: Mapping[str, str]
    """Environment variables of an attempt."""
    container_image: "str | ImageSpec | None"
    """Image for executors that use images; None takes the default one."""
    requests: "Resources | None"
    """What an attempt asks for."""
    limits: "Resources | None"
    """What an attempt may not exceed."""
    resources: "Resources | None"
    """Both at once; a pair is (request, limit), a single value is both."""
    accelerator: "Accelerator | None"
    """A particular device."""
    shared_memory: bool | str | None
    """True or a size: mount shared memory."""
    pod_template: "PodTemplate | None"
    """A pod for the attempt's container to run in."""
    pod_template_name: str
    """Name of a pod template that the cluster has already."""
    labels: Mapping[str, str]
    """Labels of what the attempt makes."""
    annotations: Mapping[str, str]
    """Annotations of what the attempt makes."""
    secret_requests: "Sequence[Secret]"
    """Secrets that the task may read."""
    enable_deck: bool
    """Whether attempts publish a deck."""
    disable_deck: bool
    """The opposite of ``enable_deck``."""
    deck_fields: Sequence[Any]
    """What plait adds to the deck by itself."""
    docs: "Documentation | None"
    """Words about the task, where the docstring does not say them."""
    pickle_untyped: bool
    """Whether parameters and results without annotation are pickled."""
    task_resolver: str
    """How a worker finds the task again."""
    node_dependency_hints: Sequence[Any]
    """Entities that a dynamic task may reach, besides those its code names."""


def checked(declaration: str, arguments: TaskArguments) -> TaskArguments:
    """
    Return *arguments* if *declaration* can use them.

    Raises:
        UnknownOptions: there are names that nobody knows.
        InvalidOption: a value is of the wrong kind, or two exclude each other.
    """
    if not arguments:
        return arguments
    if unknown := arguments.keys() - TaskArguments.__annotations__.keys():
        known = tuple(TaskArguments.__annotations__)
        raise UnknownOptions(declaration=declaration, unknown=tuple(sorted(unknown)), known=known)
    check_values(declaration, arguments)
    return arguments


def check_values(declaration: str, arguments: Mapping[str, Any]) -> None:
    """Refuse values that are of the wrong kind or exclude each other, of a task or of what overrides it."""
    for options, expected in _EXCLUSIVE:
        if all(arguments.get(option) for option in options):
            raise _invalid(declaration, options[0], f"and {options[1]} are both given", expected)
    timeout = arguments.get("timeout")
    if timeout is not None and not isinstance(timeout, (int, timedelta)):
        raise _invalid(declaration, "timeout", f"is {timeout!r}", "give seconds as an int, or a timedelta")
    if not _is_count(retries := arguments.get("retries", 0)) and type(retries).__name__ != "Retry":
        raise _invalid(declaration, "retries", f"is {retries!r}", "give a number from 0 up, or a Retry")
    if fields := arguments.get("deck_fields"):
        _check_deck_fields(declaration, fields)


def _check_deck_fields(declaration: str, fields: Sequence[Any]) -> None:
    from plait_core.authoring.decks import DeckField  # seldom named, and decks need contexts

    if unknown := [field for field in fields if field not in tuple(DeckField)]:
        raise _invalid(declaration, "deck_fields", f"names {unknown[0]!r}", f"choose from {', '.join(DeckField)}")


def metadata(task: Any) -> TaskMetadata:
    """Make the metadata of *task*, whose ``arguments`` and ``described`` are read."""
    arguments: TaskArguments = task.arguments
    described = task.described
    return TaskMetadata(
        cache=cache_policy(task.name, arguments, task),
        retry=retry_policy(arguments.get("retries", 0)),
        timeout_ns=limit_ns(arguments.get("timeout")),
        interruptible=arguments.get("interruptible"),
        generates_deck=_generates_deck(arguments),
        deck_fields=tuple(str(getattr(field, "value", field)) for field in arguments.get("deck_fields", ())),
        is_dynamic=getattr(task, "is_dynamic", False),
        is_eager=getattr(task, "is_eager", False),
        is_async=getattr(task, "is_async", False),
        pod_template_name=arguments.get("pod_template_name", ""),
        deprecated=arguments.get("deprecated", ""),
        short_description=described.short,
        long_description=described.long,
        source_link=described.source_link,
        labels=texts(arguments.get("labels")),
        annotations=texts(arguments.get("annotations")),
    )


def cache_policy(declaration: str, arguments: TaskArguments, task: Any) -> CachePolicy | None:
    """Settle whether and under which version outputs of *task* are reused."""
    asked = arguments.get("cache", False)
    if asked is False and not any(arguments.get(option) for option in ("cache_serialize", "cache_ignore_input_vars")):
        return None
    from plait_core.authoring.caching import settled

    return settled(declaration, asked, arguments, task)


def retry_policy(retries: "int | Retry") -> RetryPolicy:
    """Make the policy that a number of retries, or a ``Retry``, stands for."""
    return RetryPolicy(retries=retries) if isinstance(retries, int) else retries.policy()


def limit_ns(span: "int | timedelta | None") -> int | None:
    """Read a time limit, seconds if an int, as nanoseconds; nothing and zero mean none."""
    return nanoseconds(span if isinstance(span, timedelta) else timedelta(seconds=span)) if span else None


def texts(given: Mapping[Any, Any] | None) -> dict[str, str]:
    """Read labels, annotations or variables: texts, whatever authors write, because nothing else can be read back."""
    return {str(name): str(value) for name, value in (given or {}).items()}


def target(declaration: str, arguments: TaskArguments, declared: TaskTarget | None = None) -> TaskTarget | None:
    """Say where an attempt runs: *declared*, or a container or pod if anything about it was asked for, else ``None``."""
    if declared is not None:
        return declared
    container = Container(
        image=image_name(arguments.get("container_image")),
        env=tuple(texts(arguments.get("environment")).items()),
        resources=resource_spec(declaration, arguments),
    )
    if (template := arguments.get("pod_template")) is not None:
        return template.merged(container)
    return None if container == _BARE else container


def image_name(image: "str | ImageSpec | None") -> str:
    """Name the image that was asked for; empty for the default one."""
    if image is None or isinstance(image, str):
        return image or ""
    return image.image_name()


def resource_spec(declaration: str, arguments: Mapping[str, Any]) -> ResourceSpec:
    """Make one specification of requests, limits, or both at once."""
    requests, limits, both = (arguments.get(option) for option in ("requests", "limits", "resources"))
    if requests is None and limits is None and both is None:
        return _NO_RESOURCES
    from plait_core.authoring.resources import combined

    return combined(declaration, requests=requests, limits=limits, both=both)


def security(declaration: str, arguments: TaskArguments) -> SecurityContext:
    """Collect the secrets that are requested."""
    requests = arguments.get("secret_requests")
    if not requests:
        return _NO_SECRETS
    from plait_core.authoring.secrets import Secret

    for request in requests:
        if not isinstance(request, Secret):
            raise _invalid(
                declaration, "secret_requests", f"holds {request!r}", "list Secret(group=..., key=...) objects"
            )
    return SecurityContext(secrets=tuple(request.request() for request in requests))


def extended_resources(arguments: Mapping[str, Any]) -> ExtendedResources:
    """Describe the accelerator and the shared memory that are asked for."""
    accelerator, shared = arguments.get("accelerator"), arguments.get("shared_memory")
    if accelerator is None and not shared:
        return _NO_DEVICES
    return ExtendedResources(
        accelerator=accelerator.device if accelerator else "",
        partition=accelerator.partition if accelerator else None,
        shared_memory="limit" if shared is True else str(shared or ""),
    )


def _generates_deck(arguments: TaskArguments) -> bool | None:
    if "disable_deck" in arguments:
        return not arguments["disable_deck"]
    return arguments.get("enable_deck")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _invalid(declaration: str, option: str, detail: str, expected: str) -> InvalidOption:
    return InvalidOption(declaration=declaration, option=option, detail=detail, expected=expected)


_EXCLUSIVE = (
    (("enable_deck", "disable_deck"), "give one of them"),
    (("resources", "requests"), "give resources=, or requests= and limits="),
    (("resources", "limits"), "give resources=, or requests= and limits="),
    (("pod_template", "pod_template_name"), "give the pod itself, or the name of one that the cluster has"),
)
_BARE, _NO_RESOURCES, _NO_SECRETS, _NO_DEVICES = Container(), ResourceSpec(), SecurityContext(), ExtendedResources()
