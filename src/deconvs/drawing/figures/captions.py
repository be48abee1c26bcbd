"""Captions that compute: numbers in the colours of the cells they come from."""

from __future__ import annotations

from .. import style
from ..layout import Run, Runs, wrapped
from .sample import Index, Sample
from .words import number, position

MOST_LINES = 2


def sum_of_products(sample: Sample, o: Index, width: float) -> list[Runs]:
    """``output (1, 2) = 2×3 + 4×9 = 42`` in at most two lines; of very many products only the first are written."""
    terms = sample.terms(o)
    for written in range(len(terms), -1, -1):
        lines = wrapped(_pieces(sample, o, written), style.CAPTION, width)
        if len(lines) <= MOST_LINES:
            return lines
    return lines[:MOST_LINES]


def plain(lines: list[Runs]) -> str:
    """The words of a caption without their colours."""
    return " ".join("".join(run.content for run in line).strip() for line in lines)


def _pieces(sample: Sample, o: Index, written: int) -> list[Runs]:
    terms = sample.terms(o)
    head = (Run(f"output {position(o)}", style.GREEN_TEXT, "semibold"), Run(" = ", style.MUTED))
    result = Run(number(sample.output[o]), style.GREEN_TEXT, "semibold")
    if not terms:
        return [head, (result, Run(": no input reaches it", style.MUTED))]
    pieces: list[Runs] = []
    for count, (i, j) in enumerate(terms[:written]):
        plus = (Run(" + ", style.MUTED),) if count else head
        pieces.append(
            (
                *plus,
                Run(_factor(sample.x[i]), style.BLUE, "semibold"),
                Run("×", style.MUTED),
                Run(_factor(sample.weight[j]), style.AMBER_TEXT, "semibold"),
            )
        )
    if written < len(terms):
        pieces.append((Run(f" + … ({len(terms) - written} more)", style.MUTED),) if written else head)
    return [*pieces, (Run(" = ", style.MUTED), result)]


def _factor(value: int) -> str:
    return number(value) if value >= 0 else f"({number(value)})"
