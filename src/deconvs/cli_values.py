"""How values are written on the command line: 4x4, 1:0x1:0, 2..5."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from .errors import GeometryError

T = TypeVar("T")

_SEPARATORS = re.compile(r"[x,]")


def sizes(name: str, text: str) -> tuple[int, ...]:
    """One integer per axis.

    >>> sizes("input", "4x6"), sizes("input", "4,6")
    ((4, 6), (4, 6))
    """
    return tuple(_read(name, text, part, int, "4x4, or 4 for one axis") for part in _SEPARATORS.split(text.strip()))


def one_or_each(name: str, text: str) -> int | tuple[int, ...]:
    """One integer for all axes, or one each.

    >>> one_or_each("stride", "2"), one_or_each("stride", "2x1")
    (2, (2, 1))
    """
    found = sizes(name, text)
    return found[0] if len(found) == 1 else found


def padding(name: str, text: str, ndim: int) -> tuple[tuple[int, int] | int, ...]:
    """One amount for all axes or one each; begin:end where the sides differ.

    >>> padding("padding", "1", 2), padding("padding", "0:1x2", 2)
    ((1, 1), ((0, 1), 2))
    """
    parts = _SEPARATORS.split(text.strip())
    found = tuple(_read(name, text, part, _pad, "1, 1x2, or 0:1x0:1 (begin:end)") for part in parts)
    return found * ndim if len(found) == 1 else found


def span(name: str, text: str) -> range:
    """A range of integers, both ends included.

    >>> list(span("kernel", "2..4")), list(span("kernel", "3"))
    ([2, 3, 4], [3])
    """
    ends = [_read(name, text, part, int, "3 or 2..5") for part in text.strip().split("..")]
    if len(ends) > 2 or ends[-1] < ends[0]:
        raise GeometryError(f"{name} is not a range", f"{name}={text!r}", "write 3 or 2..5")
    return range(ends[0], ends[-1] + 1)


def _pad(text: str) -> tuple[int, int] | int:
    begin, colon, end = text.partition(":")
    return (int(begin), int(end)) if colon else int(begin)


def _read(name: str, whole: str, part: str, convert: Callable[[str], T], example: str) -> T:
    try:
        return convert(part)
    except ValueError:
        raise GeometryError(f"{name} cannot be read", f"{name}={whole!r}", f"write it like {example}") from None
