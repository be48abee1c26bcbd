"""The input of an ordinary convolution with the zeros around it, and what of it lies under which window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from ...axis import Axis
from ...geometry import Conv
from .. import style
from ..boards import Board
from ..scene import Cell, Shape
from .forward import Forward
from .places import Line, Place, grid, kept
from .request import Index, indices

KINDS = {
    "output": "input",
    "padding": "padding zero",
    "cropped": "cropped",
    "missed": "input under no window",
    "missed padding": "zero under no window",
}
"""Kind of a cell -> its name. The input is the long side: it has the look of a transposed convolution's output."""


def padded_lines(geometry: Conv, input_size: Index) -> tuple[Line, ...]:
    """Each axis of the input with the zeros around it, or with what a negative padding cuts from it.

    >>> (line,) = padded_lines(Conv((3,), padding=((1, -1),)), (2,))
    >>> [(place.kind, place.source, place.cropped) for place in line]
    [('padding', None, False), ('input', 0, False), ('input', 1, True)]
    """
    return tuple(
        (Place("padding"),) * before
        + tuple(Place("input", i, not -before <= i < n + after) for i in range(n))
        + (Place("padding"),) * after
        for n, (before, after) in zip(input_size, geometry.padding, strict=True)
    )


def windows(axis: Axis, outputs: int, line: Line) -> list[dict[int, int]]:
    """For each output of one axis: tap -> the place on the line that it lies over.

    >>> (line,) = padded_lines(Conv((2,), stride=2, padding=((1, 0),)), (3,))
    >>> windows(Axis(2, stride=2, crop=(1, 0)), 2, line)
    [{0: 0, 1: 1}, {0: 2, 1: 3}]
    """
    places = kept(line)
    uncropped = replace(axis, crop=(0, 0))
    found: list[dict[int, int]] = [{} for _ in range(outputs)]
    for t in range(uncropped.full(outputs)):
        for o, j in uncropped.contributions(outputs, t):
            found[o][j] = places[t]
    return found


def look_of(kind: str, state: str = "") -> style.Look:
    """The look of a cell of the padded input."""
    if kind == "missed":
        return replace(style.look("output"), pattern="hatch")
    return replace(style.look("hole"), dashed=True) if kind == "missed padding" else style.look(kind, state)


class PaddedInput:
    """The padded input of a convolution: its cells, and the windows over them."""

    def __init__(self, shown: Forward) -> None:
        self._shown = shown
        self._lead = shown.request.lead("output")
        along = padded_lines(shown.geometry, shown.input_size)
        self.size = tuple(map(len, along))
        self._places = grid(along, self._lead)
        self.windows = [
            windows(axis, n, line) for axis, n, line in zip(shown.geometry.axes, shown.output_size, along, strict=True)
        ]
        self._reached = [{at for window in of_axis for at in window.values()} for of_axis in self.windows]

    @cached_property
    def kinds(self) -> dict[Index, str]:
        """Kind of each place."""
        found = {}
        for at, (kind, _) in self._places.items():
            spatial = at[len(self._lead) :]
            if kind == "cropped" or all(a in reached for a, reached in zip(spatial, self._reached, strict=True)):
                found[at] = "output" if kind == "input" else kind
            else:
                found[at] = "missed" if kind == "input" else "missed padding"
        return found

    @property
    def legend(self) -> list[tuple[str, style.Look]]:
        """What the looks of its cells mean."""
        there = set(self.kinds.values())
        return [(name, look_of(kind)) for kind, name in KINDS.items() if kind in there]

    @property
    def missed(self) -> int:
        """Elements of the input under no window."""
        return sum(kind == "missed" for kind in self.kinds.values())

    def window(self, o: Index) -> dict[Index, Index]:
        """The places under the kernel when it computes output ``o``, and the tap that lies over each."""
        request, leading = self._shown.request, self._shown.request.leading
        channels: list[tuple[Index, Index]] = [((), ())]
        if leading:
            channels = [
                ((c,), (o[0], c % request.out_per_group))
                for (c,) in indices(self._lead)
                if o[0] in request.inputs_of(c)
            ]
        spatial = [of_axis[at] for of_axis, at in zip(self.windows, o[leading:], strict=True)]
        return {
            (*of_input, *(places[tap] for places, tap in zip(spatial, j, strict=True))): (*of_kernel, *j)
            for of_input, of_kernel in channels
            for j in indices(self._shown.geometry.kernel_size)
        }

    def cells(
        self, board: Board, window: dict[Index, Index], size: float | None, weight_size: float | None
    ) -> Iterator[Shape]:
        """Everything on the board; ``weight_size`` of the weights in the corners of what is under the window."""
        shown = self._shown
        for at, (_, source) in self._places.items():
            if source is None:
                cell = Cell("border", at, self.kinds[at], "covered" if at in window else "")
            else:
                cell = Cell("input", source, self.kinds[at], "lit" if at in window else "")
            look = look_of(cell.kind, cell.state)
            yield board.cell(look, cell, at)
            content = shown.zero if source is None else shown.x_text(source)
            if size is not None and content:
                yield board.number(cell, content, size, look.text, "semibold" if cell.state == "lit" else "regular", at)
        for at, j in window.items():
            text = shown.w_text(j)
            if weight_size is not None and text:
                lit = self._places[at][1] is not None
                cell = Cell("window", at, "kernel", "lit" if lit else "")
                yield board.low_number(cell, text, weight_size, style.INK if lit else style.AMBER_TEXT)
        yield from board.frames(window)
