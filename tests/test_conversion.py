"""`dc.convert`: live layers, arrays, and every message. By value over random layers: test_convert_pairs.py."""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

import ml_dtypes
import numpy as np
import onnx.checker
import onnx.reference
import pytest
import torch
import torch.nn.utils.prune

import deconvs as dc
from deconvs.conventions import FRAMEWORKS, layout
from deconvs.conversion import layout_change
from deconvs.programs import LANGUAGES, line

from .frameworks import flax as flax_driver
from .frameworks import keras as keras_driver
from .frameworks.compare import Array, integers
from .frameworks.programs import run_program

KERNEL = np.arange(24, dtype=np.float32).reshape(3, 2, 4) - 9  # keras: (k0, C_out, C_in)
NAMES: dict[str, Any] = {"dc": dc, "np": np, "torch": torch, "KERNEL": KERNEL}

MESSAGES = [
    (
        "dc.convert([3], source='torch', target='keras', input_size=(7,))",
        "neither parameters nor a layer: got list; give a dict of the source's keywords, or a ConvTranspose layer of PyTorch, Keras or Flax",
    ),
    (
        "dc.convert(torch.nn.Conv1d(1, 1, 3), target='keras', input_size=(7,))",
        "neither parameters nor a layer: got Conv1d; give a dict of the source's keywords, or a ConvTranspose layer of PyTorch, Keras or Flax",
    ),
    (
        "dc.convert({'kernel_size': 3}, target='keras', input_size=(7,))",
        "source is not given: source=None; name the framework: torch, keras, tensorflow, onnx, jax, flax, tflite",
    ),
    (
        "dc.convert({'kernel_size': 3}, source='caffe', target='keras', input_size=(7,))",
        "no such framework: 'caffe'; use one of torch, keras, tensorflow, onnx, jax, flax, tflite",
    ),
    (
        "dc.convert({'kernel_size': 3}, source=['torch'], target='keras', input_size=(7,))",
        "no such framework: ['torch']; use one of torch, keras, tensorflow, onnx, jax, flax, tflite",
    ),
    (
        "dc.convert({'kernel_size': 3}, source='torch', target='caffe', input_size=(7,))",
        "no such framework: 'caffe'; use one of torch, keras, tensorflow, onnx, jax, flax, tflite",
    ),
    (
        "dc.convert({'kernel_size': 3}, source='torch', target='keras', input_size=7)",
        "input_size is not one size per axis: input_size=7; give a tuple",
    ),
    (
        "dc.convert({'kernel_size': 3, 'strides': 2}, source='torch', target='keras', input_size=(7,))",
        "torch has no such parameter: 'strides'; known are: kernel_size, stride, padding, output_padding, groups, dilation, padding_mode, in_channels, out_channels, bias, device, dtype",
    ),
    (
        "dc.convert({'kernel_size': 3}, KERNEL, source='torch', target='keras', input_size=(7,))",
        "weight does not have the layout of torch: shape (3, 2, 4); it would fit keras, tensorflow, jax, flax; use (C_in, C_out/groups, k0), here (C_in, C_out/groups, 3)",
    ),
    (
        "dc.convert({'kernel_size': 5}, KERNEL, source='keras', target='torch', input_size=(7,))",
        "weight does not have the layout of keras: shape (3, 2, 4); use (k0, C_out, C_in), here (5, C_out, C_in)",
    ),
    (
        "dc.convert({'kernel_size': 4, 'groups': 2}, KERNEL, source='torch', target='keras', input_size=(7,))",
        "weight does not have the layout of torch: shape (3, 2, 4); use (C_in, C_out/groups, k0), here (C_in, C_out/groups, 4), C_in a multiple of groups=2",
    ),
    (
        "dc.convert({}, KERNEL, source='keras', target='torch', input_size=(7, 7))",
        "weight has the wrong number of axes: weight has shape (3, 2, 4), input_size has 2; give it 4 axes, or input_size 1",
    ),
    (
        "dc.convert({}, KERNEL, source='keras', target='torch', input_size=(7,), bias=np.ones(4))",
        "bias does not fit the weight: bias has shape (4,), the weight has 2 output channels; give it shape (2,)",
    ),
    (
        "dc.convert({}, KERNEL.astype(complex), source='keras', target='torch', input_size=(7,))",
        "weight has a type that cannot be computed with: weight is complex128; use integers, float16, bfloat16, float32 or float64",
    ),
    (
        "dc.convert(torch.nn.ConvTranspose1d(1, 1, 3), KERNEL, target='keras', input_size=(7,))",
        "a layer brings its own weight, bias and framework: it is one of torch; weight, bias or source were given too; leave these out",
    ),
    (
        "dc.convert(torch.nn.ConvTranspose1d(1, 1, 3), source='keras', target='keras', input_size=(7,))",
        "a layer brings its own weight, bias and framework: it is one of torch; weight, bias or source were given too; leave these out",
    ),
    (
        "dc.convert(torch.nn.LazyConvTranspose1d(1, 3), target='keras', input_size=(7,))",
        "the layer has no weight yet: got LazyConvTranspose1d(0, 1, kernel_size=(3,), stride=(1,)); run it once, or load it",
    ),
    (
        "dc.convert(torch.nn.ConvTranspose1d(1, 1, 3, device='meta'), target='keras', input_size=(7,))",
        "the layer has no weight yet: got ConvTranspose1d(1, 1, kernel_size=(3,), stride=(1,)); run it once, or load it",
    ),
    (
        "dc.convert({'kernel_size': 3}, source='torch', target='keras', input_size=(7,), bias=np.ones((2, 3)))",
        "bias is not one number per channel: bias has shape (2, 3); give one axis",
    ),
    (
        "dc.convert({'kernel_size': 3}, source='keras', target='torch', input_size=(7,)).build()",
        "there is no weight to build a layer with: only parameters were converted; convert with the weight",
    ),
    (
        "dc.convert({}, KERNEL, source='keras', target='onnx', input_size=(7,)).build()",
        "onnx has no layers that can be built: it has functions or a file format; run the code instead",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), MESSAGES)
def test_messages(call: str, message: str) -> None:
    with pytest.raises(dc.GeometryError) as error:
        eval(call, NAMES)
    assert str(error.value) == message


def test_layers_that_cannot_be_read() -> None:
    keras, nnx = keras_driver.keras(), flax_driver.nnx()
    unbuilt = keras.layers.Conv1DTranspose(1, 3)
    with pytest.raises(dc.GeometryError, match="the layer has no weight yet"):
        dc.convert(unbuilt, target="torch", input_size=(7,))
    active = keras.layers.Conv1DTranspose(1, 3, activation="relu")
    active.build((None, 7, 1))
    with pytest.raises(dc.GeometryError, match="does more than convolve: activation='relu'; put the activation"):
        dc.convert(active, target="torch", input_size=(7,))
    masked = nnx.ConvTranspose(1, 1, 3, mask=np.ones((3, 1, 1), np.float32), rngs=nnx.Rngs(0))
    with pytest.raises(dc.GeometryError, match="the layer masks its weight: mask is given; multiply its kernel"):
        dc.convert(masked, target="torch", input_size=(7,))


class Trimmed(torch.nn.ConvTranspose1d):
    """Computes something else."""

    def forward(self, x: Any, output_size: Any = None) -> Any:
        return super().forward(x, output_size)[..., 1:]


class Named(torch.nn.ConvTranspose1d):
    """Computes the same."""


def test_layers_that_do_more_than_convolve() -> None:
    keras, nnx = keras_driver.keras(), flax_driver.nnx()
    in_keras = type("Active", (keras.layers.Conv1DTranspose,), {"call": lambda self, x: keras.ops.relu(x)})(1, 3)
    in_keras.build((None, 7, 1))
    in_flax = type("Active", (nnx.ConvTranspose,), {"__call__": lambda self, x: x})(1, 1, 3, rngs=nnx.Rngs(0))
    for layer, what in ((Trimmed(1, 1, 3), "forward"), (in_keras, "call"), (in_flax, "__call__")):
        with pytest.raises(dc.GeometryError) as error:
            dc.convert(layer, target="torch", input_size=(7,))
        assert str(error.value) == (
            f"the layer does more than convolve: {type(layer).__name__} has a {what} of its own; "
            "convert a plain layer with its weight, and what it adds by hand"
        )
    assert dc.convert(Named(1, 1, 3), target="keras", input_size=(7,))


def test_weights_that_are_computed_when_the_layer_runs() -> None:
    """Weight norm of the old kind would give the weight of the last run; parametrizations give the true one."""
    hooked = torch.nn.ConvTranspose1d(2, 3, 4)
    hooked.register_forward_hook(lambda module, x, y: y * 2)
    pruned = torch.nn.utils.prune.l1_unstructured(torch.nn.ConvTranspose1d(2, 3, 4), "weight", 2)
    spectral = torch.nn.utils.spectral_norm(torch.nn.ConvTranspose1d(2, 3, 4))
    for layer in (hooked, pruned, spectral):
        with pytest.raises(
            dc.GeometryError, match="the layer has forward hooks: got ConvTranspose1d; remove them first"
        ):
            dc.convert(layer, target="keras", input_size=(7,))
    normed = torch.nn.utils.parametrizations.weight_norm(torch.nn.ConvTranspose1d(2, 3, 4))
    with torch.no_grad():
        normed.parametrizations.weight.original0.mul_(3)
    made = dc.convert(normed, target="torch", input_size=(7,)).build()
    assert torch.equal(made.weight, normed.weight)


TYPES = ["float64", "float16", "bfloat16", "int64", ">f4"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("target", ["torch", "keras", "tensorflow", "jax", "flax", "onnx", "tflite"])
def test_programs_of_other_types(target: str, dtype: str) -> None:
    """Small integers, exact in every type: the program runs as it is on x of the weight's type, and is right."""
    if (target, dtype) in (("onnx", "float64"), ("onnx", "float16")):
        return check_model_of_type(dtype)
    values, kind = np.random.default_rng(0), np.dtype(getattr(ml_dtypes, dtype, dtype))
    weight, bias = (values.integers(-2, 3, shape).astype(kind) for shape in ((2, 2, 3, 2), (4,)))
    x = values.integers(-2, 3, (2, 2, 3, 4)).astype(np.float32)
    groups = 2
    if target == "tensorflow" and dtype in TYPES[:3] and not tensorflow_groups(kind):
        if dtype != "bfloat16":
            grouped = dc.convert({"stride": 2, "groups": 2}, weight, source="torch", target=target, input_size=(3, 4))
            with pytest.raises(Exception, match=r"Gradients for|Conv2DCustomBackpropInput|depth"):
                run_program(target, grouped.code, x.astype(dtype), [grouped.weight], None)
        groups, weight, bias = 1, weight, bias[:2]
    words = {"kernel_size": (3, 2), "stride": 2, "groups": groups, "padding": (0, 1)}
    made = dc.convert(words, weight, source="torch", target=target, input_size=(3, 4), bias=bias)
    weights, code = ([made.weight], made.code) if made else (list(made.nearest.weights), made.nearest.code)
    plain = weights[0].dtype.kind == "i" or target == "tflite" or (target, dtype) == ("onnx", "bfloat16")
    known = x if plain else x.astype(weights[0].dtype)
    y = run_program(target, code, known, weights, np.asarray(bias, bias.dtype.newbyteorder("=")))
    ours = dc.conv_transpose(
        x, weight.astype(np.float32), bias.astype(np.float32), stride=2, padding=(0, 1), groups=groups
    )
    assert np.array_equal(np.asarray(y, np.float64), ours)
    return None


def tensorflow_groups(kind: np.dtype[Any]) -> bool:
    """Whether TensorFlow computes groups in this type here: on processors with instructions for it, by oneDNN."""
    import tensorflow

    x, kernel = (np.ones(shape).astype(kind) for shape in ((1, 2, 2, 2), (2, 2, 1, 2)))
    try:
        tensorflow.nn.conv2d_transpose(x, kernel, (1, 3, 3, 2), 1, "VALID")
    except (tensorflow.errors.InvalidArgumentError, tensorflow.errors.UnimplementedError) as error:
        if not re.search(r"Gradients for|Conv2DCustomBackpropInput|depth", str(error)):
            raise
        return False
    return True


def check_model_of_type(dtype: str) -> None:
    """ONNX Runtime has no ConvTranspose of these on the CPU: ONNX's own checker and evaluator take the model."""
    weight = (np.arange(12).reshape(2, 2, 3) - 5).astype(dtype)
    made = dc.convert({"stride": 2}, weight, source="torch", target="onnx", input_size=(3,))
    names: dict[str, Any] = {"weight": made.weight}
    exec(made.code, names)
    onnx.checker.check_model(names["model"], full_check=True)
    x = np.arange(6).reshape(1, 2, 3).astype(dtype)
    y = onnx.reference.ReferenceEvaluator(names["model"]).run(None, {"x": x})[0]
    assert y.dtype == dtype
    assert np.array_equal(y, dc.conv_transpose(x, weight, stride=2))


def test_a_framework_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = dc.convert({}, KERNEL, source="keras", target="flax", input_size=(7,))
    monkeypatch.setitem(sys.modules, "flax.nnx", None)
    with pytest.raises(
        dc.GeometryError, match=r"^flax is not installed: .*; install it, or take params, weight and code$"
    ):
        made.build()


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("target", ["torch", "keras", "flax"])
@pytest.mark.parametrize("source", ["torch", "keras", "flax"])
def test_live_layers(source: str, target: str, biased: bool, ndim: int) -> None:
    """From a layer to a layer, with a crop where one is needed, in the frameworks, bit for bit."""
    values = np.random.default_rng([ndim, biased])
    size = (4, 3, 2)[:ndim]
    layer = live(source, ndim, biased, values)
    made = dc.convert(layer, target=target, input_size=size)
    assert isinstance(made, dc.Conversion)
    assert made.source == source
    x = integers(values, 2, 3, *size)
    assert np.array_equal(applied(source, layer, x), applied(target, made.build(), x))
    if source == "keras" and target == "torch":
        assert made.crop is not None


def live(framework: str, ndim: int, biased: bool, values: np.random.Generator) -> Any:
    kernel, c_in, c_out = (3, 5, 4)[:ndim], 3, 2
    weight, bias = integers(values, *kernel, c_out, c_in), integers(values, c_out)
    if framework == "keras":  # "same" of unequal crops
        keras = keras_driver.keras()
        layer = getattr(keras.layers, f"Conv{ndim}DTranspose")(
            c_out, kernel, strides=2, padding="same", use_bias=biased
        )
        layer.build((None, *(None,) * ndim, c_in))
        layer.set_weights([weight, bias] if biased else [weight])
        return layer
    if framework == "flax":
        nnx = flax_driver.nnx()
        words = {"strides": (2,) * ndim, "transpose_kernel": True, "kernel_dilation": 1}
        layer = nnx.ConvTranspose(c_in, c_out, kernel, use_bias=biased, rngs=nnx.Rngs(0), **words)
        layer.kernel[...] = weight
        if biased:
            layer.bias[...] = bias
        return layer
    layer = getattr(torch.nn, f"ConvTranspose{ndim}d")(c_in, c_out, kernel, stride=2, padding=1, bias=biased)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.moveaxis(weight, (-1, -2), (0, 1)).copy()))
        if biased:
            layer.bias.copy_(torch.from_numpy(bias))
    return layer


def applied(framework: str, layer: Any, x: Array) -> Array:
    if framework == "torch":
        return np.asarray(layer(torch.from_numpy(x)).detach())
    y = layer(np.moveaxis(x, 1, -1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = keras_driver.keras().ops.convert_to_numpy(y) if framework == "keras" else y
    return np.moveaxis(np.asarray(y), -1, 1)


def test_types_are_kept() -> None:
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        layer = torch.nn.ConvTranspose1d(3, 2, 4, stride=2, dtype=dtype)
        back = dc.convert(layer, target="torch", input_size=(5,)).build()
        assert back.weight.dtype == dtype
        assert torch.equal(back.weight, layer.weight)
        assert torch.equal(back.bias, layer.bias)
        there = dc.convert(layer, target="flax", input_size=(5,))
        if dtype is torch.float64:
            with pytest.raises(dc.GeometryError, match="JAX holds no float64 unless asked to"):
                there.build()
        else:
            assert str(there.build().kernel[...].dtype) == str(dtype).split(".")[1]


@pytest.mark.parametrize("target", ["torch", "keras", "tensorflow", "onnx", "flax"])
def test_empty_outputs(target: str) -> None:
    """JAX makes them; the others are cut, along the other axis by as much as it asks for."""
    weight = integers(np.random.default_rng(0), 1, 2, 3, 1)
    words = {"strides": (1, 2), "padding": ((-1, -1), (0, 1))}
    made = dc.convert(words, weight, source="jax", target=target, input_size=(2, 3))
    assert made.geometry.crop == ((1, 1), (1, 0))
    y = run_program(target, made.code, np.ones((2, 3, 2, 3), np.float32), [made.weight], None)
    assert y.shape == (2, 1, 0, 5)
    if target == "keras":
        with pytest.raises(dc.GeometryError, match="Keras' Cropping layers leave something: the output is empty"):
            made.build()


def test_what_is_converted_is_a_copy() -> None:
    layer = torch.nn.ConvTranspose1d(3, 2, 4)
    made = dc.convert(layer, target="torch", input_size=(5,))
    made.weight[...] = 0
    made.bias[...] = 0
    assert layer.weight.abs().min() > 0
    assert layer.bias.abs().min() > 0


def test_the_contract() -> None:
    """params, weight, source, target, input_size: the target's words and layout; a crop or None; or a Refusal."""
    made = dc.convert(
        {"kernel_size": 3, "strides": 2, "padding": "same"}, KERNEL, source="keras", target="torch", input_size=(7,)
    )
    assert made.params == {
        "kernel_size": (3,),
        "stride": (2,),
        "padding": (0,),
        "output_padding": (0,),
        "groups": 1,
        "dilation": (1,),
    }
    assert np.array_equal(made.weight, KERNEL.transpose(2, 1, 0))
    assert made.crop == ((0, 1),)
    even = dc.convert(
        {"kernel_size": 4, "strides": 2, "padding": "same"}, source="keras", target="torch", input_size=(7,)
    )
    assert (even.crop, even.weight, even.params["padding"]) == (None, None, (1,))
    refusal = dc.convert({"kernel_size": 3, "groups": 2}, source="torch", target="keras", input_size=(7,))
    assert isinstance(refusal, dc.Refusal)
    assert not refusal
    assert (refusal.nearest.groups, refusal.nearest.weights) == (2, ())
    four = dc.convert({"kernel_shape": [1] * 4}, source="onnx", target="torch", input_size=(2,) * 4)
    assert four == dc.Refusal("torch has ConvTranspose1d, 2d and 3d: kernel_size cannot have 4 axes")


def test_layout_changes_as_numpy_do_what_layouts_do() -> None:
    weight = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    for source in FRAMEWORKS:
        for target in FRAMEWORKS:
            a, b = layout(source, 2), layout(target, 2)
            stored = a.from_canonical(weight)
            assert np.array_equal(eval(layout_change(a, b), {"weight": stored}), b.from_canonical(weight)), (
                source,
                target,
            )


def test_lines() -> None:
    """What tests/test_convert_pairs.py runs are programs; these are their heads, in words where more is to be done."""
    g = dc.ConvTranspose((3, 3), stride=2, padding=((0, 1), (-1, 0)), dilation=2, groups=2)
    assert [str(line(name, g, (5, 6))) for name in LANGUAGES] == [
        "dc.ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=((0, 1), (-1, 0)), dilation=(2, 2), groups=2)",
        "torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=3, stride=2, groups=2, dilation=2), then add 1 before and 0 after on axis 1, with only the bias, then cut 0 before and 1 after on axis 0",
        "keras.layers.Conv2DTranspose(C_out, kernel_size=5, strides=2), once for each of the 2 groups of channels, with zeros between the taps (dilation 2), then add 1 before and 0 after on axis 1, with only the bias, then cut 0 before and 1 after on axis 0",
        'tf.nn.conv2d_transpose(x, weight, output_shape=(N, 13, 15, C_out), strides=(2, 2), padding="VALID", dilations=(2, 2)), then add 1 before and 0 after on axis 1, with only the bias, then cut 0 before and 1 after on axis 0',
        'onnx.helper.make_node("ConvTranspose", ["x", "weight"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 0], dilations=[2, 2], group=2), then add 1 before and 0 after on axis 1, with only the bias',
        "jax.lax.conv_transpose(x, weight, strides=(2, 2), padding=((4, 3), (5, 4)), rhs_dilation=(2, 2)), once for each of the 2 groups of channels",
        "nnx.ConvTranspose(C_in, C_out, kernel_size=(3, 3), strides=(2, 2), padding=((4, 3), (5, 4)), kernel_dilation=(2, 2), rngs=nnx.Rngs(0)), once for each of the 2 groups of channels",
        'tf.nn.conv2d_transpose(x, np.transpose(weight, (1, 2, 0, 3)), output_shape=(N, 13, 15, C_out), strides=(2, 2), padding="VALID"), once for each of the 2 groups of channels, with zeros between the taps (dilation 2), then add 1 before and 0 after on axis 1, with only the bias, then cut 0 before and 1 after on axis 0',
    ]
    assert (
        str(line("torch", dc.ConvTranspose((1,) * 4), 2))
        == "torch has ConvTranspose1d, 2d and 3d: kernel_size cannot have 4 axes"
    )
    with pytest.raises(dc.GeometryError, match="no such framework: 'caffe'; use one of deconvs, torch"):
        line("caffe", g, (5, 6))
