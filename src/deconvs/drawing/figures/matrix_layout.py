"""Where the parts of the matrix picture stand: image, result and kernel in a row, C below them, Cᵀ on the right."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from .. import style
from ..boards import Board, Extent
from ..glyphs import text_width
from ..panels import Panel
from ..room import room
from ..scene import Anchor, Line, Shape, Text
from .flow import narrowest
from .words import size_of

ARROW = 88.0
"""Room for the arrow between image and result, with its name above it."""
ROW_GAP = 34.0
HEAD, HEAD_GAP = 13.0, 8.0
"""Size of the row and column numbers of a matrix, and their distance from it."""
SMALLEST_PITCH = 5.0
"""Of Cᵀ, which is left out where it does not fit the height."""


@dataclass(frozen=True, slots=True)
class MatrixLayout:
    """The panels, measured."""

    panels: dict[str, Panel]

    @property
    def width(self) -> float:
        if "transposed" not in self.panels:
            return self._left_width
        return self._left_width + style.GUTTER + _row_heads(self.panels["transposed"]) + self.panels["transposed"].width

    @property
    def height(self) -> float:
        return self._top_height + ROW_GAP + _height(self.panels["matrix"])

    @property
    def _left_width(self) -> float:
        image, result, kernel, matrix = (self.panels[part] for part in ("image", "result", "kernel", "matrix"))
        top = image.width + ARROW + result.width + style.GUTTER + kernel.width
        return max(top, _row_heads(matrix) + matrix.width)

    @property
    def _top_height(self) -> float:
        return max(self.panels[part].height for part in ("image", "result", "kernel"))

    def boards(self, left: float, top: float) -> dict[str, Board]:
        """The boards, for content that begins at (left, top)."""
        found = {}
        for part, (x, y) in self._corners().items():
            panel = self.panels[part]
            below = _column_heads(panel) if part in ("matrix", "transposed") else 0.0
            found[part] = panel.board(round(left + x), round(top + y + below))
        return found

    def furniture(self, left: float, top: float, *, transposed: bool) -> list[Shape]:
        """Labels, and the arrow in the direction of reading."""
        names = {"image": "output", "result": "input"} if transposed else {"image": "image", "result": "result"}
        shapes: list[Shape] = []
        for part, (x, y) in self._corners().items():
            shapes += self.panels[part].label(round(left + x), round(top + y), names.get(part))
        image = self.panels["image"]
        x1, x2 = left + image.board_width + 18, left + image.width + ARROW - 18
        y = round(top + self._top_height / 2 + image.label_height / 2)
        ends = (x2, y, x1, y) if transposed else (x1, y, x2, y)
        shapes.append(Line(*ends, style.MUTED, 2.0, arrow=True))
        name = "Cᵀ" if transposed else "C"
        return [*shapes, Text((x1 + x2) / 2, y - 13, name, style.CAPTION, style.INK, "semibold", "middle")]

    def _corners(self) -> dict[str, tuple[float, float]]:
        height = self._top_height
        image, result, kernel = (self.panels[part] for part in ("image", "result", "kernel"))
        corners = {
            "image": (0.0, (height - image.height) / 2),
            "result": (image.width + ARROW, (height - result.height) / 2),
            "kernel": (self._left_width - kernel.width, (height - kernel.height) / 2),
            "matrix": (_row_heads(self.panels["matrix"]), height + ROW_GAP),
        }
        if "transposed" in self.panels:
            x = self._left_width + style.GUTTER + _row_heads(self.panels["transposed"])
            corners["transposed"] = (x, self.height - _height(self.panels["transposed"]))
        return corners


def heads(
    board: Board, lit_rows: Container[int], lit_columns: Container[int], colours: tuple[str, str]
) -> Iterator[Text]:
    """The numbers of a matrix's rows and columns, where its cells are large enough; ``colours`` of rows and columns."""
    rows, columns = board.extent.size
    for row in range(rows if _fits(board.pitch, rows) else 0):
        x, y = board.corner((row, 0))
        baseline = y + board.side / 2 + style.HALF_CAPITAL * HEAD
        yield _head(x - HEAD_GAP, baseline, row, colours[0] if row in lit_rows else None, at_end=True)
    for column in range(columns if _fits(board.pitch, columns) else 0):
        x, y = board.corner((0, column))
        colour = colours[1] if column in lit_columns else None
        yield _head(x + board.side / 2, y - HEAD_GAP, column, colour, at_end=False)


def arranged(extents: dict[str, Extent], details: dict[str, str]) -> MatrixLayout:
    """The layout with the largest cells that fits the page; the image's extent has its padding around it."""
    pitches = sorted(product(style.PITCHES, repeat=2), key=lambda pair: (-prod(pair), -min(pair), pair))
    matrix = extents["matrix"]
    tried = []
    for pitch, matrix_pitch in pitches:
        panels = {
            "image": Panel("output", details["image"], extents["image"], pitch),
            "result": Panel("result", details["result"], extents["result"], pitch),
            "kernel": Panel("kernel", details["kernel"], extents["kernel"], pitch),
            "matrix": Panel("C", size_of(matrix.size), matrix, matrix_pitch),
        }
        found = MatrixLayout(panels)
        if room().columns:
            found = _with_transposed(found, matrix)
        if found.height <= room().tallest(extents["image"].down):
            if found.width <= room().width:
                return found
            tried.append(found)
    return narrowest(tried) if tried else found


def _with_transposed(layout: MatrixLayout, matrix: Extent) -> MatrixLayout:
    rows, columns = matrix.size
    turned = Panel("Cᵀ", size_of((columns, rows)), Extent((columns, rows)), layout.panels["matrix"].pitch)
    height = layout.height - turned.label_height - HEAD - HEAD_GAP
    pitch = min(turned.pitch, float(height // columns))
    if pitch < SMALLEST_PITCH:
        return layout
    return MatrixLayout({**layout.panels, "transposed": Panel(turned.name, turned.detail, turned.extent, pitch)})


def _head(x: float, y: float, number: int, colour: str | None, *, at_end: bool) -> Text:
    anchor: Anchor = "end" if at_end else "middle"
    if colour is None:
        return Text(x, y, str(number), HEAD, style.MUTED, "regular", anchor)
    return Text(x, y, str(number), HEAD, colour, "semibold", anchor)


def _fits(pitch: float, count: int) -> bool:
    return pitch >= text_width(str(count - 1), HEAD, "semibold") + 4


def _row_heads(panel: Panel) -> float:
    rows = panel.extent.size[0]
    return text_width(str(rows - 1), HEAD, "semibold") + HEAD_GAP + 2 if _fits(panel.pitch, rows) else 0.0


def _column_heads(panel: Panel) -> float:
    return HEAD + HEAD_GAP if _fits(panel.pitch, panel.extent.size[1]) else 0.0


def _height(panel: Panel) -> float:
    return panel.height + _column_heads(panel)
