"""Flax' layers: flax.nnx.ConvTranspose."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..dtypes import as_array
from ..errors import GeometryError
from .layer import Layer, Made, of_its_own

WORDS = ("kernel_size", "strides", "padding", "kernel_dilation", "transpose_kernel")


def read(flax: Any, thing: Any) -> Layer | None:
    """A layer without a mask."""
    import numpy as np

    nnx = getattr(flax, "nnx", None)
    if nnx is None or not isinstance(thing, nnx.ConvTranspose):
        return None
    if type(thing).__call__ is not nnx.ConvTranspose.__call__:
        raise of_its_own(thing, "a __call__")
    if thing.mask is not None:
        raise GeometryError("the layer masks its weight", "mask is given", "multiply its kernel by the mask first")
    bias = thing.bias
    return Layer(
        "flax",
        {name: getattr(thing, name) for name in WORDS},
        as_array("weight", np.asarray(thing.kernel[...])),
        None if bias is None else as_array("bias", np.asarray(bias[...])),
    )


def build(made: Made) -> Any:
    """A layer; with a crop a Sequential of the layer and a function that cuts."""
    nnx = import_module("flax.nnx")
    if made.dtype == "float64" and not import_module("jax").config.jax_enable_x64:
        raise GeometryError(
            "JAX holds no float64 unless asked to", "the weight is float64", "set jax_enable_x64, or convert float32"
        )
    layer = nnx.ConvTranspose(
        *made.channels, use_bias=made.bias is not None, param_dtype=made.dtype, rngs=nnx.Rngs(0), **made.params
    )
    layer.kernel[...] = made.weight
    if made.bias is not None:
        layer.bias[...] = made.bias
    if made.crop is None:
        return layer
    # Ends as None where nothing is cut: an end of 0 would leave nothing.
    cut = (..., *(slice(begin, -end or None) for begin, end in made.crop), slice(None))
    return nnx.Sequential(layer, lambda y: y[cut])
