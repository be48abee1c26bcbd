"""Coloured text: runs, the lines that they make, and where these break. All is measured before it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from . import style
from .glyphs import text_width
from .scene import Shape, Text, Weight


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one colour and weight; a line is a sequence of runs."""

    content: str
    fill: str = style.INK
    weight: Weight = "regular"

    def width(self, size: float) -> float:
        return text_width(self.content, size, self.weight)


Runs = tuple[Run, ...]


def runs_width(runs: Iterable[Run], size: float) -> float:
    """Width of runs set one after another."""
    return sum(run.width(size) for run in runs)


def set_runs(runs: Iterable[Run], x: float, y: float, size: float) -> list[Shape]:
    """Runs from ``x`` rightwards on the baseline ``y``; neighbours of one colour and weight are one text."""
    shapes: list[Shape] = []
    for (fill, weight), alike in groupby(runs, key=lambda run: (run.fill, run.weight)):
        run = Run("".join(run.content for run in alike), fill, weight)
        # The space at the ends has no ink; without it the boxes of neighbours stay apart.
        ink = run.content.strip()
        if ink:
            before = run.content[: len(run.content) - len(run.content.lstrip())]
            shapes.append(Text(x + text_width(before, size, run.weight), y, ink, size, run.fill, run.weight))
        x += run.width(size)
    return shapes


def wrapped(pieces: Sequence[Runs], size: float, width: float) -> list[Runs]:
    """Pieces, none of which is broken, in as many lines as ``width`` needs."""
    lines: list[list[Run]] = [[]]
    for piece in pieces:
        if lines[-1] and runs_width((*lines[-1], *piece), size) > width:
            lines.append([])
            piece = (replace(piece[0], content=piece[0].content.lstrip()), *piece[1:])
        lines[-1] += piece
    return [tuple(line) for line in lines]


def words(text: str, fill: str = style.INK, weight: Weight = "regular") -> list[Runs]:
    """A text as pieces for `wrapped`, one a word."""
    return [(Run(word + " ", fill, weight),) for word in text.split()]
