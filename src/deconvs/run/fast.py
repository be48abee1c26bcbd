"""The operator as callers use it: weights packed once, then any number of inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dtypes import arithmetic, as_array
from ..errors import GeometryError
from ..geometry import Conv, ConvTranspose, Padding, Sizes
from ..memory import require_bytes
from . import repeated
from .activation import read_activation
from .border import Weights, own_kind, read_input, read_weights, shared
from .by_core import Job, job_key, repeatable
from .by_numpy import compute_type, gathered
from .engine import Choice, read_kernel
from .layer import Layer

Array = NDArray[Any]


class Operator:
    """A ConvTranspose with its weights, ready to be called; made by ``g.prepare(weight, bias)``.

    >>> import numpy as np
    >>> from deconvs import ConvTranspose
    >>> op = ConvTranspose((2,), stride=2).prepare(np.array([[[1.0, -1.0]]]), bias=np.array([0.5]))
    >>> op(np.array([[3.0, 4.0]]))
    array([[ 3.5, -2.5,  4.5, -3.5]])
    >>> op
    ConvTranspose(kernel_size=(2,), stride=(2,)), channels 1 -> 1, float64

    x: (N, C_in, *input) or (C_in, *input). Every call returns an array of its own unless ``out`` is given; it lies as x
    does, channels last if x does. ``print(op)`` says what computes the sizes seen so far, and why.
    Integers are computed exactly and give int64 (an overflow is refused by a bound); float16 and bfloat16 are
    computed in float32. ``threads``: at most so many; by default DECONVS_NUM_THREADS or what the process may use. The
    result is the same, bit for bit, for any number of them. Where NumPy computes it limits BLAS, for the whole process
    while the call runs, and needs threadpoolctl for that. Errors: GeometryError.
    """

    def __init__(
        self,
        geometry: ConvTranspose,
        weight: object,
        bias: object = None,
        *,
        activation: object = None,
        kernel: str | None = None,
    ) -> None:
        read = read_weights(geometry, weight, bias)
        # Copies: changing the caller's arrays later must not change the operator.
        self._weights = Weights(
            read.weight.copy(), None if read.bias is None else read.bias.copy(), read.c_in, read.c_out
        )
        self._layer = Layer(geometry, self._weights, read_activation(activation), read_kernel(kernel))
        self._jobs: dict[Any, Job] = {}

    @property
    def geometry(self) -> ConvTranspose:
        """The geometry it was prepared for."""
        return self._layer.geometry

    def __call__(self, x: Any, out: Any = None, threads: int | None = None) -> Any:
        # What came before in this shape needs no more checks than these: a small layer takes as long as they do.
        if (core := self._layer.native) is not None and (threads is None or type(threads) is int):
            data, target = shared(x), shared(out)
            if data is not None and (target is None) == (out is None) and repeatable(data, target):
                job = self._jobs.get(job_key(data, target, core.default_threads() if threads is None else threads))
                if job is not None:
                    restore = None if data is x else own_kind(x)
                    y = job.again(job.packed, data, target)
                    return out if out is not None else y if restore is None else restore(y)
        return self._layer.run(x, out, threads, self._jobs)

    def choose(self, x_shape: Sequence[int], dtype: Any = None, threads: int | None = None) -> Choice | None:
        """The native kernel for inputs (N, C_in, *input) or (C_in, *input), and why; None where NumPy computes."""
        return self._layer.choose(tuple(x_shape), dtype, threads)

    def workspace_bytes(self, x_shape: Sequence[int], threads: int | None = None) -> int | None:
        """Bytes that a call works in beside x, the weights and the result, all threads together; None with NumPy."""
        return self._layer.workspace_bytes(tuple(x_shape), threads)

    @property
    def packed_bytes(self) -> int:
        """Bytes of the weights as packed so far."""
        return self._layer.packed_bytes

    def kernel(self, x_shape: Sequence[int]) -> str:
        """The name of what computes inputs of a shape: a native kernel, or numpy."""
        choice = self.choose(x_shape)
        return "numpy" if choice is None else choice.kernel

    def kernel_call(self, x: Array, out: Array) -> Callable[[], None]:
        """The bare native call for these arrays, for benchmarks of what surrounds it."""
        self(x, out=out)
        return self._layer.bare(x, out)

    def __repr__(self) -> str:
        w = self._weights
        return f"{self.geometry}, channels {w.c_in} -> {w.c_out}, {w.weight.dtype}"

    def __str__(self) -> str:
        return f"{self!r}\n{self._layer.told(list(dict.fromkeys((key[0], key[2], key[3]) for key in self._jobs)))}"


def conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    out: Any = None,
    threads: int | None = None,
) -> Any:
    """Transposed convolution over any number of axes; the number is that of the weight's kernel axes.

    >>> import numpy as np
    >>> x = np.array([[[1, 2], [3, 4]]])                         # (C_in, 2, 2)
    >>> w = np.arange(1, 10).reshape(1, 1, 3, 3)                  # (C_in, C_out, 3, 3)
    >>> conv_transpose(x, w)[0]
    array([[ 1,  4,  7,  6],
           [ 7, 23, 33, 24],
           [19, 53, 63, 42],
           [21, 52, 59, 36]])

    x: (N, C_in, *input) or (C_in, *input); weight: (C_in, C_out/groups, *kernel_size); bias: (C_out,). Parameters are
    those of `ConvTranspose`. NumPy in, NumPy out; any CPU array with DLPack in, its own kind out. Types, ``out`` and
    ``threads`` are those of `Operator`; to use the same weights again, ``ConvTranspose(...).prepare(weight, bias)``.
    Errors: GeometryError. Source: Dumoulin & Visin 2018, chapter 4.
    """
    parameters = stride, padding, output_padding, dilation, groups
    kernel = read_kernel(None)
    call = repeated.find(x, weight, bias, parameters, out, threads, kernel)
    if call is not None and call.job is not None and (y := call.run()) is not None:
        return y
    kernels = kernel_array(weight)
    geometry = _geometry(kernels.shape[2:], *parameters)
    jobs: dict[Any, Job] = {}
    y = Layer(geometry, read_weights(geometry, kernels, bias), kernel=kernel, once=True).run(x, out, threads, jobs)
    if call is not None:
        call.keep(jobs)
    return y


def _geometry(kernel_size: tuple[int, ...], *rest: Any) -> ConvTranspose:
    """The geometry; the same one for the same numbers, since reading them takes longer than a small layer."""
    return _known_geometry(kernel_size, *rest) if repeated.plain(rest) else ConvTranspose(kernel_size, *rest)


@lru_cache(maxsize=256)
def _known_geometry(kernel_size: tuple[int, ...], *rest: Any) -> ConvTranspose:
    return ConvTranspose(kernel_size, *rest)


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Any:
    """Convolution (cross-correlation) over any number of axes: the operator C whose transpose is conv_transpose.

    >>> import numpy as np
    >>> conv(np.arange(5).reshape(1, 5), np.array([[[1, 10]]]), stride=2)
    array([[10, 32]])

    x: (N, C_in, *input) or (C_in, *input); weight: (C_out, C_in/groups, *kernel_size); bias: (C_out,). Parameters are
    those of `Conv`, types those of `Operator`. Errors: GeometryError. Source: Dumoulin & Visin 2018, chapter 2.
    """
    kernels = kernel_array(weight)
    geometry = Conv(kernels.shape[2:], stride, padding, dilation, groups)
    weights = read_weights(geometry, kernels, bias)
    restore = own_kind(x)
    data, batched = read_input(x, geometry.ndim, weights.c_in)
    types = arithmetic([("x", data), *weights.named()])
    size = geometry.output_size(data.shape[2:])
    shape = (data.shape[0], weights.c_out, *size)
    item = types.compute.itemsize
    # The output with one tap's products and result, the input converted, one tap's window of it, the weights.
    window = data.shape[0] * weights.c_in * prod(min(n, m) for n, m in zip(size, data.shape[2:], strict=True))
    needed = item * (3 * prod(shape) + data.size + window + 2 * weights.weight.size)
    require_bytes("the convolution", f"output {shape}", needed)
    compute = compute_type(types, data, weights, groups, transposed=False)
    with np.errstate(all="ignore"):
        y = gathered(geometry, data.astype(compute, copy=False), weights.weight.astype(compute, copy=False), size)
        if weights.bias is not None:
            y += weights.bias.astype(compute).reshape(-1, *(1,) * geometry.ndim)
        y = y.astype(types.result, copy=False)
    return restore(y if batched else y[0])


def kernel_array(weight: Any) -> Array:
    """A weight whose own shape tells the kernel size, so it must have two channel axes and at least one more."""
    array = as_array("weight", weight)
    if array.ndim < 3:
        raise GeometryError(
            "weight has too few axes",
            f"weight has shape {array.shape}",
            "give it two channel axes and at least one kernel axis",
        )
    return array
