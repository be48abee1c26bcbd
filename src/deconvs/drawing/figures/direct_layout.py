"""Where the parts of the direct view's picture stand: columns for two axes, rows for one."""

from __future__ import annotations

from .. import style
from ..boards import Extent
from ..panels import Legend, Panel, swatches_width
from ..room import room
from ..scene import Path, Shape
from .flow import LEGEND_HEIGHT, ROW_GAP, Flow, in_columns, narrowest

PARTS = ("input", "kernel", "turned", "padded", "output")
TURN_GAP = 44.0
"""Between the kernel and the turned kernel; the sign of the turn fits in."""


class Arrangement(Flow):
    """The flow, with the sign of the turn between the kernels and the legend under what the window slides over."""

    def furniture(self, legend: Legend, left: float, top: float, legend_at: float | None = None) -> list[Shape]:
        """What no frame changes: labels, arrows, the legend, the sign of the turn."""
        width = swatches_width(legend)
        if legend_at is None:
            middle = self.at["padded"][0] + self.panels["padded"].board_width / 2
            legend_at = min(max(0.0, middle - width / 2), max(0.0, self.width - width))
        shapes = Flow.furniture(self, legend, left, top, legend_at)
        kernel, turned = (self.board(part, left, top) for part in ("kernel", "turned"))
        if turned.top == kernel.top:
            shapes.append(_turn((kernel.left + kernel.width + turned.left) / 2, kernel.top + kernel.height / 2 + 4))
        return shapes


def arranged(extents: dict[str, Extent], names: dict[str, tuple[str, str]], off_centre: float) -> Arrangement:
    """The arrangement with the largest cells that fits the page, with legible kernels if the others stay legible.

    On one axis, what the window slides over has its middle ``off_centre`` cells right of the padded board's.
    """
    legible = [(pitch, style.LEGIBLE_PITCH) for pitch in style.PITCHES if pitch >= style.LEGIBLE_PITCH]
    tried = []
    for pitch, smallest in (*legible, *((pitch, style.PITCHES[-1]) for pitch in style.PITCHES)):
        # The kernels are seen again under the window: here they may be smaller.
        of_kernel = max(smallest, round(pitch * 0.66))
        panels = {
            part: Panel(*names[part], extents[part], of_kernel if part in ("kernel", "turned") else pitch)
            for part in PARTS
        }
        found = _columns(panels) if in_columns(extents["input"]) else _rows(panels, off_centre)
        if found.height <= room().tallest(extents["input"].down):
            if found.width <= room().width:
                return found
            tried.append(found)
    return narrowest(tried) if tried else found


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
    kernels, kernels_width, kernels_height = _kernels(panels, room().width)
    beside = first.width + style.GUTTER + kernels_width
    in_one_row = beside <= max(padded.width, room().text)
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
