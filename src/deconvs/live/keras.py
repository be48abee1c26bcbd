"""Keras' layers: keras.layers.Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, on any of its backends."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from ..dtypes import as_array
from ..errors import GeometryError
from .layer import Layer, Made, of_its_own

WORDS = ("kernel_size", "strides", "padding", "output_padding", "dilation_rate")


def read(keras: Any, thing: Any) -> Layer | None:
    """A layer that is built and only convolves."""
    layers = getattr(keras, "layers", None)  # absent while Keras itself is being loaded
    kinds = tuple(getattr(layers, f"Conv{ndim}DTranspose") for ndim in (1, 2, 3)) if layers else ()
    if not isinstance(thing, kinds):
        return None
    if not any(type(thing).call is kind.call for kind in kinds):
        raise of_its_own(thing, "a call")
    if not thing.built:
        raise GeometryError("the layer has no weight yet", f"got {thing!r}", "build it, or run it once")
    if thing.activation is not keras.activations.linear:
        raise GeometryError(
            "the layer does more than convolve",
            f"activation={getattr(thing.activation, '__name__', type(thing.activation).__name__)!r}",
            "put the activation into a layer of its own",
        )
    return Layer(
        "keras",
        {name: getattr(thing, name) for name in WORDS},
        as_array("weight", _numpy(keras, thing.kernel)),
        as_array("bias", _numpy(keras, thing.bias)) if thing.use_bias else None,
    )


def _numpy(keras: Any, variable: Any) -> Any:
    with warnings.catch_warnings():
        # TensorFlow's variables do not know NumPy 2's copy=, which Keras says to everyone.
        warnings.simplefilter("ignore", DeprecationWarning)
        return keras.ops.convert_to_numpy(variable)


def build(made: Made) -> Any:
    """A channels-last layer; with a crop a Sequential of the layer and a Cropping layer."""
    keras = import_module("keras")
    layer = getattr(keras.layers, f"Conv{made.ndim}DTranspose")(
        made.channels[1],
        use_bias=made.bias is not None,
        data_format="channels_last",
        dtype=made.dtype,
        **made.params,
    )
    layer.build((None, *(None,) * made.ndim, made.channels[0]))
    layer.set_weights([made.weight] if made.bias is None else [made.weight, made.bias])
    if made.crop is None:
        return layer
    crop = made.crop[0] if made.ndim == 1 else made.crop
    cut = getattr(keras.layers, f"Cropping{made.ndim}D")(
        crop, **({} if made.ndim == 1 else {"data_format": "channels_last"})
    )
    return keras.Sequential([layer, cut])
