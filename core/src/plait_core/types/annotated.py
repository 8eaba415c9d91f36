"""Converters of ``Annotated[T, ...]``: those of T, altered by what stands beside it."""

from typing import Any, get_args

import attrs

from plait_core.errors.values import UnsupportedType
from plait_core.ir.literals import Literal
from plait_core.types.annotations import Annotation, HashMethod, Pickled
from plait_core.types.contexts import ConversionContext
from plait_core.types.converters import Converter, Types, type_name
from plait_core.types.transformers import TypeTransformer


def compile_annotated(python_type: Any, types: Types) -> Converter:
    """Compile ``Annotated``; remarks that belong to others are passed over."""
    bare, *remarks = get_args(python_type)
    converter = _inner(bare, remarks, types)
    for remark in remarks:
        if isinstance(remark, HashMethod):
            converter = _hashed(converter, remark)
    return attrs.evolve(_annotated(converter, remarks), python_type=python_type)


def _inner(bare: Any, remarks: list[Any], types: Types) -> Converter:
    for remark in remarks:
        if isinstance(remark, TypeTransformer):
            return remark.compile(bare, types)
        if remark is Pickled or isinstance(remark, Pickled):
            from plait_core.types.pickles import compile_pickle

            return compile_pickle(bare, types)
    transformer = types.transformer(bare)
    return transformer.beside(remarks).compile(bare, types) if transformer else types.converter(bare)


def _hashed(converter: Converter, method: HashMethod) -> Converter:
    def to_literal(value: Any, context: ConversionContext) -> Literal:
        return attrs.evolve(converter.to_literal(value, context), hash=str(method.function(value)))

    return attrs.evolve(converter, to_literal=to_literal, atom=None)


def _annotated(converter: Converter, remarks: list[Any]) -> Converter:
    annotations = [remark for remark in remarks if isinstance(remark, Annotation)]
    if not annotations:
        return converter
    if len(annotations) > 1:
        raise UnsupportedType(
            python_type=type_name(converter.python_type),
            reason="carries several Annotations",
            advice="merge them into one Annotation({...})",
        )
    merged = {**(converter.literal_type.annotation or {}), **annotations[0].data}
    return attrs.evolve(converter, literal_type=attrs.evolve(converter.literal_type, annotation=merged))
