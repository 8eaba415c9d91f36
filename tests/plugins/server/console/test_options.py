"""Options of a launch form are read from texts, say what is wrong, and leave alone what the form does not speak of."""

from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.tasks import SecurityContext
from plait_server.console.options import option_fields, read_options

NOTHING = ExecutionOptions()
TYPED = {
    "option-name": "mine",
    "option-labels": "team=a\n\nrun = 7",
    "option-annotations": "note=b",
    "option-max-parallelism": "4",
    "option-service-account": "robot",
    "option-raw-data-prefix": "s3://bucket/raw",
    "option-interruptible": "no",
    "option-overwrite-cache": "on",
}
READ = ExecutionOptions(
    labels={"team": "a", "run": "7"},
    annotations={"note": "b"},
    max_parallelism=4,
    security=SecurityContext(service_account="robot"),
    raw_data_prefix="s3://bucket/raw",
    interruptible=False,
    overwrite_cache=True,
)


def test_options_are_read() -> None:
    """Labels and annotations are key=value, one a line."""
    fields, options = read_options(TYPED, NOTHING)

    assert (fields.name, fields.faults) == ("mine", {})
    assert options == READ


def test_empty_form_asks_for_nothing() -> None:
    """So that a launch plan's own options hold."""
    fields, options = read_options({}, NOTHING)

    assert options == NOTHING
    assert not fields.is_special


def test_wrong_options_are_told_by_name() -> None:
    """All of them, and what was typed stays."""
    typed = {
        "option-name": "9lives",
        "option-labels": "team",
        "option-annotations": "=x",
        "option-max-parallelism": "-1",
        "option-raw-data-prefix": "bucket/raw",
    }
    fields, _ = read_options(typed, NOTHING)

    assert set(fields.faults) == {"name", "labels", "annotations", "max_parallelism", "raw_data_prefix"}
    assert (fields.labels, fields.raw_data_prefix) == ("team", "bucket/raw")


def test_options_of_an_execution_fill_the_form() -> None:
    """Reading the filled form gives the same options, also those that it has no field for."""
    given = ExecutionOptions(
        labels={"team": "a"},
        annotations={"note": "b"},
        envs={"MODE": "fast"},
        tags=("nightly",),
        max_parallelism=0,
        security=SecurityContext(service_account="robot", iam_role="role"),
        raw_data_prefix="s3://bucket/raw",
        interruptible=True,
        notifications=(),
    )
    fields = option_fields(given)
    typed = {
        "option-labels": fields.labels,
        "option-annotations": fields.annotations,
        "option-max-parallelism": fields.max_parallelism,
        "option-service-account": fields.service_account,
        "option-raw-data-prefix": fields.raw_data_prefix,
        "option-interruptible": fields.interruptible,
    }

    _, options = read_options(typed, given)

    assert fields.is_special
    assert options == given
