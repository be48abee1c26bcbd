"""Arrays to the native core: what it takes, how results lie, calls kept by shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import ConvTranspose
from .border import Weights, require_result
from .engine import Choice, Engine, engine

if TYPE_CHECKING:
    from .._native import Call, Packed

Array = NDArray[Any]

_LARGE = 2**20
"""Results of at least so many bytes come from memory that earlier ones left."""


@dataclass(slots=True)
class Job:
    """All that is left to do for arrays like earlier ones."""

    engine: Engine
    kernel: str
    call: Call
    packed: Packed | None  # None where every call brings its own
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    pixels: bool
    batched: bool
    threads: int
    needed: int  # bytes
    told: str  # what they are needed for
    empty: Any

    def result(self) -> Array:
        """A new array for the result, with a batch axis."""
        return empty(self.empty, self.shape, self.dtype, self.pixels)

    def run(self, x: Array, y: Array) -> None:
        """Fill ``y``; both have a batch axis."""
        assert self.packed is not None
        self.call(self.packed, x, y, self.threads)

    def again(self, packed: Packed | None, x: Array, out: Array | None) -> Array:
        """The result for weights, x and out as callers gave them: without a batch axis where x came without."""
        assert packed is not None
        require_result(self.told, self.needed)
        if not self.batched:
            x = x[None]
        if out is None:
            y = self.result()
            self.call(packed, x, y, self.threads)
            return y if self.batched else y[0]
        self.call(packed, x, out if self.batched else out[None], self.threads)
        return out


def job_key(x: Array, out: Array | None, threads: int) -> tuple[Any, ...]:
    """What a job is kept by: callers' arrays as they lie, and the threads that may be used."""
    if out is None:
        return x.shape, x.strides, x.dtype, threads
    return x.shape, x.strides, x.dtype, threads, out.shape, out.strides, out.dtype


def repeatable(x: Array, out: Array | None) -> bool:
    """Whether arrays that lie like earlier ones may be handed to the core as they are."""
    if not x.flags.aligned:
        return False
    if out is None:
        return True
    flags = out.flags
    return flags.writeable and flags.aligned and not np.may_share_memory(x, out)


def empty(large: Any, shape: tuple[int, ...], dtype: np.dtype[Any], pixels: bool) -> Array:
    """An uninitialised (N, C, *spatial); with ``pixels`` the channels of a pixel lie together (channels last)."""
    lying = (shape[0], *shape[2:], shape[1]) if pixels else shape
    nbytes = prod(shape) * dtype.itemsize
    if nbytes < _LARGE:
        made: Array = np.empty(lying, dtype)
    else:
        made = large(nbytes).view(dtype).reshape(lying)
    return made.transpose(0, len(shape) - 1, *range(1, len(shape) - 1)) if pixels else made


def channels_last(x: Array) -> bool:
    """Whether the channels of a pixel lie together in an (N, C, *spatial); ambiguous strides count as contiguous."""
    return not x.flags.c_contiguous and x.transpose(0, *range(2, x.ndim), 1).flags.c_contiguous


class NativeOperator:
    """A geometry with weights, computed by the core wherever it can be."""

    def __init__(
        self,
        core: Any,
        geometry: ConvTranspose,
        weights: Weights,
        activation: tuple[int, float] = (0, 0.0),
        kernel: str | None = None,
        once: bool = False,
    ) -> None:
        self._core = core
        self._geometry = geometry
        self._weights = weights
        self._activation = activation
        self._kernel = kernel
        self._once = once
        # Weights are packed for one instruction set, which therefore stays what it is now.
        self.isa = str(core.chosen())
        self._packed: dict[tuple[np.dtype[Any], str], Packed] = {}

    @property
    def finite(self) -> bool:
        """Whether no weight packed so far is infinite or NaN."""
        return all(packed.finite for packed in self._packed.values())

    @property
    def packed_bytes(self) -> int:
        """Bytes of the weights as packed so far."""
        return sum(packed.bytes for packed in self._packed.values())

    def default_threads(self) -> int:
        """Threads of a call that does not say how many."""
        return int(self._core.default_threads())

    def workspace_bytes(self, batch: int, size: tuple[int, ...], choice: Choice) -> int:
        """Scratch memory of all threads of a call."""
        dtype = np.dtype(self._weights.weight.dtype if self._weights.weight.dtype.itemsize == 8 else np.float32)
        found = self.engine(dtype)
        assert found is not None
        x = lying((batch, self._weights.c_in, *size), dtype, False)
        y = lying((batch, self._weights.c_out, *self._geometry.output_size(size)), dtype, False)
        call = found.call(choice, x, y)
        return int(call.scratch_bytes * min(choice.threads, call.jobs))

    def engine(self, dtype: np.dtype[Any]) -> Engine | None:
        """The engine that computes in ``dtype``."""
        g, w = self._geometry, self._weights
        return engine(self._core, g, w.c_in // g.groups, w.c_out // g.groups, dtype, self.isa, self._kernel)

    def choose(self, batch: int, size: tuple[int, ...], dtype: np.dtype[Any], threads: int | None) -> Choice | None:
        """The kernel for an input, or None where NumPy computes, because no kernel takes it."""
        if dtype.name not in ("float32", "float64") or batch == 0 or 0 in self._geometry.output_size(size):
            return None
        found = self.engine(dtype)
        if found is None:
            return None
        workers = self._core.default_threads() if threads is None else threads
        return found.choose(batch, size, workers, once=self._once)

    def packed(self, dtype: np.dtype[Any], kernel: str, threads: int) -> Packed:
        """The weights for a kernel; packed at the first call."""
        key = dtype, kernel
        if key not in self._packed:
            found = self.engine(dtype)
            assert found is not None
            w = self._weights
            self._packed[key] = found.pack(kernel, w.weight, w.bias, self._activation, threads)
        return self._packed[key]

    def job(self, x: Array, batched: bool, out: Array | None, choice: Choice, needed: int) -> Job | None:
        """How to compute inputs like ``x`` (with a batch axis) into ones like ``out``; None: weights are not finite."""
        found = self.engine(x.dtype)
        assert found is not None
        packed = self.packed(x.dtype, choice.kernel, choice.threads)
        if not packed.finite:
            return None
        shape = (x.shape[0], self._weights.c_out, *self._geometry.output_size(x.shape[2:]))
        pixels = channels_last(x)
        call = found.call(choice, x, out if out is not None else lying(shape, x.dtype, pixels))
        return Job(
            found,
            choice.kernel,
            call,
            packed,
            shape,
            x.dtype,
            pixels,
            batched,
            choice.threads,
            needed,
            f"output {shape}",
            self._core.empty,
        )


class _Lying:
    """Shape and strides of an array that is not there yet."""

    def __init__(self, shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> None:
        self.shape, self.strides, self.itemsize = shape, strides, itemsize


def lying(shape: tuple[int, ...], dtype: np.dtype[Any], pixels: bool) -> _Lying:
    """An array that is not there yet; with ``pixels`` the channels of a pixel lie together."""
    order = [0, *range(2, len(shape)), 1] if pixels else list(range(len(shape)))
    strides, step = [0] * len(shape), dtype.itemsize
    for axis in reversed(order):
        strides[axis] = step
        step *= shape[axis]
    return _Lying(shape, tuple(strides), dtype.itemsize)
