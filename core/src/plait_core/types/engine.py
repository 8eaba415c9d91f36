"""
``TypeEngine``: finds out how to convert a Python type, once per type.

Used by whatever declares, checks or runs entities; an instance has no state but what was registered and compiled. A type is
looked up in this order: an override in ``Annotated``, enum, ``Literal[...]``, the very type, its origin, its
base classes, a class with fields, and at last pickle, where the author asked for it.
"""

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import NoneType
from types import UnionType as PythonUnion
from typing import Annotated, Any, BinaryIO, NewType, Protocol, TextIO, TypeAlias, Union, get_args, get_origin
from typing import Literal as Choice

from plait_core.errors.values import TransformerClash, UnsupportedType
from plait_core.ir.types import STRUCT, LiteralType
from plait_core.types.contexts import BlobAccess, ConversionContext, DatasetReader
from plait_core.types.converters import Compile, Converter, Types, type_name
from plait_core.types.dataset_formats import DatasetFormats, OfferedFormats
from plait_core.types.locations import is_installed, loaded_class, resolve
from plait_core.types.transformers import TypeTransformer

BUILT_IN = "plait-core"


class TransformerSpec(Protocol):
    """The part of ``plait_core.ports.specs.TypeTransformerSpec`` that is used here; see there."""

    @property
    def python_type(self) -> str: ...

    @property
    def factory(self) -> str: ...


Offered: TypeAlias = Callable[[], Sequence[tuple[TransformerSpec, str]]]
"""Asked once, when a type outside of the built-in ones is met; each descriptor comes with the distribution it is from."""


class TypeEngine:
    """Converters by Python type; *transformers* and *dataset_formats* are what plugins offer."""

    def __init__(self, transformers: Offered = tuple, dataset_formats: OfferedFormats = tuple) -> None:
        self.formats = DatasetFormats(dataset_formats)
        self._datasets = _DatasetReader(self.formats)
        self._offered = transformers
        self._offers: dict[str, tuple[TransformerSpec, str]] | None = None
        self._registered: dict[Any, tuple[TypeTransformer[Any], str]] = {}
        self._converters: dict[Any, Converter] = {}
        self._lock = RLock()

    def converter(self, python_type: Any, *, pickle_untyped: bool = False) -> Converter:
        """
        Return the converter of a type; compiled when first asked for.

        With *pickle_untyped*, values of types that nobody else converts are pickled, at any depth.

        Raises:
            UnsupportedType: nobody converts the type, or one it is made of.
        """
        key = _key(python_type, pickle_untyped)
        found = self._converters.get(key)
        if found is None:
            with self._lock:
                found = _Compilation(self, pickle_untyped=pickle_untyped).converter(python_type)
                self._converters[key] = found
        return found

    def literal_type(self, python_type: Any) -> LiteralType:
        """Return the literal type of a Python type."""
        return self.converter(python_type).literal_type

    def context(self, raw_prefix: str, blobs: BlobAccess, directory: str = "") -> ConversionContext:
        """Make a context in which user code can also read datasets by URI."""
        return ConversionContext(raw_prefix=raw_prefix, blobs=blobs, directory=directory, datasets=self._datasets)

    def register(self, transformer: TypeTransformer[Any]) -> None:
        """
        Add a transformer for its ``python_type``.

        Raises:
            TransformerClash: the type has one already.
        """
        with self._lock:
            self._add(transformer.python_type, transformer, type(transformer).__module__)

    def guess(self, literal_type: LiteralType) -> Any:
        """
        Return a Python type for a literal type from elsewhere; the first transformer that accepts it decides.

        Raises:
            UnsupportedType: it is the type of a pickle.
        """
        from plait_core.types.guessing import guess_type

        transformers = self.transformers()

        def offered(wanted: LiteralType) -> Any | None:
            guesses = (transformer.guess(wanted) for transformer in transformers)
            return next((found for found in guesses if found is not None), None)

        return guess_type(literal_type, offered)

    def transformer(self, cls: type) -> TypeTransformer[Any] | None:
        """Return the transformer of exactly *cls*, registered or offered by a plugin."""
        found = self._registered.get(cls)
        return found[0] if found else self._from_plugin(cls)

    def transformers(self) -> list[TypeTransformer[Any]]:
        """List what is registered or offered, made if need be; of libraries that are not installed there are no values."""
        for name, (spec, distribution) in self._specs().items():
            if is_installed(name):
                self._make(spec, distribution)
        return [transformer for transformer, _ in self._registered.values()]

    def _from_plugin(self, cls: type) -> TypeTransformer[Any] | None:
        for name, (spec, distribution) in self._specs().items():
            if loaded_class(name) is cls:
                return self._make(spec, distribution)
        return None

    def _make(self, spec: TransformerSpec, distribution: str) -> TypeTransformer[Any]:
        transformer: TypeTransformer[Any] = resolve(spec.factory)()
        known = self._registered.get(transformer.python_type)
        if known is not None and type(known[0]) is type(transformer):
            return known[0]
        self._add(transformer.python_type, transformer, distribution)
        return transformer

    def _add(self, python_type: Any, transformer: TypeTransformer[Any], source: str) -> None:
        known = BUILT_IN if python_type in BUILT_INS else self._registered.get(python_type, (None, None))[1]
        if known:
            raise TransformerClash(claimed=type_name(python_type), first=known, second=source)
        self._registered[python_type] = (transformer, source)

    def _specs(self) -> dict[str, tuple[TransformerSpec, str]]:
        """What plugins offer, by name of the Python type."""
        if self._offers is None:
            offers: dict[str, tuple[TransformerSpec, str]] = {}
            for spec, distribution in self._offered():
                if spec.python_type in offers:
                    first = offers[spec.python_type][1]
                    raise TransformerClash(claimed=spec.python_type, first=first, second=distribution)
                offers[spec.python_type] = (spec, distribution)
            self._offers = offers
        return self._offers


class _DatasetReader:
    """Reads datasets; what that takes is imported with the first one, because every attempt is given a reader."""

    def __init__(self, formats: DatasetFormats) -> None:
        self._formats = formats

    @cached_property
    def _reader(self) -> DatasetReader:
        from plait_core.types.dataset_conversions import FormatReader

        return FormatReader(self._formats)

    def read(self, dataset: Any, python_type: type, context: ConversionContext) -> Iterator[Any]:
        return self._reader.read(dataset, python_type, context)

    def read_all(self, dataset: Any, python_type: type, context: ConversionContext) -> Any:
        return self._reader.read_all(dataset, python_type, context)


class _Compilation:
    """The compiling of one type and of those it is made of; knows which are underway, because classes may refer to themselves."""

    def __init__(self, engine: TypeEngine, *, pickle_untyped: bool) -> None:
        self.engine = engine
        self.pickle_untyped = pickle_untyped
        self._underway: dict[Any, list[Converter]] = {}

    def converter(self, python_type: Any) -> Converter:
        key = _key(python_type, self.pickle_untyped)
        known = self.engine._converters.get(key)
        if known is not None:
            return known
        if key in self._underway:
            return _forward(python_type, self._underway[key])
        self._underway[key] = []
        try:
            found = self._compile(python_type)(python_type, self)
            self._underway[key].append(found)
        finally:
            finished = self._underway.pop(key)
        if not self._underway:
            self.engine._converters[key] = found
        return finished[0]

    def _compile(self, python_type: Any) -> Compile:
        origin = get_origin(python_type)
        if origin is Annotated:
            from plait_core.types.annotated import compile_annotated

            return compile_annotated
        if isinstance(python_type, NewType):
            return lambda new_type, types: types.converter(new_type.__supertype__)
        if isinstance(python_type, type) and issubclass(python_type, Enum):
            return _compiled_by("choices:compile_enum")
        if origin in {Union, PythonUnion}:
            return _compiled_by("unions:compile_union")
        if origin is Choice:
            return _compiled_by("choices:compile_choice")
        return self._by_class(python_type, origin) or self._last_resort(python_type)

    @property
    def formats(self) -> DatasetFormats:
        return self.engine.formats

    def transformer(self, python_type: Any) -> TypeTransformer[Any] | None:
        """Return the transformer of a class or of the nearest of its bases; plait's own classes name theirs."""
        for cls in getattr(get_origin(python_type) or python_type, "__mro__", (get_origin(python_type),)):
            if own := getattr(cls, "__dict__", {}).get("__plait_transformer__"):
                return _made(own)
            if isinstance(cls, type) and cls is not object:
                if found := self.engine.transformer(cls):
                    return found
                if self.formats.serves(cls):
                    return _made("plait_core.types.dataset_conversions:DatasetTransformer")
        return None

    def _by_class(self, python_type: Any, origin: Any) -> Compile | None:
        exact = origin or python_type
        if isinstance(exact, Hashable) and exact in BUILT_INS:
            return _compiled_by(BUILT_INS[exact])
        if transformer := self.transformer(python_type):
            return transformer.compile
        from plait_core.types.fields import has_fields

        return _compiled_by("structs:compile_struct") if has_fields(exact) else None

    def _last_resort(self, python_type: Any) -> Compile:
        if self.pickle_untyped:
            return _compiled_by("pickles:compile_pickle")
        raise UnsupportedType(
            python_type=type_name(python_type),
            reason="has no transformer",
            advice="make it a dataclass, install the plugin that converts it, or allow pickle: "
            f"Annotated[{type_name(python_type)}, Pickled], or pickle_untyped=True for a whole task",
        )


def _compiled_by(location: str) -> Compile:
    found: Compile = resolve(f"plait_core.types.{location}")
    return found


def _made(location: str) -> TypeTransformer[Any]:
    found: TypeTransformer[Any] = resolve(location)()
    return found


def _key(python_type: Any, pickle_untyped: bool) -> Any:
    """
    What a converter is found by.

    ``Union[int, str] == Union[str, int]``, but their variants are in different order; the text tells them apart.
    """
    if isinstance(python_type, type) and not get_args(python_type):
        return (python_type, pickle_untyped)
    try:
        hash(python_type)
    except TypeError:
        return (id(python_type), repr(python_type), pickle_untyped)
    return (python_type, repr(python_type), pickle_untyped)


def _forward(python_type: Any, finished: list[Converter]) -> Converter:
    """Stand in for a converter that is being compiled and will be in *finished* when values are converted."""
    return Converter(
        python_type=python_type,
        literal_type=STRUCT,
        tag=type_name(python_type),
        **{name: _later(finished, name) for name in ("to_literal", "to_python", "pack", "unpack", "parse", "render")},
        plain_kinds=frozenset({dict}),
        json_schema=lambda: {"type": "object", "title": type_name(python_type)},
    )


def _later(finished: list[Converter], conversion: str) -> Any:
    def convert(*arguments: Any) -> Any:
        return getattr(finished[0], conversion)(*arguments)

    return convert


def _compile_dict(python_type: Any, types: Types) -> Converter:
    arguments = get_args(python_type)
    if not arguments:
        return _compiled_by("mappings:compile_untyped_dict")(python_type, types)
    where = "containers:compile_map" if arguments[0] is str else "mappings:compile_keyed_map"
    return _compiled_by(where)(python_type, types)


def _compile_tuple(python_type: Any, types: Types) -> Converter:
    arguments = get_args(python_type)
    if not arguments:
        raise UnsupportedType(
            python_type="tuple", reason="does not say what it holds", advice="write tuple[A, B] or tuple[T, ...]"
        )
    is_homogeneous = len(arguments) == 2 and arguments[1] is ...
    return _compiled_by("containers:compile_homogeneous_tuple" if is_homogeneous else "structs:compile_tuple")(
        python_type, types
    )


BUILT_INS: dict[Any, str] = {
    int: "scalars:compile_int",
    float: "scalars:compile_float",
    str: "scalars:compile_str",
    bool: "scalars:compile_bool",
    None: "scalars:compile_none",
    NoneType: "scalars:compile_none",
    bytes: "scalars:compile_bytes",
    datetime: "times:compile_datetime",
    date: "times:compile_date",
    timedelta: "times:compile_timedelta",
    list: "containers:compile_list",
    dict: "engine:_compile_dict",
    tuple: "engine:_compile_tuple",
    os.PathLike: "stored:compile_pathlike",
    Path: "stored:compile_path",
    TextIO: "stored:compile_stream",
    BinaryIO: "stored:compile_stream",
}
"""Python type -> what compiles it; modules are imported when a signature mentions the type."""
