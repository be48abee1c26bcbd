"""How each framework's code reads: the expression of a layer, and the lines that give it a weight and run it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FLOAT = "float32"
"""The type of layers unless another one is said."""
Params = Mapping[str, Any]
Channels = tuple[object, object]
"""(C_in, C_out): numbers, or the names that stand for them."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One framework.

    ``call``: (params, ndim, channels, with a bias, type) -> the expression that makes the layer, or applies it.
    ``body``: the same -> the lines that lead from x, weight (and bias) to y.
    ``imports``; ``concatenate`` and ``split`` along the channels, with {} for what they take; ``pad`` of y;
    ``add_bias`` to y, with {} for a ", None" of each axis.
    """

    call: Callable[..., str]
    body: Callable[..., list[str]]
    imports: tuple[str, ...]
    concatenate: str
    split: str
    pad: Callable[[Sequence[tuple[int, int]]], str]
    channels_last: bool = True
    add_bias: str = "y + bias"


def _torch(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> str:
    words = _changed(params, stride=1, padding=0, output_padding=0, groups=1, dilation=1)
    words |= {"bias": False} if not bias else {}
    words |= {"dtype": Code(f"torch.{dtype}")} if dtype != FLOAT else {}
    return _called(f"torch.nn.ConvTranspose{ndim}d", *channels, **words)


def _torch_body(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> list[str]:
    return [
        f"layer = {_torch(params, ndim, channels, bias, dtype)}",
        "with torch.no_grad():",
        "    layer.weight.copy_(torch.as_tensor(weight))",
        *(["    layer.bias.copy_(torch.as_tensor(bias))"] if bias else []),
        "y = layer(x)",
    ]


def _torch_pad(amounts: Sequence[tuple[int, int]]) -> str:
    # From the last axis to the first.
    return f"torch.nn.functional.pad(y, {tuple(side for pair in reversed(amounts) for side in pair)})"


def _keras(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> str:
    words = _changed(params, strides=1, padding="valid", output_padding=None, dilation_rate=1)
    words |= {"use_bias": False} if not bias else {}
    words |= {"dtype": dtype} if dtype != FLOAT else {}
    return _called(f"keras.layers.Conv{ndim}DTranspose", channels[1], **words)


def _keras_body(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> list[str]:
    return [
        f"layer = {_keras(params, ndim, channels, bias, dtype)}",
        f"layer.build((None, {'None, ' * ndim}{channels[0]}))",
        f"layer.set_weights([{'weight, bias' if bias else 'weight'}])",
        "y = layer(x)",
    ]


def _tensorflow(params: Params, ndim: int, channels: Channels, bias: bool, weight: str = "weight") -> str:
    shape = Code(f"(N, {', '.join(map(str, params['output_shape']))}, {channels[1]})")
    strides, dilations = (
        tuple(params[name]) if ndim < 3 else (1, *params[name], 1)  # conv3d_transpose takes no list of three
        for name in ("strides", "dilations")
    )
    words = {"output_shape": shape, "strides": strides, "padding": params["padding"], "dilations": dilations}
    if set(dilations) == {1}:
        del words["dilations"]
    return _called(f"tf.nn.conv{ndim}d_transpose", Code("x"), Code(weight), **words)


def _tensorflow_body(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> list[str]:
    return _at_batch(_tensorflow(params, ndim, channels, bias), bias)


def _at_batch(call: str, bias: bool) -> list[str]:
    return [f"y = {call.replace('(N, ', '(x.shape[0], ')}", *(["y = y + bias"] if bias else [])]


def _tflite(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> str:
    # The converter stores TensorFlow's filters as OHWI again.
    return _tensorflow(_in_tensorflow(params), ndim, channels, bias, "np.transpose(weight, (1, 2, 0, 3))")


def _tflite_body(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> list[str]:
    return _at_batch(_tflite(params, ndim, channels, bias), bias)


def _in_tensorflow(params: Params) -> Params:
    """The TensorFlow function that its converter turns into a TRANSPOSE_CONV of these parameters."""
    return {
        "output_shape": params["output_shape"],
        "padding": params["padding"],
        "strides": (params["stride_h"], params["stride_w"]),
        "dilations": (1, 1),
    }


def _jax(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> str:
    words = {"strides": tuple(params["strides"]), "padding": params["padding"]}
    return _called(
        "jax.lax.conv_transpose",
        Code("x"),
        Code("weight"),
        **words,
        **_changed(params, short=False, rhs_dilation=1, transpose_kernel=False),
    )


def _jax_body(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> list[str]:
    return [f"y = {_jax(params, ndim, channels, bias)}", *(["y = y + bias"] if bias else [])]


def _flax(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> str:
    words = {"kernel_size": tuple(params["kernel_size"]), **_changed(params, short=False, strides=1)}
    words |= {"padding": params["padding"], **_changed(params, short=False, kernel_dilation=1, transpose_kernel=False)}
    words |= {"use_bias": False} if not bias else {}
    # JAX has float64 only where it is asked to, for everything.
    words |= {"param_dtype": Code(f"jnp.{dtype}")} if dtype not in (FLOAT, "float64") else {}
    return _called("nnx.ConvTranspose", *channels, **words, rngs=Code("nnx.Rngs(0)"))


def _flax_body(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> list[str]:
    return [
        f"layer = {_flax(params, ndim, channels, bias, dtype)}",
        "layer.kernel[...] = weight",
        *(["layer.bias[...] = bias"] if bias else []),
        "y = layer(x)",
    ]


def _onnx(params: Params, ndim: int, channels: Channels, bias: bool, dtype: str = FLOAT) -> str:
    return onnx_node(params, ["x", "weight"], "y")


def onnx_node(params: Params, inputs: list[str], output: str) -> str:
    """The node, between names of tensors."""
    words = {"kernel_shape": list(params["kernel_shape"])}
    for name, default in (("strides", 1), ("pads", 0), ("output_padding", 0), ("dilations", 1)):
        if set(params[name]) != {default}:
            words[name] = list(params[name])
    if params["group"] != 1:
        words["group"] = params["group"]
    return _called("onnx.helper.make_node", "ConvTranspose", inputs, [output], **words)


class Code(str):
    """A piece of code, which is written as it is."""


def _called(function: str, *arguments: object, **words: object) -> str:
    parts = [*map(text, arguments), *(f"{name}={text(value)}" for name, value in words.items())]
    return f"{function}({', '.join(parts)})"


def text(value: object) -> str:
    """A value as Python, with double quotes; names that stand for channels are code."""
    if isinstance(value, Code) or value in ("C_in", "C_out"):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    return repr(value)


def _changed(params: Params, short: bool = True, **defaults: object) -> dict[str, Any]:
    """The kernel's size, and what is not the default; one number for all axes where that is enough."""
    found: dict[str, Any] = {}
    for name, default in {**({"kernel_size": 0} if short else {}), **defaults}.items():
        value = params[name]
        same = isinstance(value, tuple) and len(set(value)) == 1
        if (value[0] if same else value) != default:
            found[name] = value[0] if same and short else value
    return found


def _channels_last(pad: str) -> Callable[[Sequence[tuple[int, int]]], str]:
    return lambda amounts: f"{pad}(y, {((0, 0), *amounts, (0, 0))})"


DIALECTS = {
    "torch": Dialect(
        _torch,
        _torch_body,
        ("import torch",),
        "torch.cat({}, dim=1)",
        "torch.chunk(x, {}, dim=1)",
        _torch_pad,
        channels_last=False,
        add_bias="y + torch.as_tensor(bias).to(y.dtype)[:{}]",
    ),
    "keras": Dialect(
        _keras,
        _keras_body,
        ("import keras",),
        "keras.ops.concatenate({}, axis=-1)",
        "keras.ops.split(x, {}, axis=-1)",
        _channels_last("keras.ops.pad"),
        add_bias="y + keras.ops.convert_to_tensor(bias, dtype=y.dtype)",
    ),
    "tensorflow": Dialect(
        _tensorflow,
        _tensorflow_body,
        ("import tensorflow as tf",),
        "tf.concat({}, axis=-1)",
        "tf.split(x, {}, axis=-1)",
        _channels_last("tf.pad"),
    ),
    "onnx": Dialect(_onnx, lambda *_: [], (), "", "", lambda _: "", channels_last=False),
    "jax": Dialect(
        _jax,
        _jax_body,
        ("import jax", "import jax.numpy as jnp"),
        "jnp.concatenate({}, axis=-1)",
        "jnp.split(x, {}, axis=-1)",
        _channels_last("jnp.pad"),
    ),
    "flax": Dialect(
        _flax,
        _flax_body,
        ("import jax.numpy as jnp", "from flax import nnx"),
        "jnp.concatenate({}, axis=-1)",
        "jnp.split(x, {}, axis=-1)",
        _channels_last("jnp.pad"),
    ),
    "tflite": Dialect(
        _tflite,
        _tflite_body,
        ("import numpy as np", "import tensorflow as tf"),
        "tf.concat({}, axis=-1)",
        "tf.split(x, {}, axis=-1)",
        _channels_last("tf.pad"),
    ),
}
