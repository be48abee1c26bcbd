"""Counting the positions of a kernel along one axis: where the size of an output comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...axis import Axis
from ...errors import GeometryError
from ...geometry import Conv, Sizes
from ...words import counted
from .. import style
from ..boards import Extent, drawn
from ..page import Page
from ..panels import Panel, swatches, swatches_width
from ..room import room
from ..scene import Cell, Scene, Shape, Text
from ..text import Run, Runs
from .captions import plain
from .convolution import refuse_transposed
from .flow import LEGEND_HEIGHT, ROW_GAP
from .forward import forward
from .padded import PaddedInput
from .words import elements, kernel_and_stride, number

TITLE = "Counting kernel positions"
SUBTITLE = "The first position counts one, and every step that still fits counts one more."
NAMES = 24.0
"""Between a position and its name."""


def counting_scene(geometry: Conv, input_size: Sizes) -> Scene:
    """Every position of the kernel on one axis, a row each, and the arithmetic that counts them.

    >>> counting_scene(Conv((3,), stride=2, padding=1), 6).description.rpartition(": ")[2]
    'o = 1 + ⌊(i + 2p − k)/s⌋ = 1 + ⌊(6 + 2·1 − 3)/2⌋ = 1 + ⌊5/2⌋ = 3.'

    Errors: GeometryError for more than one axis, and for more than 40 elements. Source: Dumoulin & Visin 2018,
    figure 2.8 and relationship 6; relationship 15 where it is dilated.
    """
    refuse_transposed(geometry)
    if geometry.ndim != 1:
        raise GeometryError("positions are counted along one axis", f"{geometry.ndim} axes", "pass one of the axes")
    # Every group has the same positions.
    shown = forward(Conv(geometry.kernel_size, geometry.stride, geometry.padding, geometry.dilation), input_size)
    padded = PaddedInput(shown)
    (length,), (count,) = padded.size, shown.output_size
    (axis,), (size,) = geometry.axes, shown.input_size
    for pitch in style.PITCHES:
        row = Panel("input", elements(shown.input_size), Extent((length,)), pitch)
        steps = Panel("kernel", counted(count, "position"), Extent((count, length)), pitch)
        height = row.height + ROW_GAP + steps.height + 24 + LEGEND_HEIGHT
        if row.width <= room().width - 120 and height <= room().height:
            break
    width = max(steps.width + NAMES + 90, swatches_width(padded.legend))
    page = Page(TITLE, kernel_and_stride(geometry), SUBTITLE, width, height)
    formula = size_formula(axis, size)
    caption = [
        (Run("o = ", style.BLUE, "semibold"), *formula[0]),
        *(
            (Run("= ", style.MUTED), *line, *((Run(f" = {count}", style.BLUE, "semibold"),) if last else ()))
            for last, line in ((False, formula[1]), (True, formula[2]))
        ),
    ]
    page = replace(page, caption_lines=len(caption))
    left, top = page.left, page.top
    below = top + row.height + ROW_GAP
    board, grid = row.board(left, top), steps.board(left, below)

    def cells() -> Iterator[Shape]:
        yield from padded.cells(board, {}, board.number_size(map(shown.x_text, shown.x)), None)
        for o in range(count):
            places = {at: j for (at,), (j,) in padded.window((o,)).items()}
            for at in range(length):
                cell = Cell("positions", (o, at), "kernel" if at in places else "zero", "lit" if at in places else "")
                text = shown.w_text((places[at],)) if at in places else ""
                yield from drawn(grid, cell, text, grid.number_size(map(shown.w_text, shown.weight)))
            x, y = grid.corner((o, length - 1))
            baseline = y + grid.side / 2 + style.HALF_CAPITAL * style.LABEL
            yield Text(x + grid.side + NAMES, baseline, f"output {o}", style.LABEL, style.BLUE, "semibold")

    legend_top = round(below + steps.height + 24)
    shapes = [
        *row.label(left, top),
        *steps.label(left, below),
        *cells(),
        *swatches(padded.legend, round(left), legend_top),
    ]
    description = (
        f"The positions of a kernel on an input of {elements(shown.input_size)} ({kernel_and_stride(geometry)}), "
        f"counted: {plain(caption)}."
    )
    return page.scene(shapes, caption, description)


def size_formula(axis: Axis, size: int) -> tuple[Runs, Runs, Runs]:
    """How many outputs a convolution has on an axis: in letters, in numbers, and summed up."""
    begin, end = axis.crop
    pads, numbers = ("2p", f"2·{number(begin)}") if begin == end else ("b + e", f"{number(begin)} + {number(end)}")
    kernel = ("k", str(axis.kernel_size)) if axis.dilation == 1 else ("(d(k − 1) + 1)", str(axis.span))
    if not (begin or end):
        pads = numbers = ""
    texts = [(f"i + {pads}" if pads else "i", kernel[0], "s")]
    texts += [(f"{size} + {numbers}" if numbers else str(size), kernel[1], str(axis.stride))]
    lines = []
    for long, span, stride in texts:
        lines.append(
            (
                Run("1 + ⌊(", style.MUTED),
                Run(long, style.GREEN_TEXT, "semibold"),
                Run(" − ", style.MUTED),
                Run(span, style.AMBER_TEXT, "semibold"),
                Run(")/", style.MUTED),
                Run(stride, style.INK, "semibold"),
                Run("⌋", style.MUTED),
            )
        )
    summed: Runs = (
        Run("1 + ⌊", style.MUTED),
        Run(f"{axis.room(size)}/{axis.stride}", style.INK, "semibold"),
        Run("⌋", style.MUTED),
    )
    return lines[0], lines[1], summed
