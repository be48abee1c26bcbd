"""Reading what a caller wrote: integers, one value per axis, sizes. Every answer is a plain int or a tuple."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import cast

from .errors import GeometryError

MAX_SIZE = 2**63 - 1
"""The largest size or count the package answers with: what a 64-bit signed index can hold."""


def integer(name: str, value: object, *, minimum: int | None = None) -> int:
    """``value`` as an int: NumPy integers are welcome, booleans, floats and strings are not."""
    fix = "use an integer" if minimum is None else f"use an integer of at least {minimum}"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise GeometryError(f"{name} is not an integer", f"{name}={value!r}", fix)
    # Python refuses to write out integers of thousands of digits.
    shown = str(number) if number.bit_length() < 256 else f"an integer of {number.bit_length()} bits"
    if minimum is not None and number < minimum:
        raise GeometryError(f"{name} is too small", f"{name}={shown}", fix)
    if abs(number) > MAX_SIZE:
        raise GeometryError(f"{name} does not fit in 64 bits", f"{name}={shown}", f"stay within {MAX_SIZE} (2**63 - 1)")
    return number


def sequence(value: object) -> tuple[object, ...] | None:
    """The elements of what holds one value per axis (tuple, list, range, array); None for anything else."""
    if isinstance(value, str | bytes | dict | set | frozenset):
        return None
    try:
        return tuple(cast(Iterable[object], value))
    except TypeError:
        return None


def per_axis(name: str, value: object, ndim: int, *, minimum: int) -> tuple[int, ...]:
    """One int per axis from an int (the same on every axis) or from a sequence of ``ndim`` ints."""
    found = sequence(value)
    if found is None:
        return (integer(name, value, minimum=minimum),) * ndim
    return tuple(
        integer(f"{name}[{axis}]", item, minimum=minimum)
        for axis, item in enumerate(
            right_length(name, found, ndim, f"one integer for all axes, or {ndim}, one for each")
        )
    )


def right_length(name: str, found: tuple[object, ...], ndim: int, wanted: str) -> tuple[object, ...]:
    """``found`` itself if it has one element per axis."""
    if len(found) != ndim:
        raise GeometryError(
            f"{name} has the wrong number of axes",
            f"{name}={found!r} has {len(found)} where the geometry has {ndim}",
            f"give {wanted}",
        )
    return found


def checked_size(what: str, size: int) -> int:
    """``size`` itself, or an error where it no longer fits in 64 bits: nothing is silently cut."""
    if size > MAX_SIZE:
        raise GeometryError(f"{what} does not fit in 64 bits", f"it is {size}", "use smaller sizes")
    return size
