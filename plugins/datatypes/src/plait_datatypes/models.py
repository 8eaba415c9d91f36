"""
Conversion of pydantic models: the only module that imports pydantic.

The literal is a struct by the names of fields, so that ``model.field`` of a promise finds it whatever its alias is. Reading validates,
which runs the validators of the model; names and aliases are both accepted. Files in fields are uploaded and stay references.
"""

from typing import Any

from msgpack import packb, unpackb
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from plait_core.errors import PlaitError
from plait_core.errors.values import ConversionFailed, UnreadableLiteral, WrongValue
from plait_core.ir.json import Json
from plait_core.ir.literals import Binary, Literal
from plait_core.ir.types import LiteralType, SimpleType
from plait_core.types import ConversionContext, TypeTransformer
from plait_core.types.converters import MSGPACK, Plain, type_name, wrong_value
from plait_core.types.model_fields import CONTEXT_KEY


class ModelTransformer(TypeTransformer[BaseModel]):
    """Converts models of any class, generic ones and root models included."""

    name = "pydantic"
    python_type = BaseModel

    def literal_type(self, python_type: Any) -> LiteralType:
        return LiteralType(type=SimpleType.STRUCT, metadata=python_type.model_json_schema(by_alias=False))

    def to_literal(self, value: BaseModel, python_type: Any, context: ConversionContext) -> Literal:
        return Literal(value=Binary(value=packb(self.pack(value, python_type, context)), tag=MSGPACK))

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> BaseModel:
        if not isinstance(literal.value, Binary):
            raise UnreadableLiteral(expected=type_name(python_type), found=type(literal.value).__name__)
        return self.unpack(unpackb(literal.value.value, strict_map_key=False), python_type, context)

    def pack(self, value: BaseModel, python_type: Any, context: ConversionContext) -> Plain:
        if type(value) is not python_type:
            advice = "declare the class of the value: fields that a subclass adds would be lost"
            raise wrong_value(value, type_name(python_type), advice if isinstance(value, python_type) else "")
        try:
            return value.model_dump(mode="json", by_alias=False, round_trip=True, context={CONTEXT_KEY: context})
        except PydanticSerializationError as error:
            if isinstance(error.__cause__, PlaitError):  # a file that could not be stored
                raise error.__cause__ from None
            raise WrongValue(expected=type_name(python_type), found=f"a value that is no JSON: {error}") from error

    def unpack(self, plain: Plain, python_type: Any, context: ConversionContext) -> BaseModel:
        try:
            model: BaseModel = python_type.model_validate(
                plain, by_alias=True, by_name=True, context={CONTEXT_KEY: context}
            )
        except ValidationError as error:
            raise _invalid(error, type_name(python_type)) from error
        return model

    def json_schema(self, python_type: Any) -> Json:
        schema: Json = python_type.model_json_schema(by_alias=False)
        return schema

    def render(self, value: BaseModel, python_type: Any) -> str:
        return value.model_dump_json(by_alias=False, round_trip=True)


def _invalid(error: ValidationError, expected: str) -> ConversionFailed:
    """Say of every field what is wrong with it."""
    faults = (f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in error.errors())
    return WrongValue(expected=f"a valid {expected}", found="; ".join(faults))
