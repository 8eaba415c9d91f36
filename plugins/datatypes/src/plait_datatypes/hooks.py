"""
What plait_datatypes hands to plait.

Offers one type transformer per library it serves. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""

from collections.abc import Sequence

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import TypeTransformerSpec

PLAIT_PLUGIN_API = 1


@hookimpl
def plait_type_transformers() -> Sequence[TypeTransformerSpec]:
    """Offer models, arrays and messages."""
    return [
        TypeTransformerSpec(
            name="pydantic", python_type="pydantic.main:BaseModel", factory="plait_datatypes.models:ModelTransformer"
        ),
        TypeTransformerSpec(
            name="numpy", python_type="numpy:ndarray", factory="plait_datatypes.arrays:ArrayTransformer"
        ),
        TypeTransformerSpec(
            name="protobuf",
            python_type="google.protobuf.message:Message",
            factory="plait_datatypes.messages:MessageTransformer",
        ),
    ]
