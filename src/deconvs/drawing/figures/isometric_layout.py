"""Maps of cells that lie on a floor seen at an angle, and the small page around a picture of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from .. import style
from ..boards import Extent, plane_name
from ..glyphs import text_width
from ..scene import Cell, Line, Points, Polygon, Scene, Shape, Text, Weight
from ..text import Runs, set_runs, wrapped
from .request import Index

WIDTH = 384.0
MARGIN, APART = 20.0, 18.0
"""Around everything; between the maps and the texts."""
TITLE, CAPTION, NUMBER = 16.0, 13.0, 12.0
"""Sizes of text: legible when the picture is 300 pixels wide."""
CONTENT_WIDTH, CONTENT_HEIGHT = WIDTH - 2 * MARGIN, 346.0
LARGEST_STEP = 30.0
HEAD_ROOM = 22.0
PLANES_APART = 0.7
"""Between neighbouring planes, in cells."""

Vector = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Slant:
    """Where a step to the next column and to the next row leads in the picture, for a cell of size 1."""

    column: Vector
    row: Vector
    lift: float
    """Between the maps, in picture units."""


SQUARE = Slant((1.0, 0.5), (-1.0, 0.5), 16.0)
"""Two axes: seen from a corner, twice as wide as high."""
STRIP = Slant((1.2, 0.0), (-0.4, 0.8), 84.0)
"""A single axis: from left to right, so that a long row is not high."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A grid lying on a floor, the planes of its ``extent`` beside each other; its back corner is at (x, y)."""

    extent: Extent
    slant: Slant
    step: float
    x: float = 0.0
    y: float = 0.0

    @property
    def cells(self) -> tuple[float, float]:
        """Rows and columns of the whole floor, in cells."""
        down, across = (
            count * n + (count - 1) * PLANES_APART
            for count, n in zip(self.extent.planes, self.extent.plane, strict=True)
        )
        return down, across

    def at(self, row: float, column: float) -> Vector:
        """A place on the floor in the picture."""
        (cx, cy), (rx, ry) = self.slant.column, self.slant.row
        x = self.x + self.step * (column * cx + row * rx)
        y = self.y + self.step * (column * cy + row * ry)
        return round(x, 2), round(y, 2)

    @property
    def inset(self) -> float:
        """Of a cell's outline from its place, in cells."""
        return (1.0 if self.step >= 12 else 0.5) / self.step

    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the floor."""
        rows, columns = self.cells
        xs, ys = zip(*_quad(self, 0.0, 0.0, rows, columns), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def place(self, index: Index) -> tuple[float, float]:
        """Row and column on the floor of a cell's back corner."""
        down, across, row, column = self.extent.place(index)
        rows, columns = self.extent.plane
        return down * (rows + PLANES_APART) + row, across * (columns + PLANES_APART) + column

    def outline(self, cells: Iterable[Index]) -> Points:
        """Around cells of one plane, from the back corner clockwise."""
        rows, columns = zip(*map(self.place, cells), strict=True)
        return _quad(self, min(rows), min(columns), max(rows) + 1, max(columns) + 1)

    def cell(self, cell: Cell, look: style.Look) -> Polygon:
        """The outline of an element."""
        (row, column), inset = self.place(cell.index), self.inset
        points = _quad(self, row + inset, column + inset, row + 1 - inset, column + 1 - inset)
        dash = (3.0, 2.5) if look.dashed else None
        return Polygon(points, look.fill, look.edge, 1.0 if look.edge else 0.0, look.pattern, dash, cell=cell)

    def number(self, cell: Cell, content: str, look: style.Look) -> Text:
        """``content``, upright in the middle of a cell."""
        row, column = self.place(cell.index)
        x, y = self.at(row + 0.5, column + 0.5)
        weight: Weight = "semibold" if cell.state == "lit" else "regular"
        return Text(x, y + style.HALF_CAPITAL * NUMBER, content, NUMBER, look.text, weight, "middle", cell)

    def has_room(self, contents: Iterable[str]) -> bool:
        """Whether every content fits in a cell."""
        widest = max((text_width(content, NUMBER, "semibold") for content in contents), default=0.0)
        (cx, cy), (rx, ry) = self.slant.column, self.slant.row
        area = cx * ry - rx * cy
        corners = product((-widest / 2, widest / 2), (-style.HALF_CAPITAL * NUMBER, style.HALF_CAPITAL * NUMBER))
        # How far the corners of the text are from the middle, in rows and columns.
        return all(
            max(abs(x * ry - y * rx), abs(y * cx - x * cy)) / (area * self.step) <= 0.5 - self.inset for x, y in corners
        )

    def heads(self) -> Iterator[Text]:
        """Names of planes at the outer edges: slices of depth, or else channels, behind; channels at the left."""
        (down, across), (rows, columns) = self.extent.planes, self.extent.plane
        if across > 1:
            for slice_ in range(across):
                x, y = self.at(-0.35, slice_ * (columns + PLANES_APART) + columns / 2)
                yield Text(x, y, plane_name((), slice_), style.PLANE, style.INK)
        if down > 1:
            for channel in range(down):
                x, y = self.at(channel * (rows + PLANES_APART) + rows / 2, -0.35)
                yield Text(x, y, plane_name((channel,), None), style.PLANE, style.INK, "regular", "end")


def _quad(floor: Floor, row: float, column: float, last_row: float, last_column: float) -> Points:
    corners = (row, column), (row, last_column), (last_row, last_column), (last_row, column)
    return tuple(floor.at(*corner) for corner in corners)


@dataclass(frozen=True, slots=True)
class Stage:
    """The two maps, the upper one above the middle of the lower one, on a page with a title and a caption."""

    lower: Floor
    upper: Floor
    title: str
    caption: tuple[Runs, ...]

    @property
    def _bottom(self) -> float:
        return self.lower.box()[3]

    @property
    def height(self) -> float:
        return float(round(self._bottom + APART + len(self.caption) * CAPTION * style.LINE + MARGIN * 0.7))

    def scene(self, content: Sequence[Shape], description: str) -> Scene:
        """The page with what is on the stage."""
        shapes: list[Shape] = [Text(MARGIN, _FIRST_LINE, self.title, TITLE, style.INK, "semibold"), *content]
        y = self._bottom + APART + CAPTION
        for line in self.caption:
            shapes += set_runs(line, MARGIN, y, CAPTION)
            y += CAPTION * style.LINE
        return Scene(WIDTH, self.height, tuple(shapes), self.title, description)

    def faces(self, window: Iterable[Index], o: Index) -> Iterator[Shape]:
        """What lies between the window in each plane and the output, its right side in shadow; all shines through."""
        above = self.upper.outline([o])
        for below in map(self.lower.outline, self.lower.extent.by_plane(window).values()):
            yield Polygon(_hull((*below, *above)), style.AMBER, opacity=0.16)
            yield Polygon((*below[1:3], *above[2:0:-1]), style.AMBER, opacity=0.16)

    def edges(self, window: Iterable[Index], o: Index) -> Iterator[Shape]:
        """The frames of window and output, and the lines from one to the other, not the one behind the window."""
        above = self.upper.outline([o])
        for below in map(self.lower.outline, self.lower.extent.by_plane(window).values()):
            yield Polygon(below, None, style.FOCUS, 1.5)
            outline = _hull((*below, *above))
            for (x1, y1), (x2, y2) in zip(below, above, strict=True):
                if (x1, y1) != below[0] or below[0] in outline:
                    yield Line(x1, y1, x2, y2, style.FOCUS, 1.0)
        yield Polygon(above, None, style.FOCUS, 1.5)


_FIRST_LINE = MARGIN + TITLE * 0.75


def staged(lower: Extent, upper: Extent, title: str, caption: Sequence[Sequence[Runs]]) -> Stage:
    """Both maps with the largest cells that fit the page, above the paragraphs of the caption."""
    slant = SQUARE if len(lower.size) - lower.leading > 1 else STRIP
    unit = [Floor(extent, slant, 1.0) for extent in (lower, upper)]
    widths, heights = zip(
        *((right - left, bottom - top) for left, top, right, bottom in (floor.box() for floor in unit)), strict=True
    )
    # Names of planes are at the left and at the right.
    left_room, right_room = (HEAD_ROOM * any(floor.extent.planes[way] > 1 for floor in unit) for way in (0, 1))
    room = CONTENT_WIDTH - left_room - right_room
    # In halves, and from whole units: cells are alike to the last decimal, so that a film of them is small.
    step = int(2 * min(LARGEST_STEP, room / max(widths), (CONTENT_HEIGHT - slant.lift) / sum(heights))) / 2
    middle, top = MARGIN + left_room + room / 2, _FIRST_LINE + APART
    placed = []
    for floor, height in zip(reversed(unit), reversed(heights), strict=True):
        left, above, right, _ = floor.box()
        x, y = middle - step * (left + right) / 2, top - step * above
        placed.append(Floor(floor.extent, slant, step, round(x), round(y)))
        top += step * height + slant.lift
    lines = [line for paragraph in caption if paragraph for line in wrapped(paragraph, CAPTION, CONTENT_WIDTH)]
    return Stage(placed[1], placed[0], title, tuple(lines))


def _hull(points: Sequence[Vector]) -> Points:
    """The convex outline around points, by Andrew's monotone chain."""
    around: list[Vector] = []
    for way in (sorted(set(points)), sorted(set(points), reverse=True)):
        chain: list[Vector] = []
        for point in way:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        around += chain[:-1]
    return tuple(around)


def _turn(a: Vector, b: Vector, c: Vector) -> float:
    """Above zero where the way from a over b to c turns right, y being downwards."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
