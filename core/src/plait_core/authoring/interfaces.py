"""
The Python side of an interface: what a signature declares, how calls fit it, and how outputs are packed.

Annotations are resolved on first use, not at decoration, so that a module may mention names it defines further down.
"""

import typing
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from types import CellType, UnionType
from typing import Any, NamedTuple

from plait_core.authoring.typesystem import process_types
from plait_core.errors.authoring import (
    MissingAnnotation,
    UnresolvableAnnotation,
    UnsupportedParameter,
    WrongArguments,
    WrongOutputs,
)

REQUIRED: Any = type("Required", (), {"__repr__": lambda _: "REQUIRED", "__slots__": ()})()
"""The default of an input that has none."""

_UNSET = CellType()
_VARIADIC = 0x04 | 0x08
_GENERATOR = 0x20 | 0x200
_OPEN = (Any, object)
_UNIONS = (typing.Union, UnionType)


class PythonInput(NamedTuple):
    """The type of an input, and its default or ``REQUIRED``."""

    type: Any
    default: Any = REQUIRED


class PythonInterface:
    """
    Inputs and outputs by name, in order, as Python types. Never mutated.

    ``output_tuple`` is the named tuple that several outputs are packed into, ``None`` when the one output, or no output,
    is handed over as it is.
    """

    def __init__(
        self,
        inputs: Mapping[str, PythonInput] | None = None,
        outputs: Mapping[str, Any] | None = None,
        output_tuple: type[tuple[Any, ...]] | None = None,
    ) -> None:
        self.inputs: Mapping[str, PythonInput] = inputs or {}
        self.outputs: Mapping[str, Any] = outputs or {}
        self.output_tuple = (
            output_tuple if output_tuple or len(self.outputs) < 2 else default_output_tuple(*self.outputs)
        )

    def __repr__(self) -> str:
        inputs = ", ".join(f"{name}: {declared.type}" for name, declared in self.inputs.items())
        return f"({inputs}) -> {dict(self.outputs)}"

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.inputs)

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        return {name: declared.default for name, declared in self.inputs.items() if declared.default is not REQUIRED}

    def bind(self, entity: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """
        Give every input its argument or default, in order of declaration.

        Raises:
            WrongArguments: there are too many, one twice, unknown ones, or one is missing.
        """
        given = dict(zip(self._names, args, strict=False))
        if len(args) > len(given):
            raise self._misfit(entity, f"takes {len(self.inputs)} positional arguments, and {len(args)} were given")
        if twice := given.keys() & kwargs.keys():
            raise self._misfit(entity, f"got {_listed(twice)} twice, by position and by name")
        if unknown := kwargs.keys() - self.inputs.keys():
            raise self._misfit(entity, f"has no input {_listed(unknown)}")
        given.update(kwargs)
        try:
            return {name: given[name] if name in given else self._defaults[name] for name in self._names}
        except KeyError:
            missing = [name for name in self._names if name not in given and name not in self._defaults]
            raise self._misfit(entity, f"needs {_listed(missing)}") from None

    def pack(self, outputs: Mapping[str, Any]) -> Any:
        """Hand over *outputs* as the function would have returned them: one value, a named tuple, or ``None``."""
        if self.output_tuple is not None:
            return self.output_tuple(*(outputs[name] for name in self.outputs))
        return next(iter(outputs.values()), None)

    def unpack(self, entity: str, returned: Any) -> Mapping[str, Any]:
        """
        Give every output its part of what was *returned*.

        Raises:
            WrongOutputs: their number does not fit.
        """
        names = tuple(self.outputs)
        if self.output_tuple is None:
            if names and not (isinstance(returned, tuple) and not _takes_tuples(self.outputs[names[0]])):
                return {names[0]: returned}
            if not names and returned is None:
                return {}
        elif isinstance(returned, tuple) and len(returned) == len(names):
            return dict(zip(names, returned, strict=True))
        elif len(names) == 1 and not isinstance(returned, tuple):
            return {names[0]: returned}
        raise WrongOutputs(entity=entity, declared=names, returned=_described(returned))

    def _misfit(self, entity: str, detail: str) -> WrongArguments:
        return WrongArguments(entity=entity, detail=detail, inputs=self._names)


def check_signature(entity: str, function: Callable[..., Any], *, pickle_untyped: bool) -> None:
    """
    Refuse a *function* whose parameters cannot become inputs. Cheap: nothing is resolved.

    Raises:
        UnsupportedParameter: a parameter is variadic or positional-only.
        MissingAnnotation: a parameter has no type.
    """
    code = function.__code__
    if code.co_flags & _VARIADIC or code.co_posonlyargcount:
        n_named = code.co_argcount + code.co_kwonlyargcount
        variadic = [f"*{name}" for name in code.co_varnames[n_named : n_named + 2] if code.co_flags & _VARIADIC]
        raise UnsupportedParameter(entity=entity, parameter=(variadic or [f"{code.co_varnames[0]}, /"])[0])
    if not pickle_untyped:
        for name in _parameters(function):
            if name not in function.__annotations__:
                raise MissingAnnotation(entity=entity, parameter=name)


def interface_of(entity: str, function: Callable[..., Any], *, pickle_untyped: bool = False) -> PythonInterface:
    """
    Read the signature of *function*.

    With *pickle_untyped*, what has no annotation can be anything, and values of types that nobody converts are pickled.

    Raises:
        UnresolvableAnnotation: an annotation names something that cannot be found.
    """
    types = _annotations(entity, function)
    returned = types.pop("return", object if pickle_untyped and returns_a_value(function) else None)
    defaults = _defaults(function)
    inputs = {
        name: PythonInput(types.get(name, object), defaults.get(name, REQUIRED)) for name in _parameters(function)
    }
    outputs, output_tuple = outputs_of(returned)
    if pickle_untyped:
        inputs = {name: declared._replace(type=_picklable(declared.type)) for name, declared in inputs.items()}
        outputs = {name: _picklable(declared) for name, declared in outputs.items()}
    return PythonInterface(inputs, outputs, output_tuple)


def outputs_of(declared: Any) -> tuple[dict[str, Any], type[tuple[Any, ...]] | None]:
    """Name the outputs that a return annotation declares, with the tuple that holds them."""
    if declared is None or declared is type(None):
        return {}, None
    if isinstance(declared, tuple):
        return _numbered(declared)
    if isinstance(declared, type) and issubclass(declared, tuple) and hasattr(declared, "_fields"):
        return typing.get_type_hints(declared, include_extras=True), declared
    arguments = typing.get_args(declared)
    if typing.get_origin(declared) is tuple and Ellipsis not in arguments:
        return _numbered(arguments)
    return {"o0": declared}, None


@lru_cache(maxsize=256)
def default_output_tuple(*names: str) -> type[tuple[Any, ...]]:
    """Make the named tuple of outputs that nobody named otherwise."""
    return namedtuple("DefaultNamedTupleOutput", names)  # noqa: PYI024  # the fields are known at run time only


def enclosed_variables(function: Callable[..., Any]) -> dict[str, Any]:
    """Read what *function* uses from the functions around it, as far as it is set by now."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if cell != _UNSET}


def returns_a_value(function: Callable[..., Any]) -> bool:
    """
    Whether some `return` of *function* has a value, its end cannot be reached, or it is a generator.

    Read from the byte code: a function that falls off its end returns the constant None.
    """
    import opcode

    if function.__code__.co_flags & _GENERATOR:
        return True
    code, names = function.__code__.co_code, opcode.opname
    constants = function.__code__.co_consts
    ends = 0
    for at in range(0, len(code), 2):
        match names[code[at]]:
            case "RETURN_CONST":
                ends += 1
                if constants[code[at + 1]] is not None:
                    return True
            case "RETURN_VALUE":
                ends += 1
                if names[code[at - 2]] != "LOAD_CONST" or constants[code[at - 1]] is not None:
                    return True
    return ends == 0


def _picklable(declared: Any) -> Any:
    from plait_core.errors.values import UnsupportedType
    from plait_core.types.annotations import Pickled

    try:
        process_types().converter(declared)
    except UnsupportedType:
        return typing.Annotated[declared, Pickled]
    return declared


def _numbered(types: Sequence[Any]) -> tuple[dict[str, Any], type[tuple[Any, ...]]]:
    outputs = {f"o{n}": declared for n, declared in enumerate(types)}
    return outputs, default_output_tuple(*outputs)


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    positional = function.__defaults__ or ()
    code = function.__code__
    names = code.co_varnames[code.co_argcount - len(positional) : code.co_argcount]
    return {**dict(zip(names, positional, strict=True)), **(function.__kwdefaults__ or {})}


def _annotations(entity: str, function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, localns=enclosed_variables(function), include_extras=True)
    except NameError as error:
        raise UnresolvableAnnotation(entity=entity, detail=str(error)) from error


def _takes_tuples(declared: Any) -> bool:
    if declared in _OPEN:
        return True
    origin = typing.get_origin(declared)
    if origin is typing.Annotated:
        return _takes_tuples(typing.get_args(declared)[0])
    if origin in _UNIONS:
        return any(_takes_tuples(variant) for variant in typing.get_args(declared))
    kind = origin or declared
    return not isinstance(kind, type) or issubclass(kind, tuple)


def _described(returned: Any) -> str:
    if isinstance(returned, tuple):
        return f"a tuple of {len(returned)}"
    return "None" if returned is None else f"one {type(returned).__name__}"


def _listed(names: typing.Collection[str]) -> str:
    return ", ".join(map(repr, sorted(names)))
