"""
Children: what a call in the body of an eager task returns, to be awaited.

Used by ``eager`` alone. A child is a coroutine to everybody who awaits or gathers it. Taken for its own result it says so: plain coroutines
compare as unequal and are true, so that a forgotten ``await`` would send a body the wrong way.
"""

from collections.abc import Callable, Coroutine, Generator
from typing import Any, NoReturn

from plait_core.authoring import sources
from plait_core.errors.authoring import NotAwaited


def _refuse(operation: str) -> Callable[..., NoReturn]:
    def method(self: "Child", *_: object) -> NoReturn:
        raise self.misuse(operation)

    return method


class Child(Coroutine[Any, Any, Any]):
    """A call of *entity* whose outputs *outcome* waits for."""

    __slots__ = ("_entity", "_mark", "_outcome")

    def __init__(self, entity: str, outcome: Coroutine[Any, Any, Any]) -> None:
        self._entity = entity
        self._outcome = outcome
        self._mark = sources.here()

    def __repr__(self) -> str:
        return f"<child {self._entity}>"

    def misuse(self, operation: str) -> NotAwaited:
        """Make the error for *operation*, which wants the result; the child is given up."""
        self.close()
        where = sources.line_of(self._mark)
        return NotAwaited(entity=self._entity, operation=operation, file=where.file, line=where.line)

    # ── what event loops do ──────────────────────────────────────────────────

    def __await__(self) -> Generator[Any, None, Any]:
        return self._outcome.__await__()

    def send(self, value: Any) -> Any:
        return self._outcome.send(value)

    def throw(self, *error: Any) -> Any:
        return self._outcome.throw(*error)

    def close(self) -> None:
        self._outcome.close()

    # ── what needs the result ────────────────────────────────────────────────

    def __getattr__(self, name: str) -> Any:
        """Refuse what the result may have; event loops ask for names of coroutines, which begin otherwise."""
        if name.startswith(("_", "cr_", "gi_", "ag_")):
            raise AttributeError(name)
        raise self.misuse(f"`.{name}`")

    __hash__ = object.__hash__
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse("a comparison")
    __bool__ = _refuse("a truth test")
    __iter__ = __len__ = __contains__ = _refuse("iteration")
    __getitem__ = _refuse("indexing")
    __str__ = __format__ = _refuse("formatting as text")
    __int__ = __float__ = __index__ = _refuse("conversion")
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse("arithmetic")
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _refuse("arithmetic")
    __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _refuse("arithmetic")
    __neg__ = __pos__ = __abs__ = __round__ = __invert__ = _refuse("arithmetic")
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _refuse("arithmetic")
