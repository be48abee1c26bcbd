"""A geometry with weights, computed by the native core or by NumPy, whichever can: everything around the arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import integer
from ..dtypes import Arithmetic, arithmetic
from ..errors import GeometryError
from ..geometry import ConvTranspose
from ..memory import require_bytes
from . import by_numpy
from .activation import NO_ACTIVATION, Activation
from .border import Weights, own_kind, read_input, read_out
from .by_core import Job, NativeOperator, job_key
from .engine import Choice
from .explain import reasons
from .native import load, tell_once, why_not

Array = NDArray[Any]

_KEPT = 64
"""Shapes whose calls an operator keeps."""


class Layer:
    """A geometry with weights, by whatever computes it; ``once``: weights are packed for one call alone."""

    def __init__(
        self,
        geometry: ConvTranspose,
        weights: Weights,
        activation: Activation = NO_ACTIVATION,
        kernel: str | None = None,
        *,
        once: bool = False,
    ) -> None:
        self.geometry = geometry
        self.native = load()
        self._weights = weights
        self._activation = activation
        self._matrices: dict[np.dtype[Any], Array] = {}
        if self.native is None and kernel is not None:
            raise GeometryError("a kernel needs the native core", f"kernel={kernel!r}, and {why_not()}", "leave it out")
        self._native = (
            None
            if self.native is None
            else NativeOperator(self.native, geometry, weights, activation.native, kernel, once)
        )

    def run(self, x: Any, out: Any, threads: Any, jobs: dict[Any, Job]) -> Any:
        """Check everything, compute, keep what the next call of this shape needs in ``jobs``."""
        limit = None if threads is None else integer("threads", threads, minimum=1)
        restore = own_kind(x)
        data, batched = read_input(x, self.geometry.ndim, self._weights.c_in)
        types = arithmetic([("x", data), *self._weights.named()])
        if types.exact:
            self._activation.refuse_integers()
        size = self.geometry.output_size(data.shape[2:])
        shape = (data.shape[0], self._weights.c_out, *size)
        target = None if out is None else read_out(out, shape if batched else shape[1:], types.result)
        shared = target is not None and any(
            np.may_share_memory(target, array) for array in (data, *self._weights.arrays())
        )
        whole = None if target is None else target if batched else target[None]
        y = self._by_core(data, batched, None if shared else whole, types, limit, jobs)
        if y is None:
            if self._native is None and not types.exact:
                tell_once(3)
            y = self._by_numpy(data, None if shared else whole, types, size, limit)
        if target is None:
            return restore(y if batched else y[0])
        if y is not whole:
            target[...] = y if batched else y[0]
        return out

    def _by_core(
        self,
        data: Array,
        batched: bool,
        target: Array | None,
        types: Arithmetic,
        threads: int | None,
        jobs: dict[Any, Job],
    ) -> Array | None:
        if self._native is None or types.exact:
            return None
        choice = self._native.choose(data.shape[0], data.shape[2:], types.compute, threads)
        if choice is None:
            return None
        x = data if data.dtype == types.compute and _plain(data) else data.astype(types.compute)
        fits = target is not None and target.dtype == types.compute and _plain(target)
        item = types.compute.itemsize
        shape = (data.shape[0], self._weights.c_out, *self.geometry.output_size(data.shape[2:]))
        needed = (0 if fits else item * prod(shape)) + 4 * item * self._weights.weight.size
        require_bytes("the transposed convolution", f"output {shape}", needed + (0 if x is data else x.nbytes))
        job = self._native.job(x, batched, target if fits else None, choice, needed)
        if job is None:
            return None
        y = target if fits and target is not None else job.result()
        job.run(x, y)
        if x is data and types.result == types.compute:
            # By the callers' own arrays, and the threads that were asked for.
            workers = self._native.default_threads() if threads is None else threads
            given = target if fits else None
            if len(jobs) >= _KEPT:
                jobs.clear()
            if batched:
                jobs[job_key(data, given, workers)] = job
            else:
                jobs[job_key(data[0], None if given is None else given[0], workers)] = job
        if y is not target and types.result != types.compute:
            with np.errstate(all="ignore"):
                return y.astype(types.result)
        return y

    def _by_numpy(
        self, data: Array, target: Array | None, types: Arithmetic, size: tuple[int, ...], threads: int | None
    ) -> Array:
        geometry, weights = self.geometry, self._weights
        shape = (data.shape[0], weights.c_out, *size)
        item = types.compute.itemsize
        column = item * weights.c_out * prod(geometry.kernel_size) * prod(data.shape[2:])
        images = max(1, min(data.shape[0], by_numpy.COLUMN_BYTES // column))
        # Besides its columns, a turn holds its input, converted or made contiguous, and its output where types differ.
        turn = images * (column + item * (prod(data.shape[1:]) + prod(shape[1:])))
        output = 0 if target is not None else types.result.itemsize * prod(shape)
        packed_weight = 2 * item * weights.weight.size
        require_bytes("the transposed convolution", f"output {shape}", output + turn + packed_weight)

        compute = by_numpy.compute_type(types, data, weights, geometry.groups, transposed=True)
        result = np.empty(shape, types.result) if target is None else target
        matrix = self._matrix(compute)
        bias = None if weights.bias is None else weights.bias.astype(compute)
        with (
            by_numpy.blas_threads(threads),
            np.errstate(all="ignore"),
        ):  # infinities and NaN are data here, not accidents
            for start in range(0, data.shape[0], images):
                part = data[start : start + images].astype(compute, copy=False)
                y = result[start : start + images]
                if result.dtype == compute:
                    by_numpy.scattered(geometry, part, matrix, bias, y)
                    self._activation.apply(y)
                else:
                    own = np.empty(y.shape, compute)
                    by_numpy.scattered(geometry, part, matrix, bias, own)
                    self._activation.apply(own)
                    y[...] = own
        return result

    def _matrix(self, compute: np.dtype[Any]) -> Array:
        if compute not in self._matrices:
            self._matrices[compute] = by_numpy.packed(self.geometry.plan("gemm"), self._weights, compute)
        return self._matrices[compute]

    def choose(self, x_shape: tuple[int, ...], dtype: Any, threads: int | None) -> Choice | None:
        """The native kernel for inputs of a shape; None where NumPy computes."""
        if self._native is None:
            return None
        batch, size = self._sizes(x_shape)
        types = arithmetic(
            [("x", np.empty(0, self._weights.weight.dtype if dtype is None else dtype)), *self._weights.named()]
        )
        return None if types.exact else self._native.choose(batch, size, types.compute, threads)

    def workspace_bytes(self, x_shape: tuple[int, ...], threads: int | None) -> int | None:
        """What a call works in, all threads together; None with NumPy."""
        choice = self.choose(x_shape, None, threads)
        if choice is None or self._native is None:
            return None
        return self._native.workspace_bytes(*self._sizes(x_shape), choice)

    @property
    def packed_bytes(self) -> int:
        """Bytes of the weights as packed so far."""
        if self._native is None:
            return sum(matrix.nbytes for matrix in self._matrices.values())
        return self._native.packed_bytes

    def bare(self, x: Array, out: Array) -> Callable[[], None]:
        """The native call alone."""
        choice = self.choose(x.shape, x.dtype, None)
        job = None if choice is None or self._native is None else self._native.job(x, True, out, choice, 0)
        if job is None:
            raise GeometryError(
                "NumPy computes this layer", f"x of shape {x.shape}, {x.dtype}", "there is no native call"
            )
        return lambda: job.run(x, out)

    def told(self, seen: list[tuple[tuple[int, ...], np.dtype[Any], int]]) -> str:
        """What computes, and why, for the shapes, types and threads seen so far."""
        if self._native is None:
            return f"by NumPy's gemm view: {why_not()}"
        if not self._native.finite:
            return "by NumPy's gemm view: not all weights are finite"
        lines = [f"by the native core, {self._native.isa}"]
        for shape, dtype, threads in seen:
            batch, size = self._sizes(shape)
            found = self._native.engine(dtype)
            choice = self._native.choose(batch, size, dtype, threads)
            if found is not None and choice is not None:
                lines.append(f"  x {shape}, {dtype}")
                lines.append(f"    {reasons(found, choice, batch, size).argument('    ')}")
        if not seen:
            lines[0] += "; which kernel depends on the input size"
        return "\n".join(lines)

    def _sizes(self, x_shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        ndim = self.geometry.ndim
        if len(x_shape) not in (ndim + 1, ndim + 2) or x_shape[-ndim - 1] != self._weights.c_in:
            raise GeometryError(
                "x of such a shape does not fit",
                f"shape {x_shape}",
                f"give (N, {self._weights.c_in}, *spatial) with {ndim} spatial {'axis' if ndim == 1 else 'axes'}",
            )
        return (x_shape[0] if len(x_shape) == ndim + 2 else 1), self.geometry.sizes(x_shape[-ndim:])


def _plain(array: Array) -> bool:
    """Whether the core can read it where it lies: whole elements in this machine's own order."""
    item = array.dtype.itemsize
    return array.flags.aligned and array.dtype.isnative and all(step % item == 0 for step in array.strides)
