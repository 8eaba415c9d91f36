"""
Files and directories as fields of pydantic models.

Called by pydantic, when a class of model is made whose fields are files; pydantic itself is not imported. Whoever
converts a model hands its ``ConversionContext`` along as pydantic's context, under ``CONTEXT_KEY``; without one, a file is named by its path.

Source: https://docs.pydantic.dev/latest/concepts/types/#customizing-validation-with-__get_pydantic_core_schema__
"""

from typing import Any

from plait_core.ir.json import Json
from plait_core.types.contexts import DETACHED, ConversionContext
from plait_core.types.converters import Plain
from plait_core.types.stored import StoredTransformer

CONTEXT_KEY = "plait"


def core_schema(cls: Any) -> dict[str, Any]:
    """Say how pydantic reads and writes instances of *cls*: core schemas are dicts."""

    def validate(value: Any, info: Any) -> Any:
        return value if isinstance(value, cls) else StoredTransformer().unpack(value, cls, _context(info))

    def serialize(value: Any, info: Any) -> Plain:
        return StoredTransformer().pack(value, cls, _context(info))

    return {
        "type": "function-plain",
        "function": {"type": "with-info", "function": validate},
        "serialization": {"type": "function-plain", "function": serialize, "info_arg": True},
    }


def json_schema(cls: Any) -> Json:
    """Describe instances of *cls* as JSON schema."""
    return StoredTransformer().json_schema(cls)


def _context(info: Any) -> ConversionContext:
    found: ConversionContext = (info.context or {}).get(CONTEXT_KEY, DETACHED)
    return found
