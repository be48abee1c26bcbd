"""How far the paint of a shape reaches: what lies over what, and what must be painted again."""

from __future__ import annotations

import re
from functools import lru_cache
from math import dist

from .scene import Line, Path, Polygon, Rect, Shape, Text

Extent = tuple[float, float, float, float]
"""Left, top, right and bottom, in picture units."""


@lru_cache(maxsize=10_000)
def extent(shape: Shape) -> Extent:
    """A box around everything that a shape paints. Ends and corners of lines are round: half a width reaches over.

    >>> extent(Rect(10, 20, 30, 5, "#FFFFFF", "#17212B", 2))
    (9.0, 19.0, 41.0, 26.0)
    """
    match shape:
        case Rect():
            return _wider((shape.x, shape.y, shape.x + shape.width, shape.y + shape.height), shape.stroke_width / 2)
        case Polygon():
            return _wider(shape.box(), shape.stroke_width / 2)
        case Text():
            return shape.box()
        case Line():
            # An arrow's head is a few widths wide.
            xs, ys = (shape.x1, shape.x2), (shape.y1, shape.y2)
            around = (4 if shape.arrow else 0.5) * shape.stroke_width
            return _wider((min(xs), min(ys), max(xs), max(ys)), around)
        case Path():
            return _wider(path_box(shape.data), shape.stroke_width / 2)


def path_box(data: str) -> Extent:
    """A box around the points of a path, control points included.

    >>> path_box("M10 20L30 5Z"), path_box("M0 0A9 9 0 0 1 18 0")
    ((10.0, 5.0, 30.0, 20.0), (0.0, -18.0, 36.0, 18.0))
    """
    corners: list[tuple[float, float]] = []
    at = (0.0, 0.0)
    for letter, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        values = [float(found) for found in re.findall(_NUMBER, text)]
        if letter == "A":
            for rx, ry, _, _, _, *end in (values[first : first + 7] for first in range(0, len(values), 7)):
                # No point of an arc is further from its end than the circle is wide.
                wide = max(2 * rx, 2 * ry, dist(at, end))
                at = (end[0], end[1])
                corners += [(at[0] - wide, at[1] - wide), (at[0] + wide, at[1] + wide)]
        elif letter in "MLQCTS":
            corners += list(zip(values[::2], values[1::2], strict=True))
            at = corners[-1]
        elif letter not in "Zz":
            # Of any other letters no coordinate is further from the origin than all numbers together.
            reach = sum(abs(float(found)) for found in re.findall(_NUMBER, data))
            return -reach, -reach, reach, reach
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


_NUMBER = r"-?\d+\.?\d*"


def _wider(box: Extent, by: float) -> Extent:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def around(boxes: list[Extent], more: float = 0) -> Extent:
    """One box around all, and ``more`` on each side.

    >>> around([(0, 0, 1, 1), (3, -2, 4, 0)], 1)
    (-1, -3, 5, 2)
    """
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return _wider((min(lefts), min(tops), max(rights), max(bottoms)), more)


def meet(a: Extent, b: Extent) -> bool:
    """Whether two boxes share more than an edge.

    >>> meet((0, 0, 2, 2), (1, 1, 3, 3)), meet((0, 0, 2, 2), (2, 0, 3, 2))
    (True, False)
    """
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
