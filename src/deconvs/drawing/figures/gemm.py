"""The gemm view as a film: stamps as in the scatter view, but their products are columns of one matrix product."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from .. import style
from ..boards import Extent
from ..scene import Cell, Film, Shape
from ..text import Run, Runs, words
from .flow import Parts
from .request import Amount, Index, Request, indices, requested, side
from .sample import Sample, sample
from .stamping import Stamping, stamping_amounts
from .stamps import Turn
from .words import Values, position, size_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MAX_PRODUCTS = 64
"""Rows and columns of WᵀX, which has no numbers to be read then."""


def gemm_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """The matrix product of all taps and all inputs, and its columns being laid down and added up (col2im).

    >>> film = gemm_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("columns")[8, 3]
    (6, '36')

    A row for each tap of each output channel, a column for each input position: of several input channels a product is
    the sum. Of groups, each has a product of its own, below each other. Arguments and errors are those of
    `direct_film`; beyond 64 taps or inputs it is thinned. Source: Chellapilla, Puri and Simard 2006, for lowering a
    convolution to a matrix product.
    """
    request = requested(geometry, input_size, channels, _amounts)
    return _Columns(sample(request, x, weight, values)).film()


def _amounts(request: Request) -> Iterator[Amount]:
    yield from stamping_amounts(request)
    yield side("matrix of taps and inputs", _product_size(request), MAX_PRODUCTS)


def _product_size(request: Request) -> Index:
    """Rows: the taps of every output channel; columns: the input positions."""
    taps = prod(request.geometry.kernel_size) * (1 if request.channels is None else request.channels[1])
    return taps, prod(request.input_size)


class _Columns(Stamping):
    """All channels of an input position stamp together, what one column of the product holds."""

    title = "A matrix product, then overlap-add"
    subtitle = "Every tap times every input is one matrix product WᵀX. Its columns are laid stride apart and added up."
    opening = "A row for each tap, a column for each input."
    how = "the stamps being columns of one matrix product"

    def __init__(self, shown: Sample) -> None:
        super().__init__(shown)
        self._products = self._multiplied()
        self._sizes["columns"] = self._boards["columns"].number_size(map(shown.other_text, self._products.values()))

    def _in_turn(self) -> list[Turn]:
        request = self.sample.request
        return [tuple((*c, *at) for c in indices(request.lead("input"))) for at in indices(request.input_size)]

    def _between(self) -> Parts:
        size = _product_size(self.sample.request)
        return {"columns": ("WᵀX", f"{size_of(size)}, tap by input", Extent(size))}

    def _said(self, turn: Turn) -> list[Runs]:
        at = position(turn[0][self.sample.request.leading :])
        every = "" if self.sample.channels is None else " of every channel"
        return [
            (Run("All taps", style.AMBER_TEXT, "semibold"), Run(" × ", style.MUTED)),
            (Run(f"input {at} ", style.BLUE, "semibold"),),
            *words(f"{every} are one column, laid where that input's stamp belongs and added."),
        ]

    def _cells(self, turn: Turn, count: int, done: bool) -> Iterator[Shape]:
        yield from super()._cells(turn, count, done)
        current = count - 1 if turn else None
        for (row, column), value in self._products.items():
            known, lit = column < count, column == current
            cell = Cell("columns", (row, column), "product" if known else "unknown", "lit" if lit else "")
            yield from self._drawn("columns", cell, self.sample.other_text(value) if known else "")
        if current is not None:
            yield from self._boards["columns"].frames(
                (row, column) for row, column in self._products if column == current
            )

    def _multiplied(self) -> dict[Index, float]:
        """WᵀX: a row for each tap of each output channel, a column for each turn."""
        shown, request = self.sample, self.sample.request
        found: dict[Index, float] = {}
        rows = [(o, j) for o in indices(request.lead("output")) for j in indices(shown.geometry.kernel_size)]
        for column, turn in enumerate(self.turns):
            for row, (o, j) in enumerate(rows):
                if not o:
                    found[row, column] = shown.x[turn[0]] * shown.weight[j]
                    continue
                of_group = [i for i in turn if i[0] in request.inputs_of(o[0])]
                found[row, column] = sum(
                    shown.x[i] * shown.weight[i[0], o[0] % request.out_per_group, *j] for i in of_group
                )
        return found
