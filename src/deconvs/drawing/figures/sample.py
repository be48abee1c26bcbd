"""What the figures show: a geometry, numbers or names to show it with, and who reaches whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import isfinite, prod
from types import EllipsisType
from typing import TYPE_CHECKING

from ...errors import GeometryError
from ...geometry import ConvTranspose
from ..boards import Extent
from .request import Grid, Index, Request, indices
from .words import Values, layer, listed, many, number, sized, written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

Term = tuple[Index, Index]
Numbers = Mapping[Index, float]
VALUES: tuple[Values, ...] = ("numbers", "symbols", "hidden")


@dataclass(frozen=True)
class Sample:
    """A geometry at one input size, with numbers for x and the weight, and the output they give.

    Positions are (row, column), (depth, row, column), or (column,); where ``channels`` are shown, x and the output
    have a channel before them, and the weight has the input channel and the output channel within its group.
    """

    request: Request
    values: Values
    x: Numbers
    weight: Numbers
    output: Numbers

    @property
    def geometry(self) -> ConvTranspose:
        return self.request.geometry

    @property
    def input_size(self) -> Index:
        return self.request.input_size

    @property
    def output_size(self) -> Index:
        return self.request.output_size

    @property
    def channels(self) -> tuple[int, int] | None:
        return self.request.channels

    def terms(self, o: Index) -> tuple[Term, ...]:
        """The (i, j) whose products x[i] * w[j] make output ``o``, i in row-major order."""
        request = self.request
        lead, at = o[: request.leading], o[request.leading :]
        along = [
            axis.contributions(n, position)
            for axis, n, position in zip(self.geometry.axes, self.input_size, at, strict=True)
        ]
        found = tuple((tuple(i for i, _ in pairs), tuple(j for _, j in pairs)) for pairs in product(*along))
        if not lead:
            return found
        return tuple(
            ((c, *i), (c, lead[0] % request.out_per_group, *j)) for c in request.inputs_of(lead[0]) for i, j in found
        )

    def extent(self, size: Index, what: Grid = "input") -> Extent:
        """How a grid of this spatial size is laid out."""
        return self.request.extent(size, what)

    def x_text(self, i: Index) -> str:
        """What is written in the cell of an input."""
        return self._text("x", i, self.x[i])

    def w_text(self, j: Index) -> str:
        """What is written in the cell of a tap."""
        return self._text("w", j, self.weight[j])

    def y_text(self, o: Index) -> str:
        """What is written in the cell of an output."""
        return self._text("y", o, self.output[o])

    def other_text(self, value: float) -> str:
        """What is written where a number is neither of these: a product, a sum so far, a zero that stands for none."""
        return number(value) if self.values == "numbers" else ""

    @property
    def input_in_words(self) -> str:
        """``3×3 input 1 2 3; 4 5 6; 7 8 9``, or ``2-channel 3×3 input``, whose channels are told apart."""
        listing = listed({i: self.x_text(i) for i in self.x}, self.request.extent(self.input_size, "input"))
        return f"{many(self.channels, 0)}{sized(self.input_size)} input{listing}"

    @property
    def kernel_in_words(self) -> str:
        """``kernel 1 2; 3 4 (kernel 2×2, stride 1)``"""
        taps = self.request.extent(self.geometry.kernel_size, "kernel")
        return f"kernel{listed({j: self.w_text(j) for j in self.weight}, taps)} ({layer(self.request)})"

    @property
    def output_in_words(self) -> str:
        """``4×4 output is 1 4 4; 6 20 16``, or where numbers are not written ``output is 4×4``."""
        size = f"{many(self.channels, 1)}{sized(self.output_size)}"
        if self.values != "numbers":
            return f"output is {size}"
        extent = self.request.extent(self.output_size, "output")
        return f"{size} output is{listed({o: self.y_text(o) for o in self.output}, extent)}"

    @property
    def zero(self) -> str:
        """What is written where a zero stands."""
        return "" if self.values == "hidden" else "0"

    def _text(self, letter: str, at: Index, value: float) -> str:
        return written(self.values, letter, at, value)


def sample(
    request: Request, x: ArrayLike | None = None, weight: ArrayLike | None = None, values: Values = "numbers"
) -> Sample:
    """Run what is to be drawn.

    x has the input's shape, the weight the kernel's (channel axes of size 1 before them are welcome), integers or
    floats; by default they count 1, 2, ... 9, 1, ... so that no flip or transposition can hide.
    """
    check_values(values)
    import numpy as np

    channels = request.channels or (1, 1)
    taps = request.geometry.kernel_size
    xs = given("x", x, (*request.lead("input"), *request.asked), request.input_size)
    ws = given("weight", weight, (*request.lead("kernel"), *taps), taps)
    shown = request.geometry.plan("direct").run(
        np.array(list(xs.values())).reshape(channels[0], *request.input_size),
        np.array(list(ws.values())).reshape(channels[0], request.out_per_group, *taps),
    )
    output = np.asarray(shown).ravel().tolist()
    check_finite(output)
    places = indices((*request.lead("output"), *request.output_size))
    return Sample(request, values, xs, ws, dict(zip(places, output, strict=True)))


def check_finite(output: Iterable[float]) -> None:
    """An error where a sum of finite products is none."""
    if not all(map(isfinite, output)):
        raise GeometryError("the output is not finite", "x and weight have too large products", "give smaller numbers")


def check_values(values: object) -> None:
    """An error for what is no way to write values."""
    if values not in VALUES:
        raise GeometryError("no such way to write values", f"values={values!r}", f"use one of {', '.join(VALUES)}")


def given(name: str, values: ArrayLike | None, size: Index, drawn: Index) -> dict[Index, float]:
    """What the user gave, or numbers that count up, by position; of the spatial axes only as much as is drawn."""
    part: tuple[EllipsisType | slice, ...] = (..., *(slice(0, n) for n in drawn))
    array = _numbers(name, values, size)[part]
    return dict(zip(indices(array.shape), array.ravel().tolist(), strict=True))


def _numbers(name: str, values: ArrayLike | None, size: Index) -> NDArray[np.generic]:
    import numpy as np

    if values is None:
        count = np.arange(prod(size))
        # A plane begins where the last one ended, and one further: planes of nine would all be alike.
        return ((count + count // prod(size[-2:])) % 9 + 1).reshape(size)
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise GeometryError(
            f"{name} is no array", "its rows differ in length", f"give it the shape {size}, nested lists of one length"
        ) from None
    if array.dtype.kind not in "iuf":
        raise GeometryError(f"{name} is not numeric", f"dtype {array.dtype}", "give integers or floats")
    extra = array.ndim - len(size)
    if extra < 0 or array.shape != (1,) * extra + size:
        raise GeometryError(
            f"{name} does not fit the picture", f"{name} has shape {array.shape}", f"give it the shape {size}"
        )
    if not np.isfinite(array).all():
        raise GeometryError(f"{name} is not finite", "it holds NaN or infinity", "give numbers that can be written")
    # Integers stay exact; float16 and longdouble become what Python writes.
    return array.reshape(size).astype(np.float64 if array.dtype.kind == "f" else np.int64)
