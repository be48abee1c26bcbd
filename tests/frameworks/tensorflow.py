"""tf.nn.convNd_transpose."""

from __future__ import annotations

import os
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@cache
def tensorflow() -> Any:
    """TensorFlow, imported quietly."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow
    return tensorflow


def run(params: dict[str, Any], x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """The function of these parameters, without those that it reads off the filters; batch and channels put in."""
    ndim = x.ndim - 2
    own = {name: value for name, value in params.items() if name not in ("kernel_size", "groups")}
    assert weight.shape[:ndim] == tuple(np.broadcast_to(params["kernel_size"], ndim))
    if len(own["output_shape"]) == ndim:
        own["output_shape"] = [x.shape[0], *own["output_shape"], weight.shape[-2] * params.get("groups", 1)]
    function = getattr(tensorflow().nn, f"conv{ndim}d_transpose")
    if ndim == 3:  # which takes no list of three, and no None
        for name in ("strides", "dilations"):
            value = own.get(name)
            if value is not None and not isinstance(value, int) and len(value) == ndim:
                own[name] = [1, *value, 1]
    return np.moveaxis(function(np.moveaxis(x, 1, -1), weight, **own).numpy(), -1, 1)
