"""What a picture is made of: frozen shapes in painting order. The back ends (svg, raster) only translate them.

Units are picture units (one CSS pixel), y downwards. A shape that shows an element of the data says which one in
``cell``, so that a test or a page can find it without guessing from coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import GeometryError
from . import style
from .glyphs import text_extent, text_width

Weight = Literal["regular", "semibold"]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Cell:
    """An element of the data: which grid, which position in it, what it is, and whether it takes part.

    ``grid``: "input", "padded", "kernel", "turned", "window", "output", "cropped", "matrix", "image", "result",
    "columns" (of the matrix product), "kernels" and "maps" (of the sub-pixel view), "small", "coverage".
    ``kind``: its role, as in style.py. ``state``: "", "covered" (under the window) or "lit" (adds to the result).
    """

    grid: str
    index: tuple[int, ...]
    kind: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle with rounded corners. ``pattern`` ("hatch", "cross") is laid over ``fill`` in the stroke's colour."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    stroke: str | None = None
    stroke_width: float = 0.0
    radius: float = 0.0
    pattern: str | None = None
    dash: tuple[float, float] | None = None
    cell: Cell | None = None


Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed outline of straight lines. ``opacity`` is its fill's: below 1 it lets shine through what lies below."""

    points: Points
    fill: str | None = None
    stroke: str | None = None
    stroke_width: float = 0.0
    pattern: str | None = None
    dash: tuple[float, float] | None = None
    opacity: float = 1.0
    cell: Cell | None = None

    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the points."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line, with an open arrow head at its end if ``arrow``."""

    x1: float
    y1: float
    x2: float
    y2: float
    stroke: str
    stroke_width: float = 2.0
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """Any outline, as SVG path data."""

    data: str
    fill: str | None = None
    stroke: str | None = None
    stroke_width: float = 0.0


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; (x, y) is on the baseline, ``anchor`` says which part of the text x is."""

    x: float
    y: float
    content: str
    size: float
    fill: str = style.INK
    weight: Weight = "regular"
    anchor: Anchor = "start"
    cell: Cell | None = None

    @property
    def left(self) -> float:
        """Where the first glyph begins."""
        return self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width

    @property
    def width(self) -> float:
        """The sum of the advances."""
        return text_width(self.content, self.size, self.weight)

    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the ink."""
        top, bottom = text_extent(self.content, self.size, self.weight)
        return self.left, self.y + top, self.left + self.width, self.y + bottom


Shape = Rect | Polygon | Line | Path | Text


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: its size in picture units, shapes, a title, the alternative text as ``description``, its paper.

    >>> blue = Rect(5, 5, 10, 10, "#1D5FA9", cell=Cell("input", (0,), "input", "lit"))
    >>> number = Text(10, 14, "7", 8, "#FFFFFF", anchor="middle", cell=blue.cell)
    >>> scene = Scene(20, 20, (blue, number), "An element", "A blue cell with a 7.")
    >>> scene.cells("input", "lit")[0,].fill, scene.numbers("input")
    ('#1D5FA9', {(0,): '7'})

    Later shapes lie over earlier ones.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    title: str
    description: str
    paper: str = style.PAPER

    def cells(self, grid: str, state: str | None = None) -> dict[tuple[int, ...], Rect | Polygon]:
        """The outlines of one grid's cells by position, all or those in one state."""
        return {
            shape.cell.index: shape
            for shape in self.shapes
            if isinstance(shape, Rect | Polygon)
            and shape.cell is not None
            and shape.cell.grid == grid
            and (state is None or shape.cell.state == state)
        }

    def numbers(self, grid: str) -> dict[tuple[int, ...], str]:
        """What is written in the cells of one grid."""
        return {
            shape.cell.index: shape.content
            for shape in self.shapes
            if isinstance(shape, Text) and shape.cell is not None and shape.cell.grid == grid
        }


@dataclass(frozen=True, slots=True)
class Film:
    """Scenes of one size, each shown so many milliseconds. ``still`` stands for it where nothing can move.

    >>> first, last = (Scene(20, 20, (), "Nothing", text) for text in ("Not yet.", "Still nothing."))
    >>> Film((first, last), (500, 800), "Nothing", "Nothing happens.", still=last).still.description
    'Still nothing.'

    Errors: GeometryError without scenes, without a duration of at least 1 ms for each, and for scenes of unequal size.
    """

    scenes: tuple[Scene, ...]
    durations_ms: tuple[int, ...]
    title: str
    description: str
    still: Scene

    def __post_init__(self) -> None:
        if not self.scenes:
            raise GeometryError("the film has no scenes", "an empty tuple", "give at least one scene")
        if len(self.scenes) != len(self.durations_ms):
            raise GeometryError(
                "scenes and durations differ in number",
                f"{len(self.scenes)} scenes, {len(self.durations_ms)} durations",
                "give each scene its milliseconds",
            )
        if min(self.durations_ms) < 1:
            raise GeometryError("a scene is not shown", f"durations_ms={self.durations_ms}", "use at least 1 ms each")
        sizes = dict.fromkeys(f"{scene.width:g}x{scene.height:g}" for scene in (*self.scenes, self.still))
        if len(sizes) > 1:
            raise GeometryError("the scenes differ in size", ", ".join(sizes), "draw all of them, and the still, alike")

    @property
    def paper(self) -> str:
        """The colour below everything, the same in all scenes."""
        return self.still.paper
