"""How weights are prepared for a Plan: once, apart from the data. run/interpret.py carries the recipes out."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from .geometry import ConvTranspose

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the size-free steps are evaluated at."""

    input_size: Shape
    c_in: int
    c_out: int
    batch: int


@dataclass(frozen=True, slots=True)
class StoredWeight:
    """The weight as it is stored: (C_in, C_out/groups, *k)."""

    kernel_size: Shape
    groups: int

    def shape(self, at: Setting) -> Shape:
        return (at.c_in, at.c_out // self.groups, *self.kernel_size)

    def __str__(self) -> str:
        return "keep the kernels as they are stored"


@dataclass(frozen=True, slots=True)
class ColumnMatrix:
    """The weight as one matrix per group: (groups, C_out/groups * prod(k), C_in/groups)."""

    kernel_size: Shape
    groups: int

    def shape(self, at: Setting) -> Shape:
        return (self.groups, at.c_out // self.groups * prod(self.kernel_size), at.c_in // self.groups)

    def __str__(self) -> str:
        return (
            "write the kernels as a matrix Wᵀ: a row for each output channel and tap, a column for each input channel"
        )


@dataclass(frozen=True, slots=True)
class FlippedKernel:
    """Chosen taps, rotated by 180 degrees, channels swapped: (C_out, C_in/groups, *taps)."""

    first_tap: Shape
    tap_step: Shape
    taps: Shape
    groups: int

    def shape(self, at: Setting) -> Shape:
        return (at.c_out, at.c_in // self.groups, *self.taps)

    def __str__(self) -> str:
        turn = {1: "reverse every kernel", 2: "turn every kernel by 180 degrees"}.get(
            len(self.taps), "reverse every kernel on every axis"
        )
        return f"{turn}, and swap its input and output channels"


@dataclass(frozen=True, slots=True)
class PhaseKernels:
    """One FlippedKernel for each combination of phases that has taps; together every tap once."""

    kernel_size: Shape
    groups: int

    def shape(self, at: Setting) -> Shape:
        return (at.c_out, at.c_in // self.groups, *self.kernel_size)

    def __str__(self) -> str:
        return "deal the taps out to the phases, then reverse each small kernel and swap its channels"


@dataclass(frozen=True, slots=True)
class SubPixelKernel:
    """All phases side by side in the output channels: (C_out * prod(s), C_in/groups, *taps), reversed."""

    geometry: ConvTranspose
    taps: Shape

    def shape(self, at: Setting) -> Shape:
        return (at.c_out * prod(self.geometry.stride), at.c_in // self.geometry.groups, *self.taps)

    def __str__(self) -> str:
        return "give each phase its own output channels, filled up with zeros to a common size, reversed"


@dataclass(frozen=True, slots=True)
class TransposedMatrix:
    """Cᵀ as a sparse matrix (C_out * prod(output), C_in * prod(input)), built for each input size."""

    geometry: ConvTranspose

    def shape(self, at: Setting) -> Shape:
        """The stored elements: one for each product."""
        products = prod(axis.products(n) for axis, n in zip(self.geometry.axes, at.input_size, strict=True))
        return (at.c_in, at.c_out // self.geometry.groups, products)

    def __str__(self) -> str:
        return "for each input size, write the matrix C of the paired convolution, and transpose it"


Recipe = StoredWeight | ColumnMatrix | FlippedKernel | PhaseKernels | SubPixelKernel | TransposedMatrix
