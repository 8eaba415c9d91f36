"""What ``@task`` refuses at once, and what its arguments become."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import wraps
from types import ModuleType
from typing import Any, ClassVar, Optional

import attrs
import pytest

from plait_core.authoring import accelerators
from plait_core.authoring.caching import Cache, code_version
from plait_core.authoring.documentation import Documentation
from plait_core.authoring.environments import Environment
from plait_core.authoring.pods import PodTemplate
from plait_core.authoring.resources import Resources
from plait_core.authoring.retries import Backoff, Retry
from plait_core.authoring.secrets import Secret
from plait_core.authoring.tasks import PythonFunctionTask, task
from plait_core.authoring.typesystem import constants, process_types
from plait_core.errors.authoring import (
    InvalidOption,
    MissingAnnotation,
    MissingReturn,
    NestedFunction,
    UnknownOptions,
    UnresolvableAnnotation,
    UnsupportedParameter,
)
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.tasks import (
    CachePolicy,
    Container,
    ExtendedResources,
    PodSpec,
    ResourceEntry,
    ResourceName,
    ResourceSpec,
    RetryPolicy,
    SecretRequest,
    SecurityContext,
    TaskMetadata,
)
from plait_core.ir.types import SimpleType


def work(a: int) -> int:
    return a


def test_task_keeps_name_and_docstring_of_its_function() -> None:
    """Tools that look at the function find what they know."""

    @task
    def documented(a: int) -> int:
        """Say what it does."""
        return a

    assert (vars(documented)["__name__"], documented.__doc__) == ("documented", "Say what it does.")
    assert documented.name == f"{__name__}.documented"


def test_parameter_without_annotation_is_refused_at_decoration() -> None:
    """The message names the parameter."""
    with pytest.raises(MissingAnnotation) as refused:

        @task
        def untyped(a, b: int) -> int:  # type: ignore[no-untyped-def]  # under test
            return b

    assert refused.value.parameter == "a"


def test_untyped_parameters_are_accepted_where_pickling_was_agreed() -> None:
    """They become pickles; what has a converter of its own keeps it."""

    @task(pickle_untyped=True)
    def untyped(a, b: int):  # type: ignore[no-untyped-def]  # under test
        return a

    kinds = {name: type(kind.type).__name__ for name, kind in untyped.interface.input_types.items()}
    assert kinds == {"a": "BlobType", "b": "SimpleType"}
    assert tuple(untyped.interface.output_types) == ("o0",)
    converter = process_types().converter(untyped.python_interface.inputs["b"].type)
    assert converter.to_literal(3, constants()) == Literal(value=Primitive(kind=SimpleType.INTEGER, value=3))


@pytest.mark.parametrize(
    "source", ["def f(*xs: int) -> None: ...", "def f(a: int, /) -> None: ...", "def f(**xs: int) -> None: ..."]
)
def test_parameters_that_have_no_name_are_refused(source: str) -> None:
    """Inputs are handed over by name."""
    made: dict[str, Any] = {"__name__": "test_made"}
    exec(source, made)

    with pytest.raises(UnsupportedParameter):
        task(made["f"])


def test_annotation_that_cannot_be_found_is_named() -> None:
    """A name that only exists for type checkers is reported when the interface is needed."""
    made: dict[str, Any] = {"__name__": "test_made"}
    exec("def f(a: 'Nowhere') -> None: ...", made)

    with pytest.raises(UnresolvableAnnotation, match="Nowhere"):
        _ = task(made["f"]).python_interface


def test_function_inside_a_function_is_refused_outside_of_tests() -> None:
    """A worker could not import it; modules of tests are exempt, because their tasks run in this process."""
    made: dict[str, Any] = {"__name__": "project.jobs"}
    exec("def outer():\n    def inner() -> None: ...\n    return inner", made)

    with pytest.raises(NestedFunction):
        task(made["outer"]())


def test_wrapped_function_counts_as_what_it_wraps() -> None:
    """A decorator that uses functools.wraps leaves signature, name and location alone."""

    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return wrapper

    wrapped = task(logged(work))

    assert wrapped.location == f"{__name__}:work"
    assert tuple(wrapped.python_interface.inputs) == ("a",)


@pytest.mark.parametrize("body", ["pass", "a + 1", "return", "return None"])
def test_function_that_never_returns_what_it_declares_is_refused(body: str) -> None:
    """Whatever else it does, it falls off its end."""
    made: dict[str, Any] = {"__name__": "test_made", "Optional": Optional}
    exec(f"def f(a: int) -> int:\n    {body}", made)

    with pytest.raises(MissingReturn):
        task(made["f"])


@pytest.mark.parametrize(
    "source",
    [
        "def f(a: int) -> int:\n    raise ValueError(a)",
        "def f(a: int) -> int:\n    while True:\n        a += 1",
        "def f(a: int) -> int:\n    if a:\n        return 1\n    raise ValueError",
        "def f(a: int) -> int:\n    with open('x') as f:\n        return 3",
        "async def f(a: int) -> int:\n    return 3",
        "def f(a: int) -> Optional[int]:\n    pass",
        "def f(a: int) -> None:\n    pass",
        "def f(a: int) -> Iterator[int]:\n    yield a",
    ],
)
def test_function_that_cannot_fall_off_its_end_is_accepted(source: str) -> None:
    """A body that only raises promises nothing that it could break."""
    made: dict[str, Any] = {"__name__": "test_made", "Optional": Optional, "Iterator": Iterator}
    exec(source, made)

    assert task(made["f"]).name == "test_made.f"


def test_unknown_arguments_are_listed() -> None:
    """A misspelt argument is not swallowed."""
    with pytest.raises(UnknownOptions) as refused:
        task(template="x")(work)  # type: ignore[call-overload]  # under test

    assert refused.value.unknown == ("template",)


REFUSED: list[dict[str, Any]] = [
    {"timeout": "5m"},
    {"retries": -1},
    {"retries": True},
    {"enable_deck": True, "disable_deck": True},
    {"resources": Resources(cpu="1"), "requests": Resources(cpu="1")},
    {"pod_template": PodTemplate(), "pod_template_name": "gpu"},
    {"node_dependency_hints": []},
]


@pytest.mark.parametrize("arguments", REFUSED, ids="+".join)
def test_argument_that_cannot_be_used_is_refused_at_decoration(arguments: dict[str, Any]) -> None:
    """Each case has one error class that names the option."""
    with pytest.raises(InvalidOption) as refused:
        task(**arguments)(work)

    assert refused.value.option == next(iter(arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        {"requests": Resources(cpu=("1", "2"))},
        {"secret_requests": ["password"]},
        {"cache_serialize": True},
        {"cache": True, "cache_version": 1.0},
        {"cache": Cache(version="1"), "cache_version": "1"},
        {"cache": Cache(version="1", ignored_inputs=["nowhere"])},
    ],
    ids=str,
)
def test_argument_that_cannot_be_settled_is_refused_with_the_template(arguments: dict[str, Any]) -> None:
    """What needs the whole declaration to be judged waits until the template is made."""
    with pytest.raises(InvalidOption):
        _ = task(**arguments)(work).template


@pytest.mark.parametrize(
    "make", [lambda: Resources(cpu=["1"]), lambda: Resources(mem=1.5), lambda: Resources(gpu=True), Secret]
)
def test_malformed_declaration_is_refused(make: Callable[[], object]) -> None:
    """Quantities have a form, and a secret has a name."""
    with pytest.raises(InvalidOption):
        make()


def test_every_argument_finds_its_place_in_the_template() -> None:
    """Nothing that a task declares is lost."""
    declared = task(
        cache=True,
        cache_version="1.0",
        cache_serialize=True,
        cache_ignore_input_vars=["a"],
        retries=Retry(3, on=[ValueError], backoff=Backoff(base=timedelta(seconds=1), cap=timedelta(seconds=9))),
        timeout=timedelta(minutes=1),
        interruptible=True,
        deprecated="use other",
        environment={"A": "1"},
        container_image="repo/image:tag",
        resources=Resources(cpu=("1", "2"), mem="1Gi"),
        accelerator=accelerators.A100.partitioned("1g.5gb"),
        shared_memory="2Gi",
        labels={"team": "x"},
        annotations={"note": "y"},
        secret_requests=[Secret(group="db", key="password", env_var="PW")],
        enable_deck=True,
        deck_fields=["Input"],
        docs=Documentation(short_description="Short.", source_link="https://example.org"),
    )(work).template

    assert declared.metadata == TaskMetadata(
        cache=CachePolicy(version="1.0", serializable=True, ignored_inputs=("a",)),
        retry=RetryPolicy(retries=3, only_on=("builtins:ValueError",), backoff_base_ns=10**9, backoff_cap_ns=9 * 10**9),
        timeout_ns=60 * 10**9,
        interruptible=True,
        generates_deck=True,
        deck_fields=("Input",),
        deprecated="use other",
        short_description="Short.",
        source_link="https://example.org",
        labels={"team": "x"},
        annotations={"note": "y"},
    )
    cpu, memory = ResourceName.CPU, ResourceName.MEMORY
    assert declared.target == Container(
        image="repo/image:tag",
        env=(("A", "1"),),
        resources=ResourceSpec(
            requests=(ResourceEntry(name=cpu, quantity="1"), ResourceEntry(name=memory, quantity="1Gi")),
            limits=(ResourceEntry(name=cpu, quantity="2"), ResourceEntry(name=memory, quantity="1Gi")),
        ),
    )
    assert declared.security == SecurityContext(secrets=(SecretRequest(group="db", key="password", env_var="PW"),))
    assert declared.extended_resources == ExtendedResources(
        accelerator="nvidia-tesla-a100", partition="1g.5gb", shared_memory="2Gi"
    )
    assert (declared.type, declared.location) == ("python-function", f"{__name__}:work")


def test_plain_task_has_no_target() -> None:
    """What asks for nothing leaves everything to the executor."""
    assert task(work).template.target is None


def test_pod_template_takes_in_what_the_task_asks_for() -> None:
    """The primary container gets image, variables and resources; others stay as they are."""
    pod = PodTemplate({"containers": [{"name": "primary", "env": [{"name": "A", "value": "0"}]}, {"name": "side"}]})

    target = task(pod_template=pod, environment={"A": "1"}, container_image="i", requests=Resources(gpu=1))(
        work
    ).template.target

    assert target == PodSpec(
        pod_spec={
            "containers": [
                {
                    "name": "primary",
                    "env": [{"name": "A", "value": "1"}],
                    "image": "i",
                    "resources": {"requests": {"nvidia.com/gpu": "1"}, "limits": {}},
                },
                {"name": "side"},
            ]
        }
    )


def test_cache_without_a_version_follows_the_code() -> None:
    """Layout, comments and docstrings do not matter; anything else does."""
    sources = [
        "def f(a: int) -> int:\n    return a + 1\n",
        "def f(a: int) -> int:\n    '''Doc.'''\n    # why\n    return (a\n      + 1)\n",
        "def f(a: int) -> int:\n    return a + 2\n",
    ]
    versions = [code_version(function_from(source, n)) for n, source in enumerate(sources)]

    assert versions[0] == versions[1] != versions[2]
    assert task(cache=True)(work).template.metadata.cache == CachePolicy(version=code_version(work))
    assert task(cache="auto")(work).template.metadata.cache == CachePolicy(version=code_version(work))
    assert code_version(work, salt="s") != code_version(work)


def function_from(source: str, n: int) -> Any:
    """Define the function of *source* so that its source can be read again."""
    import linecache

    file = f"<sample {n}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    made: dict[str, Any] = {"__name__": "test_made"}
    exec(compile(source, file, "exec"), made)
    return made["f"]


def test_docstring_describes_inputs_and_outputs() -> None:
    """Google, NumPy and reST forms are read alike."""
    google = "Args:\n        a: the number\n            of it\n\n    Returns:\n        int: what comes\n        of it\n"
    numpy = (
        "Parameters\n    ----------\n    a : int\n        the number\n        of it\n\n"
        "    Returns\n    -------\n    int\n        what comes\n        of it\n"
    )
    rest = ":param int a: the number\n        of it\n    :return: what comes\n        of it\n"
    for docstring in (google, numpy, rest):

        def described(a: int) -> int:
            return a

        described.__doc__ = f"Add.\n\n    More.\n\n    {docstring}"
        declared = task(described)
        assert declared.interface.inputs[0].description == "the number of it"
        assert declared.interface.outputs[0].description == "what comes of it"
        metadata = declared.template.metadata
        assert (metadata.short_description, metadata.long_description) == ("Add.", "More.")


@attrs.frozen
class Cluster:
    """The config of a kind of task that a plugin offers."""

    plait_task_class: ClassVar[str] = "test_sample_plugin:ClusterTask"

    workers: int


def test_config_chooses_the_class_of_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The config names its task class; nothing has to be registered at import."""

    class ClusterTask(PythonFunctionTask[..., Any]):
        task_type = "cluster"

    plugin = ModuleType("test_sample_plugin")
    vars(plugin)["ClusterTask"] = ClusterTask
    monkeypatch.setitem(sys.modules, "test_sample_plugin", plugin)

    assert task(task_config=Cluster(workers=2))(work).template.type == "cluster"
    assert task(task_config=object())(work).template.type == "python-function"


def test_environment_hands_its_arguments_on() -> None:
    """Mappings are merged, anything else is replaced, and the decorator has the last word."""
    base = Environment(retries=1, environment={"A": "1", "B": "1"})
    extended = base.extend(retries=2, environment={"B": "2"})

    declared = extended.task(environment={"C": "3"})(work)

    assert declared.arguments == {"retries": 2, "environment": {"A": "1", "B": "2", "C": "3"}}
    assert base.task(work).arguments == {"retries": 1, "environment": {"A": "1", "B": "1"}}


def test_code_without_source_is_versioned_by_what_it_does() -> None:
    """A function typed at a prompt, with the functions inside it."""
    sources = ["lambda x: x + 1", "lambda x: x + 1", "lambda x: x + 2"]
    made = [eval(f"lambda a: ({source})(a)") for source in sources]

    versions = [code_version(function) for function in made]

    assert versions[0] == versions[1] != versions[2]
