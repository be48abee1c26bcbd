"""The border between callers' arrays and the core: everything is checked here, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..costs import Costs
from ..dtypes import arithmetic, as_array, library_of, refuse_overflow, to_library
from ..errors import GeometryError
from ..geometry import Geometry
from ..memory import require_bytes
from ..plan import Plan
from ..steps import CorrelatePhases
from .interpret import interpret, prepare

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Weights:
    """A weight and bias that fit a geometry, and the channels they have."""

    weight: Array
    bias: Array | None
    c_in: int
    c_out: int

    def named(self) -> list[tuple[str, Array]]:
        """The arrays by name, as `arithmetic` takes them."""
        return [("weight", self.weight), *([] if self.bias is None else [("bias", self.bias)])]

    def arrays(self) -> list[Array]:
        """The arrays alone."""
        return [array for _, array in self.named()]


def read_weights(geometry: Geometry, weight: object, bias: object) -> Weights:
    """Check a weight and an optional bias against a geometry."""
    weights = as_array("weight", weight)
    c_in, c_out = geometry.channels(weights.shape)
    if bias is None:
        return Weights(weights, None, c_in, c_out)
    offsets = as_array("bias", bias)
    if offsets.shape != (c_out,):
        raise GeometryError(
            "bias does not fit the weight",
            f"bias has shape {offsets.shape}, the weight has {c_out} output channels",
            f"give it shape ({c_out},)",
        )
    return Weights(weights, offsets, c_in, c_out)


def read_input(x: object, ndim: int, c_in: int) -> tuple[Array, bool]:
    """``x`` as (N, C_in, *spatial), and whether it came with a batch axis."""
    array = as_array("x", x)
    if array.ndim not in (ndim + 1, ndim + 2):
        raise GeometryError(
            "x has the wrong number of axes",
            f"x has shape {array.shape}, the geometry has {ndim} spatial {'axis' if ndim == 1 else 'axes'}",
            f"give it {ndim + 2} axes (N, C_in, *spatial), or {ndim + 1} without the batch",
        )
    batched = array.ndim == ndim + 2
    channels = array.shape[-ndim - 1]
    if channels != c_in:
        raise GeometryError(
            "x does not have the weight's input channels",
            f"x has shape {array.shape} with {channels} channels, the weight takes {c_in}",
            f"give x {c_in} channels on axis {int(batched)}, or change the weight or groups",
        )
    return (array if batched else array[None]), batched


def read_out(out: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """``out`` as an array that can be written to, of exactly the result's shape and type."""
    if not hasattr(out, "__dlpack__"):
        raise GeometryError("out is not an array", f"out is a {type(out).__name__}", "pass an array to be filled")
    array = as_array("out", out)
    if array.shape != shape or array.dtype != dtype:
        raise GeometryError(
            "out does not fit the result",
            f"out is {array.dtype} of shape {array.shape}",
            f"give {dtype} of shape {shape}",
        )
    if not array.flags.writeable:
        raise GeometryError("out cannot be written to", f"out of shape {shape} is read-only", "pass a writable array")
    return array


def own_kind(x: Any) -> Callable[[Array], Any]:
    """How to give a result back as the kind of array ``x`` is: NumPy stays NumPy, others return through DLPack."""
    if isinstance(x, np.ndarray) or not hasattr(x, "__dlpack__"):
        return lambda result: result
    library = library_of(x)
    if not hasattr(library, "from_dlpack"):
        raise GeometryError(
            "x is of a kind that a result cannot be given back in",
            f"x is a {type(x).__module__}.{type(x).__name__}, and its library has no from_dlpack",
            "pass a NumPy array",
        )
    return lambda result: to_library(library, result)


def shared(value: Any) -> Array | None:
    """``value`` as an array that shares its memory; None where it must be read with more care, or is none."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ndarray) or not hasattr(value, "__dlpack__"):
        return None
    try:
        return as_array("", value)
    except GeometryError:  # said when it is read for good
        return None


def require_result(output: str, needed: int) -> None:
    """Refuse a transposed convolution that needs more bytes at once than there are."""
    require_bytes("the transposed convolution", output, needed)


def run_plan(plan: Plan, x: object, weight: object, bias: object) -> Any:
    """`Plan.run`: check, compute step by step, return in the caller's kind."""
    geometry = plan.geometry
    weights = read_weights(geometry, weight, bias)
    restore = own_kind(x)
    data, batched = read_input(x, geometry.ndim, weights.c_in)
    types = arithmetic([("x", data), *weights.named()])
    costs = plan.at(data.shape[2:], channels=(weights.c_in, weights.c_out), batch=data.shape[0], dtype=types.compute)
    require_bytes(f"the {plan.view} view", f"its largest step on x of shape {data.shape}", _working_bytes(costs))
    if types.exact:
        refuse_overflow(data, weights.weight, weights.bias, groups=geometry.groups, transposed=True)
    prepared = prepare(plan, weights.weight.astype(types.compute, copy=False))
    offsets = None if weights.bias is None else weights.bias.astype(types.compute)
    with np.errstate(all="ignore"):  # infinities and NaN are data here, not accidents
        y = interpret(plan, data.astype(types.compute, copy=False), prepared, weights.c_out, offsets)
        y = np.ascontiguousarray(y.astype(types.result, copy=False))
    return restore(y if batched else y[0])


def _working_bytes(costs: Costs) -> int:
    """What a run holds at once: a step's data before and after it, as much again while it works, and the weights."""
    item = np.dtype(costs.dtype).itemsize
    before = item * costs.batch * costs.channels[0] * prod(costs.input_size)
    most = 0
    for cost in costs.steps:
        inner = 0
        if isinstance(cost.step, CorrelatePhases):  # its branches pad the input, each for itself
            inner = item * costs.batch * costs.channels[0] * prod(cost.step.padded_size(costs.input_size))
        most = max(most, before + cost.bytes + max(before, inner) + max(cost.bytes, inner))
        before = cost.bytes
    return most + 2 * costs.weight_bytes
