"""What is asked of an execution is looked at before it is recorded, because what is recorded wrongly can never be read back."""

from typing import Any

import pytest

from plait_core.ir.codec import from_json, to_json
from plait_core.ir.launch_plans import ExecutionOptions, NotificationSpec
from plait_core.ir.options import name_faults, option_faults, text_faults
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.tasks import SecretRequest, SecurityContext

GOOD: list[dict[str, Any]] = [
    {},
    {"labels": {"team": "ÄÖ ☃"}, "annotations": {"a": ""}, "envs": {"A_1": "any\ntext"}, "tags": ("x", "y z")},
    {"max_parallelism": 0, "interruptible": False, "overwrite_cache": True},
    {"raw_data_prefix": "s3://bucket/prefix"},
    {"raw_data_prefix": "file:///srv/data"},
    {"raw_data_prefix": "/srv/data"},
    {"security": SecurityContext(service_account="robot", secrets=(SecretRequest(key="k"),))},
    {"notifications": (NotificationSpec(kind="mail", phases=(ExecutionPhase.FAILED,), spec={}),)},
]
BAD: list[tuple[str, Any]] = [
    ("labels", {"a": 1}),
    ("labels", {1: "a"}),
    ("labels", None),
    ("labels", [("a", "b")]),
    ("labels", {"a": "\0"}),
    ("labels", {"a": "\udc80"}),
    ("labels", {"": "a"}),
    ("labels", {"a": "x" * 254}),
    ("labels", {str(n): "" for n in range(101)}),
    ("annotations", {"a": b"b"}),
    ("envs", {"A": 1}),
    ("envs", {"=": "x"}),
    ("envs", {"A": "\0"}),
    ("envs", "A=1"),
    ("tags", "abc"),
    ("tags", (1,)),
    ("tags", ("\0",)),
    ("tags", {"a"}),
    ("security", "robot"),
    ("security", SecurityContext(service_account=3)),  # type: ignore[arg-type]  # as an embedder may
    ("security", SecurityContext(secrets=("k",))),  # type: ignore[arg-type]  # as above
    ("raw_data_prefix", "nowhere"),
    ("raw_data_prefix", 3),
    ("raw_data_prefix", "file:///\0"),
    ("max_parallelism", -1),
    ("max_parallelism", True),
    ("max_parallelism", 2.5),
    ("max_parallelism", "3"),
    ("max_parallelism", 1 << 63),
    ("interruptible", "yes"),
    ("overwrite_cache", 1),
    ("notifications", ("mail",)),
]


@pytest.mark.parametrize("given", GOOD, ids=str)
def test_what_is_meant_is_let_through(given: dict[str, Any]) -> None:
    """And is read back as it was."""
    options = ExecutionOptions(**given)

    assert option_faults(options) == ()
    assert from_json(ExecutionOptions, to_json(options)) == options


@pytest.mark.parametrize(("field", "value"), BAD, ids=str)
def test_what_could_not_be_read_back_is_named(field: str, value: Any) -> None:
    """By its field, shortly."""
    (fault,) = option_faults(ExecutionOptions(**{field: value}))

    assert fault.startswith(f"options.{field}")
    assert len(fault) < 300


def test_all_faults_are_told() -> None:
    """Of every field at once, and whatever it is that was given."""
    options = ExecutionOptions(labels={"a": 1, "b": 2}, tags="x", max_parallelism=-1)  # type: ignore[dict-item, arg-type]  # as an embedder may

    assert [fault.partition(":")[0] for fault in option_faults(options)] == [
        "options.labels",
        "options.labels",
        "options.tags",
        "options.max_parallelism",
    ]
    assert option_faults({"labels": {}}) == ("options: {'labels': {}} is no ExecutionOptions",)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "a\n", "\udc80", "a" * 201, "ä" * 101, 3, None])
def test_name_that_is_no_part_of_an_id_is_named(name: object) -> None:
    """It is a folder, a column and a segment of an address at once."""
    (fault,) = name_faults("project", name)

    assert fault.startswith("project: ")


@pytest.mark.parametrize("name", ["a", "My run 3", "ä" * 100, "...", "a.b"])
def test_name_may_be_any_other_text(name: str) -> None:
    """Servers are stricter."""
    assert name_faults("name", name) == ()


def test_texts_have_no_nul() -> None:
    """Which PostgreSQL cannot hold, and no halves of pairs, which nobody can send."""
    assert text_faults("principal", "a\nb") == text_faults("principal", "") == ()
    for text in ("a\0", "\ud800", 3, None):
        assert len(text_faults("principal", text)) == 1
