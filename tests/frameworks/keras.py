"""keras.layers.ConvNDTranspose, on the TensorFlow backend unless KERAS_BACKEND says otherwise."""

from __future__ import annotations

import os
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@cache
def keras() -> Any:
    """Keras, imported on its backend."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
    return keras


def run(params: dict[str, Any], x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """A layer of these parameters, with this weight."""
    ndim = x.ndim - 2
    layers = keras().layers
    name = {1: "Conv1DTranspose", 2: "Conv2DTranspose", 3: "Conv3DTranspose"}[ndim]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = getattr(layers, name)(weight.shape[-2], use_bias=False, data_format="channels_last", **params)
        last = np.moveaxis(x, 1, -1)
        layer.build(last.shape)
        assert layer.kernel.shape == weight.shape
        layer.kernel.assign(weight)
        return np.moveaxis(keras().ops.convert_to_numpy(layer(last)), -1, 1)
