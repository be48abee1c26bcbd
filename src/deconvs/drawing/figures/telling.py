"""Which output of a picture tells the most."""

from __future__ import annotations

from .forward import Forward
from .request import Index
from .sample import Sample


def telling(shown: Sample | Forward) -> Index:
    """The output made of the most products, of those the one nearest to the middle."""
    return max(shown.output, key=lambda o: (len(shown.terms(o)), -off_centre(o, shown.output_size)))


def off_centre(index: Index, size: Index) -> int:
    """How far a position, its channels aside, is from the middle of a grid: in halves of cells, all axes together."""
    spatial = index[len(index) - len(size) :]
    return sum(abs(2 * at + 1 - n) for at, n in zip(spatial, size, strict=True))
