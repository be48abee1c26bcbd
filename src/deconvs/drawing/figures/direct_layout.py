"""Where the parts of the direct view's picture stand: columns for two axes, rows for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import style
from ..layout import Board, Panel, swatches, swatches_width
from ..scene import Line, Path, Shape

PARTS = ("input", "kernel", "turned", "padded", "output")
LEGEND_HEIGHT = 18.0
ROW_GAP = 30.0
TURN_GAP = 44.0
"""Between the kernel and the turned kernel; the sign of the turn fits in."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Upper left corners of the panels, arrows between them, and the size of it all."""

    panels: dict[str, Panel]
    at: dict[str, tuple[float, float]]
    arrows: tuple[tuple[float, float, float, float], ...]
    width: float
    height: float

    def board(self, part: str, left: float, top: float) -> Board:
        """The board of one part, for content that begins at (left, top)."""
        x, y = self.at[part]
        return self.panels[part].board(round(left + x), round(top + y))

    def furniture(self, legend: Sequence[tuple[str, style.Look]], left: float, top: float) -> list[Shape]:
        """What no frame changes: labels, arrows, the sign of the turn, the legend."""
        shapes: list[Shape] = []
        for part in PARTS:
            x, y = self.at[part]
            shapes += self.panels[part].label(round(left + x), round(top + y))
        shapes += [
            Line(left + x1, top + y1, left + x2, top + y2, style.MUTED, 2.0, arrow=True)
            for x1, y1, x2, y2 in self.arrows
        ]
        kernel, turned = (self.board(part, left, top) for part in ("kernel", "turned"))
        beside = turned.top == kernel.top
        if beside:
            shapes.append(_turn((kernel.left + kernel.width + turned.left) / 2, kernel.top + kernel.height / 2 + 4))
        middle = self.at["padded"][0] + self.panels["padded"].board_width / 2
        width = swatches_width(legend)
        x = min(max(0.0, middle - width / 2), max(0.0, self.width - width))
        return [*shapes, *swatches(legend, round(left + x), round(top + self.height - LEGEND_HEIGHT))]


def arranged(sizes: dict[str, tuple[int, ...]], names: dict[str, tuple[str, str]], off_centre: float) -> Arrangement:
    """The arrangement with the largest cells that fits the page, with legible kernels if the others stay legible.

    On one axis, what the window slides over has its middle ``off_centre`` cells right of the padded board's.
    """
    legible = [(pitch, style.LEGIBLE_PITCH) for pitch in style.PITCHES if pitch >= style.LEGIBLE_PITCH]
    for pitch, smallest in (*legible, *((pitch, style.PITCHES[-1]) for pitch in style.PITCHES)):
        # The kernels are seen again under the window: here they may be smaller.
        of_kernel = max(smallest, round(pitch * 0.66))
        panels = {
            part: Panel(*names[part], sizes[part], of_kernel if part in ("kernel", "turned") else pitch)
            for part in PARTS
        }
        found = _rows(panels, off_centre) if len(sizes["input"]) == 1 else _columns(panels)
        if found.width <= style.LARGEST_WIDTH and found.height <= style.LARGEST_HEIGHT:
            break
    return found


def _columns(panels: dict[str, Panel]) -> Arrangement:
    """Input above the kernels | padded | output, all in the middle of the height."""
    padded, output = panels["padded"], panels["output"]
    kernels, kernels_width, kernels_height = _kernels(panels, max(230.0, panels["input"].width))
    left_width = max(panels["input"].width, kernels_width)
    left_height = panels["input"].height + ROW_GAP + kernels_height
    height = max(left_height, padded.height, output.height)
    top = (height - left_height) / 2
    below = top + panels["input"].height + ROW_GAP
    padded_left = left_width + style.GUTTER
    output_left = padded_left + padded.width + style.GUTTER
    at = {
        "input": (0.0, top),
        "padded": (padded_left, (height - padded.height) / 2),
        "output": (output_left, (height - output.height) / 2),
        **{part: (x, below + y) for part, (x, y) in kernels.items()},
    }
    middle = height / 2 + padded.label_height / 2
    gaps = ((left_width, padded_left), (padded_left + padded.board_width, output_left))
    arrows = tuple(((a + b) / 2 - 11, middle, (a + b) / 2 + 11, middle) for a, b in gaps)
    return Arrangement(panels, at, arrows, output_left + output.width, height + 22 + LEGEND_HEIGHT)


def _rows(panels: dict[str, Panel], off_centre: float) -> Arrangement:
    """Input and kernels, padded, output, one below the other: an output stands under the middle of its window."""
    padded, output, first = panels["padded"], panels["output"], panels["input"]
    kernels, kernels_width, kernels_height = _kernels(panels, style.LARGEST_WIDTH)
    beside = first.width + style.GUTTER + kernels_width
    in_one_row = beside <= max(padded.width, style.SMALLEST_TEXT_WIDTH)
    width = max(padded.width, beside if in_one_row else max(first.width, kernels_width))
    kernels_at = (first.width + style.GUTTER, 0.0) if in_one_row else (0.0, first.height + ROW_GAP)
    second = (max(first.height, kernels_height) if in_one_row else kernels_at[1] + kernels_height) + ROW_GAP
    third = second + padded.height + ROW_GAP
    padded_left = (width - padded.width) / 2
    at = {
        "input": (0.0, 0.0),
        "padded": (padded_left, second),
        "output": (padded_left + (padded.board_width - output.board_width) / 2 + off_centre * padded.pitch, third),
        **{part: (kernels_at[0] + x, kernels_at[1] + y) for part, (x, y) in kernels.items()},
    }
    return Arrangement(panels, at, (), width, third + output.height + 24 + LEGEND_HEIGHT)


def _kernels(panels: dict[str, Panel], available: float) -> tuple[dict[str, tuple[float, float]], float, float]:
    """The kernel and the turned kernel beside each other, or below each other where that is too wide."""
    kernel, turned = panels["kernel"], panels["turned"]
    # Labels may be wider than small boards: the turned one starts where neither touches.
    step = max(kernel.board_width + TURN_GAP, kernel.width + 20)
    if step + turned.width <= available or kernel.board_width < 100:
        return {"kernel": (0, 0), "turned": (step, 0)}, step + turned.width, kernel.height
    below = kernel.height + ROW_GAP
    return {"kernel": (0, 0), "turned": (0, below)}, max(kernel.width, turned.width), below + turned.height


def _turn(x: float, y: float) -> Path:
    """Half a turn, as a curved arrow."""
    r = 9
    arc = f"M{x - r:g} {y:g}A{r} {r} 0 0 1 {x + r:g} {y:g}"
    head = f"M{x + r - 5:g} {y - 5:g}L{x + r:g} {y:g}L{x + r + 5:g} {y - 5:g}"
    return Path(arc + head, None, style.MUTED, 2.0)
