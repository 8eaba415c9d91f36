"""Attribute paths: the type of a part of a value, as far as types tell."""

from plait_core.compiler.wording import type_text
from plait_core.ir.types import CollectionType, LiteralType, MapType, SimpleType, UnionType
from plait_core.ir.workflows import AttrPath


def part_type(type_: LiteralType, path: AttrPath) -> LiteralType | None:
    """
    Find the type of the part of a *type_* that *path* leads to.

    Returns:
        ``None`` when it cannot be known: inside a struct without known fields, or a union of several types.

    Raises:
        LookupError: there is no such part; the message says where the path ends.
    """
    for n, step in enumerate(path):
        match _without_none(type_).type, step:
            case CollectionType(element=element), int():
                type_ = element
            case MapType(value=value), str():
                type_ = value
            case SimpleType.STRUCT, _:
                fields = _without_none(type_).structure
                if fields is None or not fields.fields:
                    return None
                if step not in fields.fields:
                    known = ", ".join(fields.fields)
                    raise LookupError(f"{path_text(path[:n])} has no field {step!r}; its fields are {known}")
                type_ = fields.fields[str(step)]
            case UnionType(), _:
                return None
            case _:
                raise LookupError(f"{path_text(path[:n])} is {type_text(type_)}, which has no part {step!r}")
    return type_


def path_text(path: AttrPath) -> str:
    """Render *path* from the root ``$``: ``$.rows[2]``."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _without_none(type_: LiteralType) -> LiteralType:
    """Look through ``Optional``: whether there is a value is only known when there should be one."""
    if not isinstance(type_.type, UnionType):
        return type_
    some = [variant for variant in type_.type.variants if variant.type is not SimpleType.NONE]
    return some[0] if len(some) == 1 else type_
