"""What users write beside a type in ``Annotated[T, ...]``."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from plait_core.ir.json import Json


@attrs.frozen
class HashMethod:
    """
    How to hash a value for the cache: ``Annotated[T, HashMethod(function)]``.

    ``function(value)`` returns a str, which stands for the value in cache keys.
    """

    function: Callable[[Any], str]


@attrs.frozen
class Annotation:
    """JSON that rides on the literal type: ``Annotated[T, Annotation({"unit": "m"})]``; it takes part in cache keys."""

    data: Mapping[str, Json]


@attrs.frozen
class BatchSize:
    """How many files of a ``Directory`` are transferred at once: ``Annotated[Directory, BatchSize(16)]``."""

    n_files: int = attrs.field(validator=attrs.validators.ge(1))


class Pickled:
    """Marks a type whose values may be pickled: ``Annotated[Model, Pickled]``."""

    def __repr__(self) -> str:
        return "Pickled()"
