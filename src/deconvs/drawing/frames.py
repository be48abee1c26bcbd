"""Film -> pixels, frame by frame: of each frame only what differs from the one before is painted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from math import ceil, floor
from typing import TYPE_CHECKING

from .extents import extent, meet
from .scene import Film, Scene, Shape
from .svg import to_svg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""
Zoom = tuple[float, float]
"""Pixels a picture unit, across and down: they differ a little, as a picture has whole pixels."""


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
    [[(60, 90)], [], [(4, 65), (4, 65)]]

    Sizes as in `to_png`, and the pixels of it.
    """
    before = film.scenes[0]
    first = _painted(before, before.shapes, scale, width)
    yield [Patch(0, 0, first)]
    rows, columns = first.shape
    whole = (0, 0, columns, rows)
    zoom = columns / before.width, rows / before.height
    for scene in film.scenes[1:]:
        boxes = _changed(before.shapes, scene.shapes, zoom) if before.paper == scene.paper else None
        before = scene
        found = [whole] if boxes is None else _within(boxes, whole)
        if not found:
            yield []
            continue
        # What lies in none of them is left out, on a page as large: no edge rounds otherwise.
        parts = [shape for shape in scene.shapes if any(meet(_pixels(shape, zoom), box) for box in found)]
        pixels = _painted(scene, parts, scale, width)
        yield [Patch(left, top, pixels[top:bottom, left:right]) for left, top, right, bottom in found]


def painted(scene: Scene, scale: float, width: int | None) -> bytes:
    """A scene as a PNG file."""
    import resvg_py

    svg = to_svg(scene)
    if width is None:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, zoom=scale))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, width=width))


def _painted(scene: Scene, shapes: Iterable[Shape], scale: float, width: int | None) -> NDArray[np.uint32]:
    """A scene with only some of its shapes."""
    import numpy as np
    from PIL import Image

    png = painted(replace(scene, shapes=tuple(shapes)), scale, width)
    with Image.open(BytesIO(png)) as image:
        # The paper is opaque: of four channels three say all.
        channels = np.asarray(image.convert("RGBA") if image.mode != "RGBA" else image)
    # Without copies of whole pictures as wider integers: four bytes are one.
    packed = np.ascontiguousarray(channels).view(">u4")[..., 0] >> 8
    return np.asarray(packed, np.uint32)


def _changed(before: Sequence[Shape], after: Sequence[Shape], zoom: Zoom) -> list[Box] | None:
    """Where two pictures differ, as boxes that lie apart; None where they differ in what lies above what."""
    # A shape may come twice, which shows where it is translucent or where others lie between.
    old, new = Counter(before), Counter(after)
    same = {shape for shape, count in old.items() if new[shape] == count}
    if [shape for shape in before if shape in same] != [shape for shape in after if shape in same]:
        return None
    apart: list[Box] = []
    for shape in (*(old - new), *(new - old)):
        box = _pixels(shape, zoom)
        while met := next((other for other in apart if meet(box, other)), None):
            apart.remove(met)
            box = (min(box[0], met[0]), min(box[1], met[1]), max(box[2], met[2]), max(box[3], met[3]))
        apart.append(box)
    return apart


def _within(boxes: Sequence[Box], page: Box) -> list[Box]:
    """What of boxes lies on the page."""
    return [
        (max(box[0], page[0]), max(box[1], page[1]), min(box[2], page[2]), min(box[3], page[3]))
        for box in boxes
        if meet(box, page)
    ]


def _pixels(shape: Shape, zoom: Zoom) -> Box:
    """The pixels that a shape may paint: smooth edges reach into the next one, and lines are never thinner than one."""
    left, top, right, bottom = extent(shape)
    across, down = zoom
    return floor(left * across) - 1, floor(top * down) - 1, ceil(right * across) + 1, ceil(bottom * down) + 1
