"""What the figures of an ordinary convolution show: the transposed one paired with it, read the other way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...geometry import Conv, Sizes
from ..boards import Extent
from .request import Amount, Grid, Index, Request, channels_of, requested
from .sample import Numbers, Sample, Term, check_finite, given, sample
from .words import Values, written

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Forward:
    """A convolution at one input size, with numbers for its input and weight, and the output they give.

    ``paired`` is its transpose: its output is this one's input, its input this one's output. Positions are laid out as
    in `Sample`; the weight's are (output channel, input channel within the group, ...).
    """

    geometry: Conv
    paired: Sample
    x: Numbers
    output: Numbers
    _terms: dict[Index, tuple[Term, ...]]

    @property
    def request(self) -> Request:
        return self.paired.request

    @property
    def values(self) -> Values:
        return self.paired.values

    @property
    def weight(self) -> Numbers:
        return self.paired.weight

    @property
    def input_size(self) -> Index:
        return self.paired.output_size

    @property
    def output_size(self) -> Index:
        return self.paired.input_size

    @property
    def channels(self) -> tuple[int, int] | None:
        """(C_in, C_out) of this convolution."""
        pair = self.paired.channels
        return None if pair is None else (pair[1], pair[0])

    def terms(self, o: Index) -> tuple[Term, ...]:
        """The (i, j) whose products x[i] * w[j] make output ``o``, i in row-major order."""
        return self._terms[o]

    def extent(self, size: Index, what: Grid = "input") -> Extent:
        """How a grid of this spatial size is laid out, as in `Sample.extent`."""
        swapped: dict[Grid, Grid] = {"input": "output", "output": "input"}
        return self.paired.extent(size, swapped.get(what, "kernel"))

    def x_text(self, i: Index) -> str:
        """What is written in the cell of an input."""
        return self._text("x", i, self.x[i])

    def w_text(self, j: Index) -> str:
        """What is written in the cell of a tap."""
        return self.paired.w_text(j)

    def y_text(self, o: Index) -> str:
        """What is written in the cell of an output."""
        return self._text("y", o, self.output[o])

    @property
    def zero(self) -> str:
        """What is written where a zero stands."""
        return self.paired.zero

    def _text(self, letter: str, at: Index, value: float) -> str:
        return written(self.values, letter, at, value)


def forward(
    geometry: Conv,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
    amounts: Callable[[Request], Iterator[Amount]] | None = None,
) -> Forward:
    """Run what is to be drawn: x of shape input_size, weight of shape kernel_size, both after their channels.

    ``channels``: (C_in, C_out) of this convolution; ``amounts`` are of its transpose, as in `requested`.
    """
    pair = channels_of(geometry, channels)
    turned = None if pair is None else pair[::-1]
    request = requested(geometry.transpose(input_size), geometry.output_size(input_size), turned, amounts)
    shown = sample(request, None, weight, values)
    xs = given("x", x, (*request.lead("output"), *geometry.sizes(input_size)), request.output_size)
    found: dict[Index, list[Term]] = {o: [] for o in shown.x}
    for i in shown.output:
        for o, j in shown.terms(i):
            found[o].append((i, j))
    output = {o: sum(xs[i] * shown.weight[j] for i, j in terms) for o, terms in found.items()}
    check_finite(output.values())
    return Forward(geometry, shown, xs, output, {o: tuple(terms) for o, terms in found.items()})
