"""Colours: whether they are wanted."""

import os


def wanted() -> bool | None:
    """
    Return ``False`` for people who set ``NO_COLOR``, else ``None``: a terminal has colours, and a file has none.

    Source: https://no-color.org
    """
    return False if os.environ.get("NO_COLOR") else None
