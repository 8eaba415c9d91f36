"""Pages of lists, as query strings ask for them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import attrs

from plait_core.ir.shapes import Shape
from plait_core.ports.databases import Page

T = TypeVar("T")
MAX_LIMIT = 1000


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PageQuery(Shape):
    """``limit`` lines after those of the page that gave the ``token``."""

    limit: int = attrs.field(default=50, validator=[attrs.validators.ge(1), attrs.validators.le(MAX_LIMIT)])
    token: str = ""

    def page(self) -> Page:
        """Return what the stores take."""
        return Page(limit=self.limit, token=self.token)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ShortListQuery(PageQuery):
    """A page of a list that is short as a rule, and then comes whole."""

    limit: int = attrs.field(default=MAX_LIMIT, validator=[attrs.validators.ge(1), attrs.validators.le(MAX_LIMIT)])


def page_by_id(items: Iterable[T], id_of: Callable[[T], str], query: PageQuery) -> tuple[tuple[T, ...], str]:
    """Return a page of *items*, which are ordered by id, and its token: the id of the last item that is shown."""
    rest = [item for item in items if id_of(item) > query.token]
    shown = tuple(rest[: query.limit])
    return shown, id_of(shown[-1]) if len(rest) > len(shown) else ""
