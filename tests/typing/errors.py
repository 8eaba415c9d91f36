"""
What type checkers infer about errors: their fields are keyword arguments, checked and typed.
"""

from typing import assert_type

from plait_core.errors import InternalError, PlaitError, Retryable


def internal_error(detail: str) -> None:
    """A field is read back with the type it was declared with, and the texts are derived from it."""
    error = InternalError(detail=detail)
    assert_type(error.detail, str)
    assert_type(error.problem, str)
    assert_type(error.remedy, str)
    assert_type(error.fields, tuple[str, ...])
    InternalError(detail=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    InternalError()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def retryable(error: Retryable) -> None:
    """Where errors are told apart by class, their fields keep their types."""
    assert_type(error.delay_s, float)
    failure: PlaitError = error
    match failure:
        case Retryable(delay_s=delay_s):
            assert_type(delay_s, float)
        case _:
            assert_type(failure, PlaitError)
