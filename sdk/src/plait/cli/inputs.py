"""
Inputs as options: one flag per input of an entity, read and converted through the type engine.

A value is a text that the converter of its type parses, ``@FILE`` for the text in a file (``@@`` for a leading ``@``). Whole sets of inputs
come as a JSON or YAML object, whose values are typed already. Whatever does not fit is a usage error that names the flag.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import click
from click.core import ParameterSource

from plait.code.errors import UnreadableInputs
from plait_core.authoring.interfaces import REQUIRED, PythonInput, PythonInterface
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.ir.ids import EntityKind
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.literals import Literal
from plait_core.ir.types import EnumType, SimpleType, UnionType
from plait_core.types import ConversionContext
from plait_core.types.contexts import DETACHED
from plait_core.types.converters import Converter


class Runnable(Protocol):
    """What has inputs and can be run: an entity of this process, or one that is registered."""

    @property
    def name(self) -> str:
        """Its registered name."""
        ...

    @property
    def kind(self) -> EntityKind:
        """Whether it is a task, a workflow or a launch plan."""
        ...

    @property
    def interface(self) -> TypedInterface:
        """Inputs and outputs as literal types."""
        ...

    @property
    def python_interface(self) -> PythonInterface:
        """The same as Python types."""
        ...


def options_of(entity: Runnable) -> list[click.Option]:
    """Make an option for each input of *entity*."""
    described = {variable.name: variable.description for variable in entity.interface.inputs}
    return [
        _option(name, declared, converter_of(entity, name), described[name])
        for name, declared in entity.python_interface.inputs.items()
    ]


def converter_of(entity: Runnable, name: str) -> Converter:
    """Return the converter of input *name*."""
    return process_types().converter(entity.python_interface.inputs[name].type)


def values_of(entity: Runnable, ctx: click.Context, document: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the inputs that were given, by flag or else in *document*.

    An input that takes None or a flag, and has no default, may be left out.

    Raises:
        click.UsageError: inputs are missing or unknown, or a value does not fit.
    """
    inputs = entity.python_interface.inputs
    if unknown := document.keys() - inputs.keys():
        wrong, right = ", ".join(map(repr, sorted(unknown))), ", ".join(inputs) or "none"
        raise click.UsageError(f"{entity.name} has no input {wrong}; its inputs are: {right}", ctx)
    values: dict[str, Any] = {}
    missing = []
    for name, declared in inputs.items():
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            values[name] = ctx.params[name]
        elif name in document:
            values[name] = _typed(document[name], converter_of(entity, name), name, ctx)
        elif declared.default is REQUIRED:
            if (implied := _implied(converter_of(entity, name))) is REQUIRED:
                missing.append(f"--{name}")
            values[name] = implied
    if missing:
        raise click.UsageError(f"Missing option{'s' if len(missing) > 1 else ''} {', '.join(missing)}.", ctx)
    return values


def literals_of(
    entity: Runnable, values: Mapping[str, Any], ctx: click.Context, context: ConversionContext
) -> dict[str, Literal]:
    """Convert inputs, storing what is kept by reference; raises ``click.BadParameter`` for one that cannot be."""
    if entity.kind is EntityKind.TASK:
        values = entity.python_interface.bind(entity.name, (), values)
    literals = {}
    for name, value in values.items():
        try:
            literals[name] = converter_of(entity, name).to_literal(value, context)
        except UserError as error:
            raise _misfit(error, name, ctx) from error
    return literals


def read_document(source: str) -> Mapping[str, Any]:
    """
    Read a set of inputs from the file *source*, or from standard input for ``-``.

    Raises:
        UnreadableInputs: it cannot be read, or is no object.
    """
    from plait_core.types.plain_texts import load_plain

    name = "standard input" if source == "-" else source
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        found = load_plain(text, "object")
    except OSError as error:
        raise UnreadableInputs(source=name, reason=str(error.strerror)) from error
    except ValueError as error:
        raise UnreadableInputs(source=name, reason="they are neither JSON nor YAML") from error
    if not isinstance(found, dict):
        raise UnreadableInputs(source=name, reason=f"it is a {type(found).__name__}")
    return found


class InputType(click.ParamType[Any]):
    """The type of an option whose text a converter parses."""

    def __init__(self, converter: Converter) -> None:
        """Parse with *converter*."""
        self.name = converter.name
        self._converter = converter

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a text; other values pass."""
        if not isinstance(value, str):
            return value
        try:
            return self._converter.parse(self._expanded(value, param, ctx))
        except UserError as error:
            self.fail(_message(error), param, ctx)

    def _expanded(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if text.startswith("@@") or not text.startswith("@"):
            return text.removeprefix("@") if text.startswith("@@") else text
        try:
            return Path(text[1:]).read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            self.fail(f"{text[1:]}: {error.strerror}; write @@ for a text that begins with @", param, ctx)


def _option(name: str, declared: PythonInput, converter: Converter, description: str) -> click.Option:
    text = "  ".join(filter(None, [description, *_notes(declared, converter)]))
    if _is_flag(converter):
        option = click.Option([name, f"--{name}/--no_{name}"], default=None, help=text)
        option.opts = _spellings(name)
        option.secondary_opts = list(dict.fromkeys([f"--no-{name}", *_spellings(f"no_{name}")]))
        return option
    return click.Option([name, *_spellings(name)], type=InputType(converter), metavar=_metavar(converter), help=text)


def _metavar(converter: Converter) -> str:
    """Say what to write behind the flag: a name of the type, or the choices where there are few."""
    kind = converter.literal_type
    choices = kind.type.values if isinstance(kind.type, EnumType) else (kind.annotation or {}).get("literal_values")
    if isinstance(choices, list | tuple):
        return f"[{'|'.join(map(str, choices))}]"
    return converter.name.upper() if isinstance(kind.type, SimpleType) else converter.name


def _spellings(name: str) -> list[str]:
    return list(dict.fromkeys([f"--{name}", f"--{name.replace('_', '-')}"]))


def _notes(declared: PythonInput, converter: Converter) -> Iterator[str]:
    """Say what the type and the default are, as far as the flag itself does not."""
    if converter.literal_type.type is SimpleType.STRUCT:
        from plait_core.types.plain_texts import dump_plain

        yield f"JSON schema: {dump_plain(converter.json_schema())}"
    if declared.default is not REQUIRED:
        yield f"[default: {_rendered(declared.default, converter)}]"
    elif _implied(converter) is REQUIRED:
        yield "[required]"


def _rendered(default: Any, converter: Converter) -> str:
    try:
        return "None" if default is None else converter.render(default)
    except UserError:  # a default that does not fit is reported when it is used
        return repr(default)


def _is_flag(converter: Converter) -> bool:
    variants = _variants(converter)
    return SimpleType.BOOLEAN in variants and all(kind in (SimpleType.BOOLEAN, SimpleType.NONE) for kind in variants)


def _implied(converter: Converter) -> Any:
    """Return what an input without default is when nobody gives it, or ``REQUIRED``."""
    if SimpleType.NONE in _variants(converter):
        return None
    return False if _is_flag(converter) else REQUIRED


def _variants(converter: Converter) -> Sequence[Any]:
    kind = converter.literal_type.type
    return [variant.type for variant in kind.variants] if isinstance(kind, UnionType) else [kind]


def _typed(plain: Any, converter: Converter, name: str, ctx: click.Context) -> Any:
    """Convert a value of a document; a text may also be what a flag would take."""
    try:
        try:
            return converter.unpack(plain, DETACHED)
        except UserError:
            if isinstance(plain, str):
                return converter.parse(plain)
            raise
    except UserError as error:
        raise _misfit(error, name, ctx) from error


def _misfit(error: UserError, name: str, ctx: click.Context) -> click.BadParameter:
    return click.BadParameter(_message(error), ctx, param_hint=f"'--{name}'")


def _message(error: UserError) -> str:
    return f"{error.problem}; {error.remedy}"
