"""From a geometry and channels to calls of the native core: which kernel, how it is laid out and cut, and why.

One `Engine` serves every operator of the same geometry, channels and type: it keeps what was planned by input size.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from ..geometry import ConvTranspose
from .gemm_plan import MOST_TAPS, GemmTiling, GemmWeights, choose_gemm_tiling, gemm_weights
from .machine import Machine, machine
from .phase_plan import Phases, Weights, choose_weights
from .tiling import Tiling, choose_tiling
from .toom_plan import ToomTiling, ToomWeights, choose_toom_tiling, toom_weights

if TYPE_CHECKING:
    from .._native import Call, Packed

Array = NDArray[Any]

KERNELS = ("phase", "union", "gemm", "toom")
"""The kernels by name.

phase: each phase multiplies with its own taps. union: the phases of the last axis share panels of weights, with zeros
for taps that one lacks: better where there are few output channels. gemm: products of every input with every tap, added
up: better for small inputs and few output channels. toom: fewer products.
"""

MOST_PHASES = 2**14
"""More phases than this, over all axes, are left to NumPy: a table of them would cost more than the layer."""
_MOST_SCRATCH = 256 * 2**20
"""Bytes of a window that no cache holds: such geometries (vast dilations) are left to NumPy."""
WORTH = 1.15
"""How many times as fast fewer products must promise to be before they are used: they round a little differently."""
_SLACK = 2**14
_THREADS_FROM = 60_000.0
"""Cycles of work below which waking other threads costs more than they bring."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A kernel for one input size; ``modelled``: cycles that the cost model expects of every kernel, by one thread."""

    kernel: str
    weights: Weights | GemmWeights | ToomWeights
    tiling: Tiling | GemmTiling | ToomTiling
    threads: int
    modelled: tuple[tuple[str, float], ...]

    @property
    def cycles(self) -> float:
        """What the model expects, of all threads together."""
        return self.tiling.cycles


@dataclass(eq=False)
class Engine:
    """Native calls of one geometry, channels of a group, type and instruction set."""

    core: Any
    geometry: ConvTranspose
    channels_in: int
    channels_out: int
    dtype: np.dtype[Any]
    machine: Machine
    kernel: str | None
    _calls: dict[Any, Call] = field(default_factory=dict)
    _choices: dict[Any, Choice] = field(default_factory=dict)
    _layouts: dict[str, tuple[Weights | GemmWeights | ToomWeights, Any]] = field(default_factory=dict)

    def choose(self, batch: int, input_size: tuple[int, ...], threads: int, *, once: bool = False) -> Choice:
        """The kernel for an input size; ``once``: for weights that are packed for this call alone."""
        key = batch, input_size, threads, once
        if key not in self._choices:
            if len(self._choices) > 256:
                self._choices.clear()
            self._choices[key] = self._choose(batch, input_size, threads, once)
        return self._choices[key]

    def _choose(self, batch: int, size: tuple[int, ...], threads: int, once: bool) -> Choice:
        # Which kernel must not depend on the threads, since kernels round differently; how it cuts up may.
        tilings = {name: self._tiling(name, batch, size, 1) for name in self._kernels()}
        cycles = {name: tiling.cycles + (self._pack_cycles(name) if once else 0) for name, tiling in tilings.items()}
        best = min(cycles, key=lambda name: cycles[name] * (WORTH if name == "toom" else 1))
        tiling = tilings[best]
        if threads > 1 and tiling.cycles < _THREADS_FROM:
            threads = 1
        if threads > 1:
            tiling = self._tiling(best, batch, size, threads)
        weights = self._weights(best)
        assert weights is not None
        return Choice(best, weights, tiling, threads, tuple(cycles.items()))

    def _pack_cycles(self, kernel: str) -> float:
        """Cycles of packing: weights are read and written about as fast as memory is; planes are sums of them."""
        weights = self._weights(kernel)
        assert weights is not None
        if isinstance(weights, ToomWeights):
            count, each = weights.volume * weights.channels_in * weights.channels_out, 1.5
        else:
            count, each = weights.packed, 1.0
        return each * count * self.geometry.groups * self.dtype.itemsize

    def _kernels(self) -> list[str]:
        """Those that can compute the geometry, of those that may."""
        if self.kernel is not None:
            return [self.kernel]
        found = []
        for name in KERNELS:
            weights = self._weights(name)
            if name == "union" and isinstance(weights, Weights) and weights.phases.single:
                continue  # the same as phase
            if weights is not None:
                found.append(name)
        return found

    def _tiling(self, kernel: str, batch: int, size: tuple[int, ...], threads: int) -> Tiling | GemmTiling | ToomTiling:
        item = self.dtype.itemsize
        g = self.geometry
        output = g.output_size(size)
        weights = self._weights(kernel)
        assert weights is not None
        # The bound on what a call works in: a quarter of x and y, or 1 MiB a thread, less the tables and slack.
        data = batch * g.groups * item * (prod(output) * self.channels_out + prod(size) * self.channels_in)
        room = max(data // 4 // threads, 2**20) - _SLACK
        if isinstance(weights, Weights):
            return choose_tiling(weights, batch, size, output, self.machine, item, threads, room)
        if isinstance(weights, GemmWeights):
            return choose_gemm_tiling(weights, batch, size, output, self.machine, item, threads, room)
        return choose_toom_tiling(weights, batch, output, self.machine, item, threads, room)

    def candidate(self, kernel: str, batch: int, size: tuple[int, ...], threads: int) -> Choice:
        """A kernel as it would be used if it were chosen."""
        weights = self._weights(kernel)
        assert weights is not None
        return Choice(kernel, weights, self._tiling(kernel, batch, size, threads), threads, ())

    def call(self, choice: Choice, x: Any, y: Any) -> Call:
        """The core's call for arrays that lie like these."""
        key = choice.kernel, choice.threads, x.shape, x.strides, y.strides
        if key not in self._calls:
            if len(self._calls) > 256:
                self._calls.clear()
            calls = {"gemm": self.core.GemmCall, "toom": self.core.ToomCall}
            make = calls.get(choice.kernel, self.core.PhaseCall)
            tiling: Any = choice.tiling
            self._calls[key] = make(
                self.layout(choice.kernel), self.dtype.itemsize == 8, tiling.native(choice.weights, x, y)
            )
        return self._calls[key]

    def pack(
        self, kernel: str, weight: Array, bias: Array | None, activation: tuple[int, float], threads: int
    ) -> Packed:
        """The weights as a kernel wants them."""
        offsets = np.zeros(self.geometry.groups * self.channels_out, self.dtype) if bias is None else bias
        packed: Packed = self.layout(kernel).pack(
            np.ascontiguousarray(weight, self.dtype),
            np.ascontiguousarray(offsets, self.dtype),
            *activation,
            threads,
        )
        return packed

    def layout(self, kernel: str) -> Any:
        """The core's description of how weights lie."""
        self._weights(kernel)
        return self._layouts[kernel][1]

    def _weights(self, kernel: str) -> Weights | GemmWeights | ToomWeights | None:
        if kernel not in self._layouts:
            shape = self.geometry, self.channels_in, self.channels_out, self.machine
            weights: Weights | GemmWeights | ToomWeights | None
            if kernel == "toom":
                if (weights := toom_weights(*shape)) is None:
                    return None
                layout = self.core.ToomWeights(self.machine.isa, weights.native())
            elif kernel == "gemm":
                if (weights := gemm_weights(*shape)) is None:
                    return None
                layout = self.core.PhaseWeights(self.machine.isa, weights.native())
            else:
                weights = choose_weights(*shape, united=kernel == "union")
                layout = self.core.PhaseWeights(self.machine.isa, weights.native())
            self._layouts[kernel] = weights, layout
        return self._layouts[kernel][0]


def read_kernel(name: str | None) -> str | None:
    """A kernel by name, or None for whichever is fastest; by default what DECONVS_KERNEL says."""
    said = "kernel" if name is not None else "DECONVS_KERNEL"
    found = name if name is not None else os.environ.get(said) or None
    if found is not None and found not in KERNELS:
        raise GeometryError("no such kernel", f"{said}={found!r}", f"use one of {', '.join(KERNELS)}, or none")
    return found


def engine(
    core: Any,
    geometry: ConvTranspose,
    channels_in: int,
    channels_out: int,
    dtype: np.dtype[Any],
    isa: str,
    kernel: str | None,
) -> Engine | None:
    """The engine for channels of one group, or None where the core has no kernel for the geometry."""
    if prod(geometry.stride) > MOST_PHASES:
        return None
    return _engine(core, geometry, channels_in, channels_out, dtype, isa, kernel)


@lru_cache(maxsize=256)
def _engine(
    core: Any,
    geometry: ConvTranspose,
    channels_in: int,
    channels_out: int,
    dtype: np.dtype[Any],
    isa: str,
    kernel: str | None,
) -> Engine | None:
    made = Engine(core, geometry, channels_in, channels_out, dtype, machine(core, isa), kernel)
    if kernel == "toom" and toom_weights(geometry, channels_in, channels_out, made.machine) is None:
        raise GeometryError(
            "the kernel 'toom' cannot compute this geometry",
            f"{geometry}",
            "it takes 1 to 3 axes, undilated, with 1 to 3 taps a phase, 2 or more on some axis; leave kernel out",
        )
    if kernel == "gemm" and gemm_weights(geometry, channels_in, channels_out, made.machine) is None:
        raise GeometryError(
            "the kernel 'gemm' cannot compute this geometry",
            f"{geometry}",
            f"it takes up to {MOST_TAPS:,} taps; leave kernel out",
        )
    if prod(high - low + 1 for low, high in Phases(geometry).reach) * dtype.itemsize > _MOST_SCRATCH:
        return None
    return made
