"""``TaskFailure``: what a failure handler is told, as the input it calls ``err``."""

from typing import Any

import attrs

from plait_core.errors.values import UnreadableLiteral
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import ErrorValue, Literal
from plait_core.ir.types import ERROR, LiteralType
from plait_core.types.contexts import ConversionContext
from plait_core.types.converters import Plain, type_name, wrong_value
from plait_core.types.transformers import TypeTransformer


@attrs.frozen
class TaskFailure:
    """The node of a workflow that failed first, and what it failed with."""

    __plait_transformer__ = "plait_core.types.failures:FailureTransformer"

    message: str
    failed_node_id: str = ""


class FailureTransformer(TypeTransformer[TaskFailure]):
    """Converts ``TaskFailure``."""

    name = "error"
    python_type = TaskFailure
    plain_kinds = frozenset({dict})

    def literal_type(self, python_type: Any) -> LiteralType:
        return ERROR

    def to_literal(self, value: TaskFailure, python_type: Any, context: ConversionContext) -> Literal:
        if not isinstance(value, TaskFailure):
            raise wrong_value(value, "TaskFailure")
        return Literal(value=ErrorValue(failed_node_id=NodeId(value.failed_node_id), message=value.message))

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> TaskFailure:
        match literal.value:
            case ErrorValue(failed_node_id=node, message=message):
                return TaskFailure(message, node)
        raise UnreadableLiteral(expected=type_name(python_type), found=type(literal.value).__name__)

    def pack(self, value: TaskFailure, python_type: Any, context: ConversionContext) -> Plain:
        return {"message": value.message, "failed_node_id": value.failed_node_id}

    def unpack(self, plain: Plain, python_type: Any, context: ConversionContext) -> TaskFailure:
        if not isinstance(plain, dict) or not plain.keys() <= {"message", "failed_node_id"} or "message" not in plain:
            raise wrong_value(plain, "TaskFailure")
        return TaskFailure(**plain)
