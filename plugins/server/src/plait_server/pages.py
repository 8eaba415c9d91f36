"""Pages of lists, as query strings ask for them."""

import attrs

from plait_core.ir.shapes import Shape
from plait_core.ports.databases import Page

MAX_LIMIT = 1000


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PageQuery(Shape):
    """``limit`` lines after those of the page that gave the ``token``."""

    limit: int = attrs.field(default=50, validator=[attrs.validators.ge(1), attrs.validators.le(MAX_LIMIT)])
    token: str = ""

    def page(self) -> Page:
        """Return what the stores take."""
        return Page(limit=self.limit, token=self.token)
