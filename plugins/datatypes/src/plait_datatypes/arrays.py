"""
Conversion of numpy arrays: the only module that imports numpy.

An array is stored as one ``.npy`` file. What stands beside the type says more: ``Annotated[numpy.ndarray, kwtypes(allow_pickle=True)]``
lets arrays of objects pass, by pickle; ``kwtypes(mmap_mode="r")`` maps the file into memory instead of reading it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np

from plait_core.errors.values import UnreadableLiteral, UnreadableText, UnsupportedType, WrongValue
from plait_core.ir.literals import Blob, Literal
from plait_core.ir.types import BlobType, LiteralType
from plait_core.types import ConversionContext, TypeTransformer
from plait_core.types.blocking import run
from plait_core.types.converters import type_name, wrong_value

FORMAT = BlobType(format="NumpyArray")
OPTIONS = {"allow_pickle", "mmap_mode"}


class ArrayTransformer(TypeTransformer[np.ndarray]):
    """Converts arrays; *options* are those that :func:`numpy.load` has, too."""

    name = "numpy"
    python_type = np.ndarray
    plain_kinds = frozenset({dict})

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self._options = dict(options or {})

    def beside(self, remarks: Sequence[Any]) -> Self:
        options = {name: value for remark in remarks if isinstance(remark, Mapping) for name, value in remark.items()}
        if unknown := options.keys() - OPTIONS:
            raise UnsupportedType(
                python_type="ndarray",
                reason=f"is annotated with {', '.join(sorted(unknown))}, which numpy does not know",
                advice=f"annotate it with kwtypes of {' and '.join(sorted(OPTIONS))}",
            )
        return type(self)(options)

    def literal_type(self, python_type: Any) -> LiteralType:
        return LiteralType(type=FORMAT)

    def to_literal(self, value: Any, python_type: Any, context: ConversionContext) -> Literal:
        self._check(value, python_type)
        path = context.new_directory() / "array.npy"
        np.save(path, value, allow_pickle=self._may_pickle)
        uri = context.new_uri(path.name)
        run(context.blobs(uri).upload(path, uri))
        content = _hash_of(path)
        path.unlink()
        return Literal(value=Blob(uri=uri, type=FORMAT), hash=content)

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Any:
        blob = literal.value
        if not isinstance(blob, Blob):
            raise UnreadableLiteral(expected=type_name(python_type), found=type(blob).__name__)
        path = context.new_directory() / "array.npy"
        run(context.blobs(blob.uri).download(blob.uri, path))
        try:
            return np.load(path, **self._options)
        except ValueError as error:
            raise WrongValue(expected="a stored array", found=str(error), advice=_ADVICE) from error
        finally:
            if not self._options.get("mmap_mode"):
                path.unlink()

    def parse(self, text: str, python_type: Any) -> Any:
        try:
            found = np.load(text) if text.endswith(".npy") else np.array(json.loads(text), dtype=_scalar(python_type))
        except (ValueError, OSError) as error:
            example = "[[1, 2], [3, 4]], or the path of a .npy file"
            raise UnreadableText(text=text, expected="array", example=example) from error
        return found

    def guess(self, literal_type: LiteralType) -> Any | None:
        return np.ndarray if literal_type.type == FORMAT else None

    @property
    def _may_pickle(self) -> bool:
        return bool(self._options.get("allow_pickle", False))

    def _check(self, value: Any, python_type: Any) -> None:
        if type(value) not in {np.ndarray, np.memmap}:
            raise wrong_value(value, type_name(python_type))
        if value.dtype.hasobject and not self._may_pickle:
            raise WrongValue(expected="an array without objects", found=f"an array of {value.dtype}", advice=_ADVICE)
        declared = _scalar(python_type)
        if declared is not None and not np.issubdtype(value.dtype, declared):
            expected = f"an array of {declared.__name__}"
            raise WrongValue(
                expected=expected, found=f"an array of {value.dtype}", advice="convert it: array.astype(...)"
            )


_ADVICE = "declare a dtype, or allow pickle: Annotated[numpy.ndarray, kwtypes(allow_pickle=True)]"


def _scalar(python_type: Any) -> Any:
    """Return the class of the elements that ``NDArray[...]`` declares, else ``None``."""
    [*_, dtype] = get_args(python_type) or [None]
    [scalar] = get_args(dtype) or [None]
    return scalar if isinstance(scalar, type) else None


def _hash_of(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
