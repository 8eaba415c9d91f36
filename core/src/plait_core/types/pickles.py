"""
Conversion by pickle, for authors who asked for it.

The value becomes one blob of format ``PythonPickle``; reading it needs the same Python and the same classes. cloudpickle is used
where it is installed, because it also takes functions and classes of the main module.
"""

import pickle
from types import ModuleType
from typing import Any

from plait_core.errors.values import UnsupportedType
from plait_core.ir.literals import Blob, Literal
from plait_core.ir.types import BlobType, LiteralType
from plait_core.types.blocking import run
from plait_core.types.contexts import ConversionContext
from plait_core.types.converters import Converter, Types, show, type_name, wrong_value
from plait_core.types.transformers import TypeTransformer

FORMAT = "PythonPickle"


def compile_pickle(python_type: Any, types: Types) -> Converter:
    """Compile any type by consent."""
    return PickleTransformer().compile(python_type, types)


class PickleTransformer(TypeTransformer[Any]):
    """Pickles values of any type into blobs."""

    name = "pickle"
    python_type = object

    def literal_type(self, python_type: Any) -> LiteralType:
        return LiteralType(type=BlobType(format=FORMAT), metadata={"python_class_name": type_name(python_type)})

    def to_literal(self, value: Any, python_type: Any, context: ConversionContext) -> Literal:
        if isinstance(python_type, type) and not isinstance(value, python_type):
            raise wrong_value(value, type_name(python_type))
        try:
            data = _pickler().dumps(value)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise UnsupportedType(
                python_type=type_name(type(value)),
                reason=f"cannot be pickled: {show(value)}: {error}",
                advice="return what it was made from instead, or write a TypeTransformer",
            ) from error
        uri = context.new_uri("value.pickle")
        run(context.blobs(uri).put(uri, data))
        return Literal(value=Blob(uri=uri, type=BlobType(format=FORMAT)))

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Any:
        blob = literal.value
        if not isinstance(blob, Blob):
            raise wrong_value(blob, "a pickle")
        return pickle.loads(run(context.blobs(blob.uri).get(blob.uri)))  # noqa: S301  # by consent of the author


def _pickler() -> ModuleType:
    try:
        import cloudpickle
    except ImportError:
        return pickle
    found: ModuleType = cloudpickle
    return found
