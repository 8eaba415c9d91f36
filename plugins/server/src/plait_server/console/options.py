"""
The options of a launch form: what an execution is asked to keep to, as texts and as ``ExecutionOptions``.

Called by the launch pages. What a form does not speak of (variables, tags, notifications) stays as the execution had it that is
repeated.
"""

from collections.abc import Mapping

import attrs

from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.options import PREFIX
from plait_core.ir.tasks import SecurityContext
from plait_server.api.launching import NAME

INTERRUPTIBLE = (("", "As its tasks say"), ("yes", "On machines that may be taken away"), ("no", "On no such machine"))
"""What to choose from, with what the pages call it."""

_WORDS = {None: "", True: "yes", False: "no"}


@attrs.frozen(kw_only=True)
class OptionFields:
    """The options of a launch form, as texts, with their faults by name."""

    name: str = ""
    labels: str = ""
    annotations: str = ""
    max_parallelism: str = ""
    service_account: str = ""
    raw_data_prefix: str = ""
    interruptible: str = ""
    overwrite_cache: bool = False
    faults: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def is_special(self) -> bool:
        """Whether any of those is set, or at fault, that are seldom asked for."""
        seldom = ("annotations", "service_account", "raw_data_prefix", "interruptible")
        return any(getattr(self, name) or name in self.faults for name in seldom)


def option_fields(options: ExecutionOptions) -> OptionFields:
    """Fill the options of a form."""
    return OptionFields(
        labels=_lines(options.labels),
        annotations=_lines(options.annotations),
        max_parallelism="" if options.max_parallelism is None else str(options.max_parallelism),
        service_account=options.security.service_account if options.security is not None else "",
        raw_data_prefix=options.raw_data_prefix,
        interruptible=_WORDS[options.interruptible],
        overwrite_cache=bool(options.overwrite_cache),
    )


def read_options(typed: Mapping[str, str], given: ExecutionOptions) -> tuple[OptionFields, ExecutionOptions]:
    """
    Read the options of a form; ``labels`` and ``annotations`` are ``key=value``, one a line.

    Args:
        typed: Name of the field -> text; a missing one was left empty.
        given: What the form was filled with.

    Returns:
        The fields as they were typed, with their faults, and the options; what has a fault is not among these.
    """
    name, parallelism = typed.get("option-name", "").strip(), typed.get("option-max-parallelism", "").strip()
    prefix, choice = typed.get("option-raw-data-prefix", "").strip(), typed.get("option-interruptible", "")
    account = typed.get("option-service-account", "").strip()
    overwrites = typed.get("option-overwrite-cache") == "on"
    faults: dict[str, str] = {}
    if name and not NAME.fullmatch(name):
        faults["name"] = "use lower-case letters, digits and hyphens, at most 63, beginning with a letter"
    is_number = parallelism.isdecimal() and len(parallelism) < 10
    if parallelism and not is_number:
        faults["max_parallelism"] = "write a whole number, 0 for no limit"
    if prefix and not PREFIX.fullmatch(prefix):
        faults["raw_data_prefix"] = "write a URI, such as s3://bucket/prefix"
    options = attrs.evolve(
        given,
        labels=_pairs(typed, "labels", faults),
        annotations=_pairs(typed, "annotations", faults),
        max_parallelism=int(parallelism) if is_number else None,
        security=_security(given.security, account),
        raw_data_prefix=prefix,
        interruptible={word: value for value, word in _WORDS.items()}.get(choice),
        overwrite_cache=True if overwrites else None,
    )
    fields = OptionFields(
        name=name,
        labels=typed.get("option-labels", ""),
        annotations=typed.get("option-annotations", ""),
        max_parallelism=parallelism,
        service_account=account,
        raw_data_prefix=prefix,
        interruptible=choice,
        overwrite_cache=overwrites,
        faults=faults,
    )
    return fields, options


def _lines(pairs: Mapping[str, str]) -> str:
    return "\n".join(f"{key}={value}" for key, value in sorted(pairs.items()))


def _pairs(typed: Mapping[str, str], field: str, faults: dict[str, str]) -> dict[str, str]:
    """Read one pair a line; notes the first line that is none."""
    pairs = {}
    for line in filter(None, map(str.strip, typed.get(f"option-{field}", "").splitlines())):
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            faults[field] = f"{line!r} is not key=value"
            break
        pairs[key.strip()] = value.strip()
    return pairs


def _security(given: SecurityContext | None, account: str) -> SecurityContext | None:
    """Return as whom the tasks run; nothing is asked for when all of it is empty."""
    security = attrs.evolve(given or SecurityContext(), service_account=account)
    return security if security != SecurityContext() else None
