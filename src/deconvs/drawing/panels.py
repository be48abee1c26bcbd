"""Labelled boards and legends, measured before they have a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from . import style
from .boards import Board, Extent
from .glyphs import text_width
from .scene import Cell, Shape, Text
from .text import Run, Runs, runs_width, set_runs


@dataclass(frozen=True, slots=True)
class Panel:
    """A labelled board, measured before its place is known."""

    name: str
    detail: str
    extent: Extent
    pitch: float

    def _runs(self, name: str) -> Runs:
        return (Run(name + " ", style.INK, "semibold"), Run(self.detail, style.MUTED))

    @property
    def board_width(self) -> float:
        return Board(0, 0, self.extent, self.pitch).width

    @property
    def width(self) -> float:
        return max(self.board_width, runs_width(self._runs(self.name), style.LABEL))

    @property
    def height(self) -> float:
        return self.label_height + Board(0, 0, self.extent, self.pitch).height

    @property
    def label_height(self) -> float:
        return round(style.LABEL * 0.75) + style.LABEL_GAP

    def board(self, left: float, top: float) -> Board:
        """The board of the panel whose upper left corner is here."""
        return Board(left, top + self.label_height, self.extent, self.pitch)

    def label(self, left: float, top: float, name: str | None = None) -> list[Shape]:
        """The label of the panel whose upper left corner is here; ``name`` for a frame that calls it otherwise."""
        label = set_runs(self._runs(name or self.name), left, top + round(style.LABEL * 0.75), style.LABEL)
        return [*label, *self.board(left, top).heads()]


Legend = Sequence[tuple[str, style.Look]]
"""What each look of a legend means."""


def swatches(entries: Legend, left: float, top: float, width: float = inf) -> Iterator[Shape]:
    """A legend: what each look means, in as many lines as ``width`` needs."""
    for (x, line), (position, (text, look)) in zip(_set(entries, width), enumerate(entries), strict=True):
        y = top + line * style.LEGEND_LINE
        yield Board(left + x, y, Extent((1,)), 18).cell(look, Cell("legend", (position,), text), at=(0,))
        yield Text(left + x + 25, y + 13.5, text, style.LEGEND, style.MUTED)


def swatches_lines(entries: Legend, width: float) -> int:
    """How many lines `swatches` takes."""
    return 1 + max((line for _, line in _set(entries, width)), default=0)


def swatches_width(entries: Legend) -> float:
    """Width of `swatches` in one line."""
    return sum(45 + text_width(text, style.LEGEND) for text, _ in entries) - 20


def _set(entries: Legend, width: float) -> list[tuple[float, int]]:
    """(left, line) of each entry."""
    found, x, line = [], 0.0, 0
    for text, _ in entries:
        own = 25 + text_width(text, style.LEGEND)
        if x and x + own > width:
            x, line = 0.0, line + 1
        found.append((x, line))
        x += own + 20
    return found
