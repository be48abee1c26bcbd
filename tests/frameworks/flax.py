"""flax.nnx.ConvTranspose, on the CPU."""

from __future__ import annotations

import os
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@cache
def nnx() -> Any:
    """flax.nnx, on the CPU."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from flax import nnx
    return nnx


def run(params: dict[str, Any], x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """A layer of these parameters, with this weight."""
    features = (weight.shape[-1], weight.shape[-2])
    c_in, c_out = features if params.get("transpose_kernel") else features[::-1]
    module = nnx()
    layer = module.ConvTranspose(
        c_in, c_out, use_bias=False, kernel_init=lambda key, shape, dtype: np.zeros(shape, dtype), rngs=keys(), **params
    )
    assert layer.kernel.shape == weight.shape
    layer.kernel[...] = weight
    return np.moveaxis(np.asarray(layer(np.moveaxis(x, 1, -1))), -1, 1)


@cache
def keys() -> Any:
    """Random keys, which a layer asks for and whose weights are replaced."""
    return nnx().Rngs(0)
