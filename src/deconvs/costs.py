"""What a Plan costs at one size: shapes, products, bytes, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from .arguments import checked_size
from .dtypes import computable
from .errors import GeometryError
from .geometry import ConvTranspose
from .memory import readable_bytes
from .steps import Step, recipe_of
from .weights import Setting, Shape

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step at one size: the shape it leaves, its products, the bytes of what it leaves."""

    step: Step
    shape: Shape
    macs: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Costs:
    """A Plan at one input size; prints as a table.

    ``useful_macs`` are the products that reach the output, the same number for every view; ``wasted_macs`` are
    products with zeros that were put in, or whose sum is cropped away. ``weight_bytes`` are those of the prepared
    weights, held apart from the data; of Cᵀ the stored elements, without their indices.
    """

    geometry: ConvTranspose
    view: str
    input_size: Shape
    channels: tuple[int, int]
    batch: int
    dtype: str
    steps: tuple[StepCost, ...]
    useful_macs: int
    weight_bytes: int

    @property
    def output_size(self) -> Shape:
        return self.geometry.output_size(self.input_size)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shape of the data after each step."""
        return tuple(cost.shape for cost in self.steps)

    @property
    def macs(self) -> int:
        """All products (multiply-accumulates), wasted ones included."""
        return sum(cost.macs for cost in self.steps)

    @property
    def wasted_macs(self) -> int:
        """Products with inserted or padded zeros, and products that are cropped away."""
        return self.macs - self.useful_macs

    @property
    def bytes(self) -> int:
        """Bytes of all data that the steps leave, the output included."""
        return sum(cost.bytes for cost in self.steps)

    @property
    def peak_bytes(self) -> int:
        """The largest data that one step leaves."""
        return max(cost.bytes for cost in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "view": self.view,
            "input_size": list(self.input_size),
            "output_size": list(self.output_size),
            "channels": list(self.channels),
            "batch": self.batch,
            "dtype": self.dtype,
            "macs": self.macs,
            "useful_macs": self.useful_macs,
            "wasted_macs": self.wasted_macs,
            "bytes": self.bytes,
            "peak_bytes": self.peak_bytes,
            "weight_bytes": self.weight_bytes,
            "steps": [
                {"step": str(cost.step), "shape": list(cost.shape), "macs": cost.macs, "bytes": cost.bytes}
                for cost in self.steps
            ],
        }

    def __str__(self) -> str:
        from .tables import table_text

        rows = [(str(cost.step), str(cost.shape), f"{cost.macs:,}", readable_bytes(cost.bytes)) for cost in self.steps]
        share = f"{self.useful_macs / self.macs:.0%} of them reach the output" if self.macs else "nothing to multiply"
        return table_text(
            f"{self.view} view at input {self.input_size}, channels {self.channels}, batch {self.batch}, {self.dtype}",
            ("step", "shape after it", "products", "bytes"),
            rows,
            caption=f"{self.macs:,} products, {share}; prepared weights {readable_bytes(self.weight_bytes)}",
            right=(2, 3),
        )


def costs_of(
    geometry: ConvTranspose,
    view: str,
    steps: tuple[Step, ...],
    input_size: Shape,
    channels: tuple[int, int],
    batch: int,
    dtype: str | type | np.dtype[np.generic],
) -> Costs:
    """Evaluate the steps, all arguments being checked already (but for the dtype)."""
    name, itemsize = _dtype(dtype)
    geometry.output_size(input_size)
    at = Setting(input_size, *channels, batch)
    shape: Shape = (batch, channels[0], *input_size)
    found = []
    weight_elements = 0
    for step in steps:
        macs = checked_size("the number of products", step.macs(shape, at))
        recipe = recipe_of(step)
        weight_elements += 0 if recipe is None else prod(recipe.shape(at))
        shape = step.shape(shape, at)
        found.append(StepCost(step, shape, macs, checked_size("the number of bytes", prod(shape) * itemsize)))
    pairs = prod(axis.products(n) for axis, n in zip(geometry.axes, input_size, strict=True))
    useful = batch * channels[0] * (channels[1] // geometry.groups) * pairs
    return Costs(geometry, view, input_size, channels, batch, name, tuple(found), useful, weight_elements * itemsize)


def _dtype(dtype: Any) -> tuple[str, int]:
    import numpy as np

    if dtype == "bfloat16":  # NumPy learns this name only once ml_dtypes is loaded
        return dtype, 2
    try:
        found = None if dtype is None else np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or not computable(found):
        raise GeometryError(
            "dtype cannot be computed with",
            f"dtype={dtype!r}",
            "use integers, float16, bfloat16, float32 or float64",
        )
    return found.name, found.itemsize
