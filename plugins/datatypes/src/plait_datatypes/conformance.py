"""Proof that the transformers do what every one has to; run by ``plait plugins check datatypes``."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

import numpy as np
from google.protobuf import struct_pb2, timestamp_pb2, wrappers_pb2
from numpy.typing import NDArray
from pydantic import BaseModel, Field, RootModel

from plait_core.testing.transformers import TypeTransformerConformance
from plait_core.types import TypeTransformer
from plait_core.types.datasets import kwtypes
from plait_datatypes.arrays import ArrayTransformer
from plait_datatypes.messages import MessageTransformer
from plait_datatypes.models import ModelTransformer

T = TypeVar("T")


class Boat(BaseModel):
    """Has a default, a date and a set, which JSON does not know."""

    name: str
    length_m: float = 3.0
    built: date | None = None
    tags: set[str] = set()


class Yacht(Boat):
    """Has a field more."""

    mast_m: float


class Crew(BaseModel):
    """Has a field that is called otherwise outside."""

    head: str = Field(validation_alias="Captain", serialization_alias="skipper")

    model_config = {"populate_by_name": True}


class Harbour(BaseModel, Generic[T]):
    """Is generic."""

    berths: list[T]


class Fleet(RootModel[list[Boat]]):
    """Has no fields."""


class TestModels(TypeTransformerConformance):
    """Models of pydantic."""

    def make(self) -> TypeTransformer[Any]:
        return ModelTransformer()

    def values(self) -> Sequence[tuple[Any, Any]]:
        boat = Boat(name="Ann", length_m=9.5, built=date(1987, 5, 1), tags={"red"})
        return [
            (Boat, boat),
            (Harbour[Boat], Harbour[Boat](berths=[boat])),
            (Fleet, Fleet([boat])),
            (Crew, Crew(head="Bo")),
        ]

    def refused(self) -> Sequence[tuple[Any, Any]]:
        return [(Boat, {"name": "Ann"}), (Boat, Yacht(name="Ann", mast_m=12)), (Boat, Crew(head="Bo"))]


class TestArrays(TypeTransformerConformance):
    """Arrays of numpy."""

    def make(self) -> TypeTransformer[Any]:
        return ArrayTransformer()

    def values(self) -> Sequence[tuple[Any, Any]]:
        return [
            (np.ndarray, np.arange(6).reshape(2, 3)),
            (np.ndarray, np.array([np.nan, -0.0, np.inf])),
            (np.ndarray, np.array(["a", "bc"])),
            (np.ndarray, np.array(["2026-03-01"], dtype="datetime64[ns]")),
            (np.ndarray, np.array(3)),
            (NDArray[np.floating[Any]], np.zeros((0, 4), dtype=np.float32)),
            (Annotated[np.ndarray, kwtypes(allow_pickle=True)], np.array([None, "a"], dtype=object)),
        ]

    def refused(self) -> Sequence[tuple[Any, Any]]:
        return [
            (np.ndarray, [1, 2]),
            (np.ndarray, np.array([None, "a"], dtype=object)),
            (np.ndarray, np.ma.masked_array([1, 2], mask=[True, False])),
            (NDArray[np.int64], np.array([1.5])),
        ]

    def equal(self, one: Any, other: Any) -> bool:
        return bool(one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))


class TestMessages(TypeTransformerConformance):
    """Messages of protobuf."""

    def make(self) -> TypeTransformer[Any]:
        return MessageTransformer()

    def values(self) -> Sequence[tuple[Any, Any]]:
        struct = struct_pb2.Struct()
        struct.update({"a": [1, {"b": True}], "c": "d"})
        kind = struct_pb2.ListValue(values=[struct_pb2.Value(number_value=2)])
        return [
            (struct_pb2.Struct, struct),
            (struct_pb2.ListValue, kind),
            (timestamp_pb2.Timestamp, timestamp_pb2.Timestamp(seconds=1_770_000_000, nanos=5)),
            (wrappers_pb2.BytesValue, wrappers_pb2.BytesValue(value=b"\x00\xff")),
            (wrappers_pb2.Int64Value, wrappers_pb2.Int64Value(value=2**60 + 1)),
        ]

    def refused(self) -> Sequence[tuple[Any, Any]]:
        return [(struct_pb2.Struct, {"a": 1}), (struct_pb2.Struct, timestamp_pb2.Timestamp())]
