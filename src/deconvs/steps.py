"""The frozen steps a Plan is made of.

Steps hold integers only, none of which depends on the input size: a step maps each axis by ``n -> scale*n + offset``.
Data has shape (N, C, *spatial). A step that multiplies names the recipe of its weight (weights.py).
run/interpret.py gives every step its meaning in NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import ClassVar

from .affine import Affine
from .axis import Phase
from .geometry import Pair
from .weights import (
    ColumnMatrix,
    FlippedKernel,
    PhaseKernels,
    Recipe,
    Setting,
    Shape,
    StoredWeight,
    SubPixelKernel,
    TransposedMatrix,
)
from .words import per_axis_text, sides_text, size_text, zeros_text


@dataclass(frozen=True, slots=True)
class Step:
    """One step on data; by default it changes no shape and multiplies nothing."""

    starts_over: ClassVar[bool] = False
    """True where `growth` counts from the plan's input, not from the step's own."""

    def growth(self, ndim: int) -> tuple[Affine, ...] | None:
        """How each spatial axis grows; None where the data is flat."""
        return (Affine(1, 0),) * ndim

    def shape(self, before: Shape, at: Setting) -> Shape:
        """Shape of the data after the step."""
        growth = self.growth(len(before) - 2)
        assert growth is not None
        return (*before[:2], *(grow(n) for grow, n in zip(growth, before[2:], strict=True)))

    def macs(self, before: Shape, at: Setting) -> int:
        """Products of the step, zeros and later cropped ones included."""
        return 0


@dataclass(frozen=True, slots=True)
class InsertZeros(Step):
    """Zeros between neighbours, so many per axis."""

    inserted: Shape

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return tuple(Affine(zeros + 1, -zeros) for zeros in self.inserted)

    def __str__(self) -> str:
        return f"insert {zeros_text(self.inserted)} between neighbours"


@dataclass(frozen=True, slots=True)
class Pad(Step):
    """Zeros around, (before, after) per axis."""

    amounts: tuple[Pair, ...]

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return tuple(Affine(1, before + after) for before, after in self.amounts)

    def __str__(self) -> str:
        return f"pad with zeros: {sides_text(self.amounts)}"


@dataclass(frozen=True, slots=True)
class Crop(Step):
    """Elements cut off, (before, after) per axis."""

    amounts: tuple[Pair, ...]

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return tuple(Affine(1, -before - after) for before, after in self.amounts)

    def __str__(self) -> str:
        return f"crop: {sides_text(self.amounts)}"


@dataclass(frozen=True, slots=True)
class Correlate(Step):
    """An ordinary convolution (cross-correlation) at stride 1, without padding."""

    dilation: Shape
    groups: int
    weight: FlippedKernel | SubPixelKernel

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return tuple(Affine(1, -d * (k - 1)) for k, d in zip(self.weight.taps, self.dilation, strict=True))

    def shape(self, before: Shape, at: Setting) -> Shape:
        n, _, *space = Step.shape(self, before, at)
        return (n, self.weight.shape(at)[0], *space)

    def macs(self, before: Shape, at: Setting) -> int:
        return prod(self.shape(before, at)) * prod(self.weight.shape(at)[1:])

    def __str__(self) -> str:
        dilated = "" if max(self.dilation) == 1 else f", dilation {per_axis_text(self.dilation)}"
        return f"convolve at stride 1 with the {size_text(self.weight.taps)} kernel{dilated}"


@dataclass(frozen=True, slots=True)
class Scatter(Step):
    """Every input element stamps its kernel, stride apart; sums where stamps overlap."""

    stride: Shape
    dilation: Shape
    full: tuple[Affine, ...]
    weight: StoredWeight

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return self.full

    def shape(self, before: Shape, at: Setting) -> Shape:
        n, _, *space = Step.shape(self, before, at)
        return (n, at.c_out, *space)

    def macs(self, before: Shape, at: Setting) -> int:
        return prod(before) * prod(self.weight.shape(at)[1:])

    def __str__(self) -> str:
        dilated = "" if max(self.dilation) == 1 else f" with its taps {per_axis_text(self.dilation)} apart"
        return (
            f"stamp x[i] times the {size_text(self.weight.kernel_size)} kernel{dilated} for every i,"
            f" {per_axis_text(self.stride)} apart, and sum"
        )


@dataclass(frozen=True, slots=True)
class MatMul(Step):
    """One matrix product per group: (N, C_in, *n) -> (N, C_out, *k, *n)."""

    weight: ColumnMatrix

    def shape(self, before: Shape, at: Setting) -> Shape:
        return (before[0], at.c_out, *self.weight.kernel_size, *before[2:])

    def macs(self, before: Shape, at: Setting) -> int:
        return prod(before) * (at.c_out // self.weight.groups) * prod(self.weight.kernel_size)

    def __str__(self) -> str:
        return "multiply the matrix Wᵀ by the input seen as a matrix X: channels by positions"


@dataclass(frozen=True, slots=True)
class OverlapAdd(Step):
    """Columns (N, C, *k, *n) summed into (N, C, *full): column i, tap j to i*s + j*d (also called col2im)."""

    kernel_size: Shape
    stride: Shape
    dilation: Shape
    full: tuple[Affine, ...]

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return self.full

    def shape(self, before: Shape, at: Setting) -> Shape:
        space = before[2 + len(self.kernel_size) :]
        return (*before[:2], *(grow(n) for grow, n in zip(self.full, space, strict=True)))

    def __str__(self) -> str:
        return f"overlap-add: lay the columns {per_axis_text(self.stride)} apart and sum"


@dataclass(frozen=True, slots=True)
class Flatten(Step):
    """(N, C, *space) to (N, C * prod(space))."""

    def growth(self, ndim: int) -> None:
        return None

    def shape(self, before: Shape, at: Setting) -> Shape:
        return (before[0], prod(before[1:]))

    def __str__(self) -> str:
        return "flatten channels and space into one vector"


@dataclass(frozen=True, slots=True)
class Multiply(Step):
    """Multiply each vector by Cᵀ."""

    weight: TransposedMatrix

    def growth(self, ndim: int) -> None:
        return None

    def shape(self, before: Shape, at: Setting) -> Shape:
        return (before[0], at.c_out * prod(self.weight.geometry.output_size(at.input_size)))

    def macs(self, before: Shape, at: Setting) -> int:
        return before[0] * prod(self.weight.shape(at))

    def __str__(self) -> str:
        return "multiply by Cᵀ"


@dataclass(frozen=True, slots=True)
class Unflatten(Step):
    """(N, C * prod(space)) back to (N, C, *space); the space grew from the input by ``sizes``."""

    sizes: tuple[Affine, ...]
    starts_over: ClassVar[bool] = True

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return self.sizes

    def shape(self, before: Shape, at: Setting) -> Shape:
        return (before[0], at.c_out, *(grow(n) for grow, n in zip(self.sizes, at.input_size, strict=True)))

    def __str__(self) -> str:
        return "unflatten into channels and space"


@dataclass(frozen=True, slots=True)
class Fill(Step):
    """No product lands here: zeros, which only the bias will change."""

    extra: Shape

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return tuple(Affine(1, extra) for extra in self.extra)

    def shape(self, before: Shape, at: Setting) -> Shape:
        n, _, *space = Step.shape(self, before, at)
        return (n, at.c_out, *space)

    def __str__(self) -> str:
        return "fill with zeros: no tap reaches this phase"


@dataclass(frozen=True, slots=True)
class CorrelatePhases(Step):
    """One stride-1 correlation for each combination of the axes' phases; its data is a list, in branches() order.

    Sizes and costs are those of all branches together.
    """

    phases: tuple[tuple[Phase, ...], ...]
    weight: PhaseKernels

    def branches(self) -> Iterator[tuple[Step, ...]]:
        """The steps of each branch, all starting from the same data; C order over the axes' phases."""
        return (self._branch(combination) for combination in product(*self.phases))

    def padded_size(self, input_size: Shape) -> Shape:
        """The largest size, axis by axis, to which a branch pads the input."""
        return tuple(
            n + max(max(0, before) + max(0, after) for before, after in (phase.pad for phase in phases))
            for n, phases in zip(input_size, self.phases, strict=True)
        )

    def _branch(self, phases: tuple[Phase, ...]) -> tuple[Step, ...]:
        if not all(phase.taps for phase in phases):
            return (Fill(tuple(phase.extra for phase in phases)),)
        kernel = FlippedKernel(
            tuple(phase.first_tap for phase in phases),
            tuple(phase.tap_step for phase in phases),
            tuple(phase.taps for phase in phases),
            self.weight.groups,
        )
        dilation = tuple(phase.dilation for phase in phases)
        return (*pad_then_crop(tuple(phase.pad for phase in phases)), Correlate(dilation, self.weight.groups, kernel))

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return tuple(Affine(len(phases), sum(phase.extra for phase in phases)) for phases in self.phases)

    def shape(self, before: Shape, at: Setting) -> Shape:
        n, _, *space = Step.shape(self, before, at)
        return (n, at.c_out, *space)

    def macs(self, before: Shape, at: Setting) -> int:
        products = prod(
            sum(phase.taps * (n + phase.extra) for phase in phases)
            for phases, n in zip(self.phases, before[2:], strict=True)
        )
        return before[0] * at.c_in * (at.c_out // self.weight.groups) * products

    def __str__(self) -> str:
        count = prod(len(phases) for phases in self.phases)
        used = prod(sum(phase.taps > 0 for phase in phases) for phases in self.phases)
        empty = "" if used == count else f", {count - used} of them without a tap"
        return f"convolve {count} {'phase' if count == 1 else 'phases'} at stride 1{empty}"


@dataclass(frozen=True, slots=True)
class Interleave(Step):
    """The maps of CorrelatePhases woven into one: map (r1, r2, ...) at offsets[a][ra], then every stride-th.

    ``sizes`` of the result count from the plan's input; the shape is already that of all branches together.
    """

    offsets: tuple[tuple[int, ...], ...]
    stride: Shape
    sizes: tuple[Affine, ...]

    def __str__(self) -> str:
        return f"interleave the phases, each {per_axis_text(self.stride)} apart"


@dataclass(frozen=True, slots=True)
class PixelShuffle(Step):
    """(N, C * prod(s), *n) to (N, C, *(n*s)), channel c*prod(s) + phase to its phase (as torch.nn.PixelShuffle)."""

    stride: Shape

    def growth(self, ndim: int) -> tuple[Affine, ...]:
        return tuple(Affine(s, 0) for s in self.stride)

    def shape(self, before: Shape, at: Setting) -> Shape:
        n, _, *space = Step.shape(self, before, at)
        return (n, at.c_out, *space)

    def __str__(self) -> str:
        return f"pixel shuffle: {prod(self.stride)} channels into a block of {size_text(self.stride)}"


@dataclass(frozen=True, slots=True)
class AddBias(Step):
    """bias[c] added everywhere, once, also where no product lands; nothing without a bias."""

    def __str__(self) -> str:
        return "add the bias (if any) everywhere, also where no product lands"


def recipe_of(step: Step) -> Recipe | None:
    """How the step's weight is prepared; None for a step without one."""
    return getattr(step, "weight", None)


def pad_then_crop(pads: tuple[Pair, ...]) -> tuple[Step, ...]:
    """Pads of which some may be negative, as a Pad and a Crop; pad first, so that no size is negative in between."""
    padded = tuple((max(0, before), max(0, after)) for before, after in pads)
    cropped = tuple((max(0, -before), max(0, -after)) for before, after in pads)
    return (
        *((Pad(padded),) if any(map(any, padded)) else ()),
        *((Crop(cropped),) if any(map(any, cropped)) else ()),
    )
