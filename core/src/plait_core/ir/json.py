"""JSON as a type: what metadata, annotations and custom payloads of the IR are made of."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, "Sequence[Json]", "Mapping[str, Json]", None]
"""A JSON value; mappings and sequences inside the IR are never mutated."""
