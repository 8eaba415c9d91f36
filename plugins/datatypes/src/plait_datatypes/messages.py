"""
Conversion of protobuf messages: the only module that imports protobuf.

The literal is a struct in protobuf's JSON form, by the names of fields as the ``.proto`` file has them; its type tells the class.
"""

from pydoc import locate
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message
from msgpack import packb, unpackb

from plait_core.errors.values import UnreadableLiteral, WrongValue
from plait_core.ir.json import Json
from plait_core.ir.literals import Binary, Literal
from plait_core.ir.types import LiteralType, SimpleType
from plait_core.types import ConversionContext, TypeTransformer
from plait_core.types.converters import MSGPACK, Plain, type_name, wrong_value
from plait_core.types.plain_texts import dump_plain

CLASS_KEY = "pb_type"
"""Where the metadata of the type keeps the class: ``module.Class``."""


class MessageTransformer(TypeTransformer[Message]):
    """Converts messages of any class."""

    name = "protobuf"
    python_type = Message

    def literal_type(self, python_type: Any) -> LiteralType:
        place = f"{python_type.__module__}.{python_type.__qualname__}"
        return LiteralType(type=SimpleType.STRUCT, metadata={CLASS_KEY: place})

    def to_literal(self, value: Message, python_type: Any, context: ConversionContext) -> Literal:
        return Literal(value=Binary(value=packb(self.pack(value, python_type, context)), tag=MSGPACK))

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Message:
        if not isinstance(literal.value, Binary):
            raise UnreadableLiteral(expected=type_name(python_type), found=type(literal.value).__name__)
        return self.unpack(unpackb(literal.value.value, strict_map_key=False), python_type, context)

    def pack(self, value: Message, python_type: Any, context: ConversionContext) -> Plain:
        if not isinstance(value, python_type):
            raise wrong_value(value, type_name(python_type))
        return MessageToDict(value, preserving_proto_field_name=True)

    def unpack(self, plain: Plain, python_type: Any, context: ConversionContext) -> Message:
        try:
            message: Message = ParseDict(plain, python_type())
        except ParseError as error:
            raise WrongValue(expected=f"the JSON form of {type_name(python_type)}", found=str(error)) from error
        return message

    def json_schema(self, python_type: Any) -> Json:
        return {"type": "object", "title": type_name(python_type)}

    def render(self, value: Message, python_type: Any) -> str:
        return dump_plain(MessageToDict(value, preserving_proto_field_name=True))

    def guess(self, literal_type: LiteralType) -> Any | None:
        place = (literal_type.metadata or {}).get(CLASS_KEY)
        found = locate(place) if isinstance(place, str) else None
        return found if isinstance(found, type) and issubclass(found, Message) else None
