"""jax.lax.conv_transpose, on the CPU."""

from __future__ import annotations

import os
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@cache
def lax() -> Any:
    """jax.lax, on the CPU."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from jax import lax
    return lax


def run(params: dict[str, Any], x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """The function of these parameters, without the kernel's size, which it reads off the weight."""
    own = {name: value for name, value in params.items() if name != "kernel_size"}
    assert weight.shape[:-2] == tuple(np.broadcast_to(params["kernel_size"], x.ndim - 2))
    return np.moveaxis(np.asarray(lax().conv_transpose(np.moveaxis(x, 1, -1), weight, **own)), -1, 1)
