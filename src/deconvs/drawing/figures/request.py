"""What is to be drawn: a geometry at an input size, with its channels; what is too large is thinned, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Literal

from ...arguments import integer, sequence
from ...errors import GeometryError
from ...geometry import Conv, ConvTranspose, Sizes
from ...words import size_text
from ..boards import Extent

Index = tuple[int, ...]
Grid = Literal["input", "output", "kernel"]

MAX_CELLS = 100_000
"""Of input, kernel and output together: more is not even thinned."""
MAX_SIDE, THIN_SIDE = 40, 20
"""Cells a side of a plane: beyond the first a cell has too few pixels to be seen; a thinned picture has the second."""
MAX_ACROSS = 72
"""Cells of all planes beside each other, or below each other."""
MAX_FRAMES, THIN_FRAMES = 400, 101
MAX_WORK, THIN_WORK = 150_000, 80_000
"""Cells of a frame times frames: beyond that a film takes more than seconds to draw, and megabytes."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Something that a picture has ``value`` of, at most ``most``; where it would have more it is thinned to less."""

    value: int
    most: int
    thinned: int
    shown: str
    limit: str
    remedy: str = ""
    of_frames: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A checked geometry, the input size that is drawn and the one that was ``asked`` for, and channels if shown."""

    geometry: ConvTranspose
    asked: Index
    input_size: Index
    channels: tuple[int, int] | None

    @property
    def output_size(self) -> Index:
        return self.geometry.output_size(self.input_size)

    @property
    def leading(self) -> int:
        """Axes before the spatial ones, of input and output."""
        return 0 if self.channels is None else 1

    @property
    def out_per_group(self) -> int:
        return 1 if self.channels is None else self.channels[1] // self.geometry.groups

    def lead(self, what: Grid) -> Index:
        """The channel axes of a grid."""
        if self.channels is None:
            return ()
        inputs, outputs = self.channels
        return {"input": (inputs,), "output": (outputs,), "kernel": (inputs, self.out_per_group)}[what]

    def inputs_of(self, output_channel: int) -> range:
        """The input channels of an output channel's group."""
        assert self.channels is not None
        each = self.channels[0] // self.geometry.groups
        first = output_channel // self.out_per_group * each
        return range(first, first + each)

    def extent(self, size: Index, what: Grid) -> Extent:
        """How a grid of this spatial size is laid out: channels below each other, slices of depth beside each other."""
        lead = self.lead(what)
        deep = max(0, len(size) - 2)
        groups = self.geometry.groups if what == "kernel" else 1
        return Extent((*lead, *size), min(1, len(lead)), max(0, len(lead) - 1) + deep, deep > 0, groups)

    @property
    def thinned(self) -> bool:
        return self.asked != self.input_size


def requested(
    geometry: object,
    input_size: Sizes,
    channels: object = None,
    amounts: Callable[[Request], Iterator[Amount]] | None = None,
    *,
    stacked: bool = True,
) -> Request:
    """Check what is to be drawn, and thin it to fewer inputs where its amounts are too large to be seen.

    A convolution does the same everywhere: its first inputs and their outputs show all of it.
    ``channels``: (C_in, C_out), shown as stacks if ``stacked``; a geometry with groups has one each by default.
    """
    if isinstance(geometry, Conv):
        raise GeometryError(
            "this picture starts from a transposed convolution",
            f"got {geometry}",
            "pass geometry.transpose(input_size), or draw the view direct or isometric",
        )
    if not isinstance(geometry, ConvTranspose):
        raise GeometryError("not a geometry", f"got {type(geometry).__name__}", "pass a deconvs.ConvTranspose")
    if geometry.ndim > 3:
        raise GeometryError(
            "more than three axes are not drawn", f"{geometry.ndim} spatial axes", "draw up to three of the axes"
        )
    sizes = geometry.sizes(input_size)
    request = Request(geometry, sizes, sizes, channels_of(geometry, channels) if stacked else None)
    outputs = request.output_size
    if 0 in outputs:
        raise GeometryError("there is no output to draw", f"output size {size_text(outputs)}", "use a larger input")
    _refuse_too_many_cells(
        ("input", (*request.lead("input"), *sizes)),
        ("kernel", (*request.lead("kernel"), *geometry.kernel_size)),
        ("output", (*request.lead("output"), *outputs)),
    )
    return _thinned(request, lambda request: list(_all(request, amounts)))


def _refuse_too_many_cells(*grids: tuple[str, Index]) -> None:
    """An error where grids have more cells together than are ever drawn."""
    cells = sum(prod(size) for _, size in grids)
    if cells > MAX_CELLS:
        name, size = max(grids, key=lambda grid: prod(grid[1]))
        raise GeometryError(
            "too many cells to draw",
            f"{cells} cells, of which the {name} has {size_text(size)}",
            f"use smaller sizes: at most {MAX_CELLS} cells in all are drawn",
        )


def side(what: str, size: Index, most: int = MAX_SIDE, thinned: int = THIN_SIDE) -> Amount:
    """How many cells a grid has a side."""
    limit = f"at most {most} cells a side are drawn"
    return Amount(max(size), most, min(most, thinned), f"the {what} is {size_text(size)}", limit)


def planes(what: str, extent: Extent) -> Iterator[Amount]:
    """How many cells a grid has a side of a plane, and in all planes that stand beside or below each other."""
    (down, across), (rows, columns) = extent.planes, extent.plane
    yield side(what, extent.size[extent.leading :])
    if down * across > 1:
        longest = max(down * rows, across * columns)
        limit = f"at most {MAX_ACROSS} cells are drawn beside or below each other"
        shown = f"the {what} with its planes has {down * rows} rows and {across * columns} columns"
        remedy = "smaller sizes, or fewer channels"
        yield Amount(longest, MAX_ACROSS, MAX_ACROSS, shown, limit, remedy)


def frames(count: int) -> Amount:
    """How many frames a film has."""
    limit = f"at most {MAX_FRAMES} frames are drawn"
    return Amount(count, MAX_FRAMES, THIN_FRAMES, f"the film has {count} frames", limit, of_frames=True)


def indices(size: Index) -> list[Index]:
    """Every position of a grid, row-major."""
    return list(product(*map(range, size)))


def _all(request: Request, amounts: Callable[[Request], Iterator[Amount]] | None) -> Iterator[Amount]:
    yield from _sides(request)
    for amount in amounts(request) if amounts else ():
        yield amount
        if amount.of_frames:
            yield _work(request, amount.value)


def _work(request: Request, count: int) -> Amount:
    """Cells of all frames, roughly: zeros between and around make a grid up to some times the output's."""
    grids = ((request.lead("input"), request.input_size), (request.lead("kernel"), request.geometry.kernel_size))
    cells = sum(prod((*lead, *size)) for lead, size in grids)
    cells += 4 * prod((*request.lead("output"), *request.output_size))
    shown = f"the film has {count} frames of about {cells} cells"
    return Amount(count * cells, MAX_WORK, THIN_WORK, shown, f"at most {MAX_WORK:,} cells in all frames are drawn")


def _sides(request: Request) -> Iterator[Amount]:
    yield from planes("kernel", request.extent(request.geometry.kernel_size, "kernel"))
    yield from planes("input", request.extent(request.input_size, "input"))
    yield from planes("output", request.extent(request.output_size, "output"))


def _thinned(request: Request, amounts: Callable[[Request], list[Amount]]) -> Request:
    first = amounts(request)
    if all(amount.value <= amount.most for amount in first):
        return request
    smaller: Request | None = request
    while smaller is not None:
        if all(amount.value <= amount.thinned for amount in amounts(smaller)):
            return smaller
        last, smaller = smaller, _smaller(smaller)
    # At its smallest it need only be possible.
    found = next((amount for amount in amounts(last) if amount.value > amount.most), None)
    if found is None:
        return last
    same_at_any_size = found.shown in {amount.shown for amount in first} or _smaller(request) is None
    change = found.remedy or ("a smaller kernel or dilation" if same_at_any_size else "smaller sizes")
    raise GeometryError("too large to draw", found.shown, f"use {change}: {found.limit}")


def _smaller(request: Request) -> Request | None:
    """With fewer inputs on the axis that has the most outputs, if there is one that still leaves an output."""
    by_output = sorted(range(request.geometry.ndim), key=lambda axis: -request.output_size[axis])
    for axis in by_output:
        n = request.input_size[axis]
        fewer = min(n - 1, n * 3 // 4) if n > 4 * THIN_SIDE else n - 1
        sizes = (*request.input_size[:axis], fewer, *request.input_size[axis + 1 :])
        if fewer > 0 and request.geometry.axes[axis].output_growth()(fewer) > 0:
            return replace(request, input_size=sizes)
    return None


def channels_of(geometry: ConvTranspose | Conv, channels: object) -> tuple[int, int] | None:
    """(C_in, C_out), checked; without any, one channel of each group, or None where there are no groups."""
    if channels is None:
        return None if geometry.groups == 1 else (geometry.groups, geometry.groups)
    pair = sequence(channels)
    if pair is None or len(pair) != 2:
        raise GeometryError("channels are not a pair", f"channels={channels!r}", "give (C_in, C_out)")
    inputs, outputs = (integer(f"channels[{at}]", value, minimum=1) for at, value in enumerate(pair))
    if inputs % geometry.groups or outputs % geometry.groups:
        raise GeometryError(
            "channels do not divide into the groups",
            f"channels=({inputs}, {outputs}), groups={geometry.groups}",
            f"use multiples of {geometry.groups}",
        )
    return inputs, outputs
