"""
Options: what those of an execution may be, whoever asks for it.

Asked by declarations of launch plans, by engines before they record a launch, and by servers in advance. The classes of the
IR take anything, and what is recorded under another type than that of its field can never be read back.
"""

import re
from collections.abc import Iterator, Mapping

from plait_core.ir.launch_plans import ExecutionOptions, NotificationSpec
from plait_core.ir.tasks import SecretRequest, SecurityContext

MAX_LABELS = 100
MAX_LABEL = 253
"""Longest key or value of a label or annotation, in characters."""
LONGEST_NAME_BYTES = 200
PREFIX = re.compile(r"([a-z][a-z0-9+.-]*:/)?/\S+")
"""Where raw data may go."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST = (1 << 63) - 1


def is_text(value: object) -> bool:
    """Say whether *value* is a text that every store can hold: one without NUL and halves of surrogate pairs."""
    return isinstance(value, str) and (value.isprintable() or ("\0" not in value and _is_encodable(value)))


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def name_faults(field: str, name: object) -> tuple[str, ...]:
    """Say why *name* cannot be a part of an id: it is a column of tables, a folder of storage and a segment of addresses."""
    fits = isinstance(name, str) and name.isprintable() and 0 < len(str(name).encode()) <= LONGEST_NAME_BYTES
    if fits and name not in {".", ".."} and "/" not in str(name):
        return ()
    return (f"{field}: {_shown(name)} is no printable text without slashes of at most {LONGEST_NAME_BYTES} bytes",)


def text_faults(field: str, text: object) -> tuple[str, ...]:
    """Say why *text* cannot be recorded."""
    return () if is_text(text) else (f"{field}: {_shown(text)} is no text without NUL and halves of surrogate pairs",)


def option_faults(options: object) -> tuple[str, ...]:
    """Say, field by field, what cannot be recorded and read back, or means nothing; empty when all is well."""
    if not isinstance(options, ExecutionOptions):
        return (f"options: {_shown(options)} is no ExecutionOptions",)
    return tuple(f"options.{fault}" for fault in _faults(options))


def _faults(options: ExecutionOptions) -> Iterator[str]:
    yield from _label_faults("labels", options.labels)
    yield from _label_faults("annotations", options.annotations)
    yield from _variable_faults(options.envs)
    if not _are(str, options.tags) or not all(map(is_text, options.tags)):
        yield f"tags: {_shown(options.tags)} is no tuple of texts"
    yield from _security_faults(options.security)
    prefix = options.raw_data_prefix
    if not is_text(prefix) or (prefix and not PREFIX.fullmatch(prefix)):
        yield f"raw_data_prefix: {_shown(prefix)} is no URI such as s3://bucket/prefix"
    yield from _number_faults("max_parallelism", options.max_parallelism)
    yield from _choice_faults("interruptible", options.interruptible)
    yield from _choice_faults("overwrite_cache", options.overwrite_cache)
    if options.notifications is not None and not _are(NotificationSpec, options.notifications):
        yield f"notifications: {_shown(options.notifications)} is no tuple of NotificationSpec"


def _label_faults(field: str, labels: object) -> Iterator[str]:
    yield from _pair_faults(field, labels)
    if not isinstance(labels, Mapping):
        return
    if len(labels) > MAX_LABELS:
        yield f"{field}: {len(labels)} are more than {MAX_LABELS}"
    for key, value in labels.items():
        if is_text(key) and is_text(value) and (not key or max(len(key), len(value)) > MAX_LABEL):
            yield f"{field}: {key[:80]!r} is empty, or it or its value exceeds {MAX_LABEL} characters"


def _variable_faults(variables: object) -> Iterator[str]:
    yield from _pair_faults("envs", variables)
    if isinstance(variables, Mapping):
        for name in variables:
            if is_text(name) and not _VARIABLE.fullmatch(name):
                yield f"envs: {name[:80]!r} is no name of an environment variable"


def _pair_faults(field: str, texts: object) -> Iterator[str]:
    if not isinstance(texts, Mapping):
        yield f"{field}: {_shown(texts)} is no mapping of texts"
        return
    for key, value in texts.items():
        if not (is_text(key) and is_text(value)):
            yield f"{field}: {_shown(key)} = {_shown(value)} are no two texts without NUL and halves of surrogate pairs"


def _security_faults(security: object) -> Iterator[str]:
    if security is None:
        return
    if not isinstance(security, SecurityContext):
        yield f"security: {_shown(security)} is no SecurityContext"
        return
    yield from text_faults("security.service_account", security.service_account)
    yield from text_faults("security.iam_role", security.iam_role)
    if not _are(SecretRequest, security.secrets):
        yield f"security.secrets: {_shown(security.secrets)} is no tuple of SecretRequest"


def _number_faults(field: str, number: object) -> Iterator[str]:
    if number is not None and not (type(number) is int and 0 <= number <= _LARGEST):
        yield f"{field}: {_shown(number)} is no number of attempts, which is not below 0; 0 stands for no limit"


def _choice_faults(field: str, choice: object) -> Iterator[str]:
    if choice is not None and not isinstance(choice, bool):
        yield f"{field}: {_shown(choice)} is neither true nor false nor left open"


def _are(kind: type, values: object) -> bool:
    return isinstance(values, tuple | list) and all(isinstance(value, kind) for value in values)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
