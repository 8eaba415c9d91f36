"""Models and tasks that the tests use."""

from datetime import date
from typing import Generic, TypeVar

import numpy as np
from pydantic import BaseModel, Field, RootModel, field_validator

from plait_core.authoring.tasks import task
from plait_core.authoring.workflows import workflow
from plait_core.types.files import File

T = TypeVar("T")


class Boat(BaseModel):
    """Has a default, a date and a set, which JSON does not know."""

    name: str
    length_m: float = 3.0
    built: date | None = None
    tags: set[str] = set()

    @field_validator("name")
    @classmethod
    def _capitalised(cls, name: str) -> str:
        if not name[:1].isupper():
            raise ValueError("names begin with a capital")
        return name


class Crew(BaseModel):
    """Has a field that is called otherwise outside."""

    head: str = Field(validation_alias="Captain", serialization_alias="skipper")

    model_config = {"populate_by_name": True}


class Harbour(BaseModel, Generic[T]):
    """Is generic."""

    berths: list[T]


class Fleet(RootModel[list[Boat]]):
    """Has no fields."""


class Shelf(BaseModel):
    """Holds files."""

    log: File
    pages: list[File] = []


@task
def lengthen(boat: Boat, by_m: float) -> Boat:
    """Return a longer boat."""
    return boat.model_copy(update={"length_m": boat.length_m + by_m})


@task
def double(values: np.ndarray) -> np.ndarray:
    """Return twice the values."""
    doubled: np.ndarray = values * 2
    return doubled


@task
def total(values: np.ndarray, length_m: float) -> float:
    """Add everything up."""
    return float(values.sum()) + length_m


@workflow
def measured(boat: Boat, values: np.ndarray) -> float:
    """Pass a model, a field of it and an array from task to task."""
    longer = lengthen(boat=boat, by_m=1.5)
    return total(values=double(values=values), length_m=longer.length_m)
