"""The input of an ordinary convolution with the zeros around it, and what of it lies under which window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from ...geometry import Conv
from .. import style
from ..boards import Board, drawn
from ..scene import Cell, Shape
from .forward import Forward
from .places import Line, Place, grid, kept
from .request import Index
from .stamps import Stamps

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
        self._stamps = Stamps(shown.request, [kept(line) for line in along])
        self._reached = [{at for window in of_axis for at in window.values()} for of_axis in self.windows]

    @property
    def windows(self) -> list[list[dict[int, int]]]:
        """For each axis and each output of it: tap -> the place that it lies over."""
        return self._stamps.along

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
        # What lies under a window is what the transposed convolution stamps from there.
        return self._stamps.of(o)

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
            content = shown.zero if source is None else shown.x_text(source)
            yield from drawn(board, cell, content, size, at, look_of(cell.kind, cell.state))
        for at, j in window.items():
            text = shown.w_text(j)
            if weight_size is not None and text:
                lit = self._places[at][1] is not None
                cell = Cell("window", at, "kernel", "lit" if lit else "")
                yield board.low_number(cell, text, weight_size, style.INK if lit else style.AMBER_TEXT)
        yield from board.frames(window)
