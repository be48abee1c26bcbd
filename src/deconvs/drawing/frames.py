"""Film -> pixels, frame by frame: of each frame only what differs from the one before is painted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from itertools import chain
from math import ceil, dist, floor
from typing import TYPE_CHECKING

from .scene import Film, Line, Path, Polygon, Rect, Scene, Shape, Text
from .svg import to_svg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of a frame that is painted anew: where it lies, in pixels, and its pixels as 0xRRGGBB."""

    left: int
    top: int
    pixels: NDArray[np.uint32]

    @property
    def place(self) -> tuple[slice, slice]:
        """Where it lies in an array of rows."""
        height, width = self.pixels.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def patches(film: Film, scale: float = 1.0, width: int | None = None) -> Iterator[list[Patch]]:
    """For each scene what changes on the picture, which is all of it at first.

    >>> from deconvs.drawing import Line, Scene
    >>> scenes = tuple(Scene(90, 60, (Line(9, y, 70, y, "#17212B"),), "A line", "It moves.") for y in (9, 9, 40))
    >>> [[patch.pixels.shape for patch in each] for each in patches(Film(scenes, (1, 1, 1), "", "", scenes[0]))]
    [[(60, 90)], [], [(18, 79), (18, 79)]]

    Sizes as in `to_png`, and the pixels of it.
    """
    before: dict[Shape, None] = {}
    last = film.scenes[0]
    for scene in film.scenes:
        after = dict.fromkeys(scene.shapes)
        same_page = (last.width, last.height, last.paper) == (scene.width, scene.height, scene.paper)
        boxes = _changed(before, after) if before and same_page else None
        whole = (0, 0, ceil(scene.width), ceil(scene.height))
        yield _painted(scene, [whole] if boxes is None else _within(boxes, whole), scale, width)
        before, last = after, scene


def _painted(scene: Scene, boxes: Sequence[Box], scale: float, width: int | None) -> list[Patch]:
    """Parts of a scene. What lies in none of them is left out, on a page as large: no edge rounds otherwise."""
    import numpy as np
    import resvg_py
    from PIL import Image

    if not boxes:
        return []
    parts = tuple(shape for shape in scene.shapes if any(_meet(_extent(shape), box) for box in boxes))
    svg = to_svg(replace(scene, shapes=parts))
    if width is None:
        png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, zoom=scale)
    else:
        png, scale = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, width=width), width / scene.width
    with Image.open(BytesIO(bytes(png))) as image:
        # The paper is opaque: of four channels three say all.
        channels = np.asarray(image.convert("RGBA") if image.mode != "RGBA" else image)
    found = []
    for box in boxes:
        left, top = (floor(side * scale) for side in box[:2])
        right, bottom = (ceil(side * scale) for side in box[2:])
        rgb = channels[top:bottom, left:right].astype(np.uint32)
        packed = (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2]
        found.append(Patch(left, top, np.asarray(packed, np.uint32)))
    return found


def _changed(before: Mapping[Shape, None], after: Mapping[Shape, None]) -> list[Box] | None:
    """Where two pictures differ, as boxes that lie apart; None where they differ in what lies above what."""
    if [shape for shape in before if shape in after] != [shape for shape in after if shape in before]:
        return None
    apart: list[Box] = []
    for shape in chain((s for s in before if s not in after), (s for s in after if s not in before)):
        box = _extent(shape)
        while met := next((other for other in apart if _meet(box, other)), None):
            apart.remove(met)
            box = (min(box[0], met[0]), min(box[1], met[1]), max(box[2], met[2]), max(box[3], met[3]))
        apart.append(box)
    return apart


def _within(boxes: Sequence[Box], page: Box) -> list[Box]:
    """What of boxes lies on the page."""
    return [
        (max(box[0], page[0]), max(box[1], page[1]), min(box[2], page[2]), min(box[3], page[3]))
        for box in boxes
        if _meet(box, page)
    ]


@lru_cache(maxsize=10_000)
def _extent(shape: Shape) -> Box:
    """A box around everything that a shape paints."""
    match shape:
        case Rect():
            return _box((shape.x, shape.y, shape.x + shape.width, shape.y + shape.height), shape.stroke_width / 2)
        case Polygon():
            # Corners of thick lines stick out.
            return _box(shape.box(), 2 * shape.stroke_width)
        case Text():
            return _box(shape.box(), 0)
        case Line():
            # An arrow's head is a few widths wide.
            xs, ys = (shape.x1, shape.x2), (shape.y1, shape.y2)
            return _box((min(xs), min(ys), max(xs), max(ys)), 4 * shape.stroke_width)
        case Path():
            return _box(path_box(shape.data), 2 * shape.stroke_width)


def path_box(data: str) -> tuple[float, float, float, float]:
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


def _box(sides: tuple[float, float, float, float], around: float) -> Box:
    """Whole units, with the pixel that a smooth edge may reach into."""
    left, top, right, bottom = sides
    return floor(left - around) - 1, floor(top - around) - 1, ceil(right + around) + 1, ceil(bottom + around) + 1


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
