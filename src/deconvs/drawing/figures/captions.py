"""Captions that compute: numbers in the colours of the cells they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...words import counted
from .. import style
from ..text import Run, Runs, wrapped
from .request import Index
from .sample import Numbers, Term
from .words import Values, exact, number, position

MOST_LINES = 2


class Shown(Protocol):
    """What a caption reads of a `Sample` or a `Forward`."""

    @property
    def values(self) -> Values: ...
    @property
    def x(self) -> Numbers: ...
    @property
    def weight(self) -> Numbers: ...
    @property
    def output(self) -> Numbers: ...
    def terms(self, o: Index) -> tuple[Term, ...]: ...
    def x_text(self, i: Index) -> str: ...
    def w_text(self, j: Index) -> str: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """The colours of input and output, and what is said of an output that no product reaches."""

    x: str
    y: str
    nothing: str


UP = Reading(style.BLUE, style.GREEN_TEXT, "no input reaches it")
"""A transposed convolution: from the short side to the long one."""
DOWN = Reading(style.GREEN_TEXT, style.BLUE, "its window holds no input")
"""A convolution: from the long side to the short one."""


def sum_of_products(sample: Shown, o: Index, width: float, reading: Reading = UP) -> list[Runs]:
    """``output (1, 2) = 2×3 + 4×9 = 42`` in at most two lines; of very many products only the first are written."""
    terms = sample.terms(o)
    for written in range(len(terms), -1, -1):
        lines = wrapped(_pieces(sample, o, written, reading), style.CAPTION, width)
        if len(lines) <= MOST_LINES:
            return lines
    return lines[:MOST_LINES]


def plain(lines: list[Runs]) -> str:
    """The words of a caption without their colours."""
    return " ".join("".join(run.content for run in line).strip() for line in lines)


def _pieces(sample: Shown, o: Index, written: int, reading: Reading) -> list[Runs]:
    terms = sample.terms(o)
    head = (Run(f"output {position(o)}", reading.y, "semibold"), Run(" = ", style.MUTED))
    result = Run(number(sample.output[o]) if sample.values == "numbers" else "0", reading.y, "semibold")
    if not terms:
        return [head, (result, Run(f": {reading.nothing}", style.MUTED))]
    if sample.values == "hidden":
        products = counted(len(terms), "product")
        return [(head[0], Run(": ", style.MUTED)), (Run(products, style.INK, "semibold"),)]
    pieces: list[Runs] = []
    for count, (i, j) in enumerate(terms[:written]):
        plus = (Run(" + ", style.MUTED),) if count else head
        pieces.append(
            (
                *plus,
                Run(_factor(sample.x_text(i)), reading.x, "semibold"),
                Run("×" if sample.values == "numbers" else "·", style.MUTED),
                Run(_factor(sample.w_text(j)), style.AMBER_TEXT, "semibold"),
            )
        )
    if written < len(terms):
        pieces.append((Run(f" + … ({len(terms) - written} more)", style.MUTED),) if written else head)
    if sample.values == "symbols":
        return pieces
    numbers = (sample.output[o], *(sample.x[i] for i, _ in terms), *(sample.weight[j] for _, j in terms))
    equals = " = " if all(map(exact, numbers)) else " ≈ "
    return [*pieces, (Run(equals, style.MUTED), result)]


def _factor(text: str) -> str:
    return f"({text})" if text.startswith("−") else text or "?"
