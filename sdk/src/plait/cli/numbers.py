"""Numbers of things, as sentences have them."""


def counted(n: int, one: str, many: str = "") -> str:
    """Render *n* things: ``1 file``, ``2 files``, and with *many* ``3 entities``."""
    return f"{n} {one if n == 1 else many or f'{one}s'}"
