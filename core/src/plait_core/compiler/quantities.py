"""
Quantities: the amounts of resources that Kubernetes reads (``500m``, ``1.5Gi``, ``2e3``), as numbers to compare.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from fractions import Fraction

_SHAPE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,3}))?")
_POWERS_OF_TEN = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_POWERS_OF_TWO = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def parse_quantity(text: str) -> Fraction:
    """
    Parse an amount, >= 0, in the resource's own unit: cores or bytes.

    Raises:
        ValueError: *text* is not an amount.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError(text)
    number, suffix, exponent = shape.groups()
    if suffix in _POWERS_OF_TWO:
        return Fraction(number) * (1 << _POWERS_OF_TWO[suffix])
    power = _POWERS_OF_TEN[suffix] if suffix else int(exponent or 0)
    return Fraction(f"{number}e{power}")
