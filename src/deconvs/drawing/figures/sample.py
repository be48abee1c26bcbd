"""What the figures show: a geometry, integers to show it with, and who reaches whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from ...errors import GeometryError
from ...geometry import Conv, ConvTranspose, Sizes
from ...words import size_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Index = tuple[int, ...]
Term = tuple[Index, Index]
Numbers = Mapping[Index, int]

MAX_SIDE = 40
"""Cells a side: beyond that a cell has too few pixels to be seen."""

MAX_FRAMES = 400


@dataclass(frozen=True)
class Sample:
    """A geometry of one channel at one input size, with integers for x and the weight and the output they give."""

    geometry: ConvTranspose
    input_size: Index
    output_size: Index
    x: Numbers
    weight: Numbers
    output: Numbers

    def terms(self, o: Index) -> tuple[Term, ...]:
        """The (i, j) whose products x[i] * w[j] make output ``o``, i in row-major order."""
        along = [
            axis.contributions(n, position)
            for axis, n, position in zip(self.geometry.axes, self.input_size, o, strict=True)
        ]
        return tuple((tuple(i for i, _ in pairs), tuple(j for _, j in pairs)) for pairs in product(*along))


def sample(
    geometry: ConvTranspose, input_size: Sizes, x: ArrayLike | None = None, weight: ArrayLike | None = None
) -> Sample:
    """Check what is to be drawn, and run it.

    x has the input's shape, the weight the kernel's (channel axes of size 1 before them are welcome), both integer;
    by default they count 1, 2, ... 9, 1, ... so that no flip or transposition can hide.
    """
    sizes, outputs = drawable(geometry, input_size)
    xs = _integers("x", x, sizes)
    ws = _integers("weight", weight, geometry.kernel_size)
    import numpy as np

    shown = geometry.plan("direct").run(
        np.array(list(xs.values())).reshape(1, *sizes),
        np.array(list(ws.values())).reshape(1, 1, *geometry.kernel_size),
    )
    output = {index: int(shown[(0, *index)]) for index in indices(outputs)}
    return Sample(geometry, sizes, outputs, xs, ws, output)


def drawable(geometry: object, input_size: Sizes) -> tuple[Index, Index]:
    """(input size, output size) of what can be drawn; GeometryError for the rest."""
    if isinstance(geometry, Conv):
        raise GeometryError(
            "the pictures start from a transposed convolution", f"got {geometry}", "pass geometry.transpose(input_size)"
        )
    if not isinstance(geometry, ConvTranspose):
        raise GeometryError("not a geometry", f"got {type(geometry).__name__}", "pass a deconvs.ConvTranspose")
    if geometry.ndim > 2:
        raise GeometryError(
            "more than two axes are not drawn", f"{geometry.ndim} spatial axes", "draw one or two of the axes"
        )
    if geometry.groups != 1:
        raise GeometryError("groups are not drawn", f"groups={geometry.groups}", "draw one group: groups=1")
    sizes = geometry.sizes(input_size)
    outputs = geometry.output_size(sizes)
    check_side("kernel", geometry.kernel_size)
    check_side("input", sizes)
    check_side("output", outputs)
    if 0 in outputs:
        raise GeometryError("there is no output to draw", f"output size {size_text(outputs)}", "use a larger input")
    return sizes, outputs


def check_side(what: str, size: Index, limit: int = MAX_SIDE) -> None:
    """An error where a grid has more cells a side than can be seen."""
    if max(size) > limit:
        raise GeometryError(
            "too large to draw",
            f"the {what} is {size_text(size)}",
            f"use smaller sizes: at most {limit} cells a side are drawn",
        )


def check_frames(count: int) -> None:
    """An error where a film would have more frames than anyone watches."""
    if count > MAX_FRAMES:
        raise GeometryError("too long a film", f"{count} frames", f"use smaller sizes: at most {MAX_FRAMES} are drawn")


def indices(size: Index) -> list[Index]:
    """Every position of a grid, row-major."""
    return list(product(*map(range, size)))


def _integers(name: str, values: ArrayLike | None, size: Index) -> dict[Index, int]:
    places = indices(size)
    if values is None:
        return {index: count % 9 + 1 for count, index in enumerate(places)}
    import numpy as np

    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise GeometryError(
            f"{name} is no array", "its rows differ in length", f"give it the shape {size}, nested lists of one length"
        ) from None
    if array.dtype.kind not in "iu":
        raise GeometryError(f"{name} is not integer", f"dtype {array.dtype}", "the figure writes integers")
    extra = array.ndim - len(size)
    if extra < 0 or array.shape != (1,) * extra + size:
        raise GeometryError(
            f"{name} does not fit the picture", f"{name} has shape {array.shape}", f"give it the shape {size}"
        )
    return {index: int(number) for index, number in zip(places, array.ravel().tolist(), strict=True)}
