"""Whole models, saved by one framework, converted, loaded into another, run in both.

Integers that float32 holds exactly, so that the outputs are equal bit for bit; only the norm at the end divides by a
root, which frameworks round in their own ways.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

import deconvs as dc
from deconvs.checkpoints.layouts import conv_layout, linear_layout
from deconvs.live.config import checkpoint_config

from .frameworks import flax, jax, keras, tensorflow, tflite
from .frameworks.compare import integers

Array = NDArray[Any]

CONFIG = {
    "framework": "torch",
    "layers": {
        "enc.0": {"kind": "conv"},
        "up1": {"kernel_size": 4, "stride": 2, "padding": 1, "input_size": [5, 7]},
        "up2": {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "input_size": [10, 14]},
        "head": {"kind": "linear"},
    },
    "keep": ["norm.*"],
}


class Decoder(torch.nn.Module):
    """Convolution, two transposed convolutions, a linear layer over the channels, a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU())
        self.up1 = torch.nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1)
        self.up2 = torch.nn.ConvTranspose2d(6, 2, 3, stride=2, padding=1, output_padding=1)
        self.head = torch.nn.Linear(2, 5)
        self.norm = torch.nn.BatchNorm1d(5)
        values = np.random.default_rng(7)
        with torch.no_grad():
            for tensor in (*self.parameters(), *self.buffers()):
                if tensor.is_floating_point():
                    tensor.copy_(torch.from_numpy(values.integers(-3, 4, tensor.shape).astype(np.float32)))
            self.norm.running_var.copy_(torch.arange(1.0, 6.0))  # type: ignore[union-attr, operator]
        self.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, 5, 7) -> (N, 20, 28, 5), before the norm."""
        return self.head(self.up2(self.up1(self.enc(x))).permute(0, 2, 3, 1))  # type: ignore[no-any-return]


def images() -> Array:
    """Asymmetric ones."""
    return integers(np.random.default_rng(3), 2, 3, 5, 7) // 4


def normed_bound(x: Array, tensors: dict[str, Array]) -> Array:
    """How far two ways to normalise may be apart: a few roundings of each of its terms."""
    scale = np.abs(tensors["norm.weight"]) / np.sqrt(tensors["norm.running_var"])
    terms = scale * (np.abs(x) + np.abs(tensors["norm.running_mean"])) + np.abs(tensors["norm.bias"])
    return 8 * np.finfo(np.float32).eps * terms


def test_pytorch_to_keras_and_back(tmp_path: Path) -> None:
    model, x = Decoder(), images()
    with torch.no_grad():
        assert 0.2 < (model.enc(torch.from_numpy(x)) > 0).float().mean() < 0.8  # the ReLU cuts off some
    source, there, back = (tmp_path / name for name in ("unet.safetensors", "unet.npz", "back.safetensors"))
    save_file(model.state_dict(), source, {"format": "pt"})
    report = dc.convert_checkpoint(source, CONFIG, there, target="keras", write_config=tmp_path / "keras.json")
    made = {layer.name: layer for layer in report.layers}
    assert made["up1"].params["padding"] == "same"
    assert made["up1"].crop is None
    with np.load(there, allow_pickle=False) as file:
        tensors = dict(file)
    layers = keras.keras().layers

    def run(layer: Any, x: Any, name: str) -> Any:
        layer.build(x.shape)
        layer.set_weights([tensors[f"{name}.kernel"], tensors[f"{name}.bias"]])
        return layer(x)

    y = run(layers.Conv2D(4, 3, padding="same", activation="relu"), np.moveaxis(x, 1, -1), "enc.0")
    for name, channels in (("up1", 6), ("up2", 2)):
        y = run(layers.Conv2DTranspose(channels, **made[name].params), y, name)
        for axis, (begin, end) in enumerate(made[name].crop or (), 1):
            y = np.take(y, range(begin, y.shape[axis] - end), axis)
    y = run(layers.Dense(5), y, "head")
    theirs = model(torch.from_numpy(x)).detach().numpy()
    assert np.array_equal(np.asarray(y), theirs)
    norm = layers.BatchNormalization(epsilon=model.norm.eps)
    norm.build(y.shape)
    norm.set_weights([tensors[f"norm.{name}"] for name in ("weight", "bias", "running_mean", "running_var")])
    with torch.no_grad():
        normed = model.norm(torch.from_numpy(theirs).reshape(-1, 5)).reshape(theirs.shape).numpy()
    assert (np.abs(np.asarray(norm(y)) - normed) <= normed_bound(theirs, tensors)).all()
    assert tensors["norm.num_batches_tracked"].dtype == np.int64

    dc.convert_checkpoint(there, tmp_path / "keras.json", back, target="torch")
    assert back.read_bytes() == source.read_bytes()
    model.load_state_dict(load_file(back))


def test_pytorch_to_flax_and_back(tmp_path: Path) -> None:
    model, x = Decoder(), images()
    source, there, back = (tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.safetensors"))
    save_file(model.state_dict(), source, {"format": "pt"})
    report = dc.convert_checkpoint(source, checkpoint_config(model, x.shape), there, target="flax")
    nnx, tensors = flax.nnx(), {name: tensor.numpy() for name, tensor in load_file(there).items()}

    def run(layer: Any, x: Any, name: str) -> Any:
        layer.kernel[...], layer.bias[...] = tensors[f"{name}.kernel"], tensors[f"{name}.bias"]
        return layer(x)

    y = nnx.relu(run(nnx.Conv(3, 4, (3, 3), padding="SAME", rngs=nnx.Rngs(0)), np.moveaxis(x, 1, -1), "enc.0"))
    for layer, channels in zip(report.layers, ((4, 6), (6, 2)), strict=True):
        assert layer.crop is None
        y = run(nnx.ConvTranspose(*channels, **layer.params, rngs=nnx.Rngs(0)), y, layer.name)
    y = run(nnx.Linear(2, 5, rngs=nnx.Rngs(0)), y, "head")
    assert np.array_equal(np.asarray(y), model(torch.from_numpy(x)).detach().numpy())
    dc.convert_checkpoint(there, report.config, back, target="torch")
    assert back.read_bytes() == source.read_bytes()


def test_keras_to_pytorch_and_back_with_a_crop(tmp_path: Path) -> None:
    """Variables under Keras' own paths; "same" with an odd kernel is a crop after PyTorch's layer."""
    layers = keras.keras().layers
    stack = [
        layers.Conv1D(4, 3, padding="same", groups=2, name="enc"),
        layers.Conv1DTranspose(3, 3, strides=2, padding="same", name="up"),
        layers.Conv1DTranspose(2, 4, strides=3, padding="valid", name="out"),
        layers.Dense(6, name="head"),
    ]
    model = keras.keras().Sequential([layers.Input((6, 2)), *stack], name="net")
    values = np.random.default_rng(5)
    model.set_weights([integers(values, *weight.shape) // 4 for weight in model.get_weights()])
    x = integers(values, 2, 6, 2)
    theirs = np.asarray(model(x))
    source, there, back = (tmp_path / name for name in ("k.npz", "t.safetensors", "k2.npz"))
    np.savez(source, **{variable.path: variable.numpy() for variable in model.variables})
    prefix = model.variables[0].path.removesuffix("enc/kernel")
    config = {
        "framework": "keras",
        "layers": {
            f"{prefix}enc": {"kind": "conv", "kernel_size": 3},
            f"{prefix}up": {"kernel_size": 3, "strides": 2, "padding": "same", "input_size": [6]},
            f"{prefix}out": {"strides": 3, "input_size": [12]},
            f"{prefix}head": {"kind": "linear"},
        },
        "rename": {f"{prefix}{name}": name for name in ("enc", "up", "out", "head")},
    }
    report = dc.convert_checkpoint(source, config, there, target="torch")
    assert [layer.crop for layer in report.layers] == [((0, 1),), None]
    tensors = load_file(there)

    def run(layer: Any, x: Any, name: str) -> Any:
        layer.load_state_dict({word: tensors[f"{name}/{word}"] for word in ("weight", "bias")})
        return layer(x)

    with torch.no_grad():
        y = run(torch.nn.Conv1d(2, 4, 3, padding=1, groups=2), torch.from_numpy(x).movedim(-1, 1), "enc")
        for layer, channels in zip(report.layers, ((4, 3), (3, 2)), strict=True):
            y = run(torch.nn.ConvTranspose1d(*channels, **layer.params), y, layer.new_name)
            for begin, end in layer.crop or ():
                y = y[:, :, begin : y.shape[2] - end]
        y = run(torch.nn.Linear(2, 6), y.movedim(1, -1), "head")
    assert np.array_equal(y.numpy(), theirs)
    config_back = json.loads(json.dumps(report.config))
    dc.convert_checkpoint(there, config_back, back, target="keras")
    with np.load(source) as first, np.load(back) as second:
        assert set(first) == set(second)
        assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("framework", ["keras", "tensorflow", "jax", "flax", "onnx", "tflite"])
def test_how_frameworks_store_convolutions(framework: str, groups: int) -> None:
    """Each computes what PyTorch does with its weight in the layout that is said, unflipped."""
    values = np.random.default_rng(11)
    x, weight = integers(values, 2, 4, 5, 6), integers(values, 6, 4 // groups, 2, 3)
    theirs = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(weight), groups=groups).numpy()
    own = conv_layout(framework, 2).from_canonical(conv_layout("torch", 2).to_canonical(weight))
    ours = RUN_CONV[framework](x, own, groups)
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("framework", ["keras", "flax", "onnx", "tflite"])
def test_how_frameworks_store_linear_layers(framework: str) -> None:
    values = np.random.default_rng(12)
    x, weight = integers(values, 2, 4), integers(values, 3, 4)
    own = linear_layout(framework).from_canonical(linear_layout("torch").to_canonical(weight))
    assert np.array_equal(RUN_LINEAR[framework](x, own), x @ weight.T)


def keras_conv(x: Array, weight: Array, groups: int) -> Array:
    """keras.layers.Conv2D."""
    layer = keras.keras().layers.Conv2D(weight.shape[-1], weight.shape[:2], groups=groups, use_bias=False)
    last = np.moveaxis(x, 1, -1)
    layer.build(last.shape)
    layer.set_weights([weight])
    return np.moveaxis(np.asarray(layer(last)), -1, 1)


def tensorflow_conv(x: Array, weight: Array, groups: int) -> Array:
    """tf.nn.conv2d, which takes the groups from the shapes."""
    y = tensorflow.tensorflow().nn.conv2d(np.moveaxis(x, 1, -1), weight, 1, "VALID")
    return np.moveaxis(y.numpy(), -1, 1)


def jax_conv(x: Array, weight: Array, groups: int) -> Array:
    """lax.conv_general_dilated, channels last as lax.conv_transpose is by default."""
    y = jax.lax().conv_general_dilated(
        np.moveaxis(x, 1, -1),
        weight,
        (1, 1),
        "VALID",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )
    return np.moveaxis(np.asarray(y), -1, 1)


def flax_conv(x: Array, weight: Array, groups: int) -> Array:
    """nnx.Conv."""
    nnx = flax.nnx()
    shape = weight.shape
    layer = nnx.Conv(
        x.shape[1], shape[-1], shape[:2], padding="VALID", feature_group_count=groups, use_bias=False, rngs=nnx.Rngs(0)
    )
    assert layer.kernel.shape == shape
    layer.kernel[...] = weight
    return np.moveaxis(np.asarray(layer(np.moveaxis(x, 1, -1))), -1, 1)


def onnx_run(node: Any, x: Array, weight: Array) -> Array:
    """One operator in ONNX Runtime."""
    import onnx
    import onnxruntime

    value, kind = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [value("x", kind, None)],
        [value("y", kind, None)],
        [onnx.numpy_helper.from_array(weight, "weight")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def onnx_conv(x: Array, weight: Array, groups: int) -> Array:
    """Conv."""
    import onnx

    return onnx_run(onnx.helper.make_node("Conv", ["x", "weight"], ["y"], group=groups), x, weight)


def tflite_conv(x: Array, weight: Array, groups: int) -> Array:
    """CONV_2D, by a model written for it."""
    last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    shape = (x.shape[0], x.shape[2] - weight.shape[1] + 1, x.shape[3] - weight.shape[2] + 1, weight.shape[0])
    return np.moveaxis(tflite_run("CONV_2D", "Conv2DOptions", last, weight, shape), -1, 1)


def tflite_run(operator: str, options: str, x: Array, weight: Array, shape: tuple[int, ...]) -> Array:
    """A model of one operator of x and a weight, in TensorFlow Lite's interpreter."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, operator)
    code.version = 1
    said = getattr(schema, f"{options}T")()
    if operator == "CONV_2D":
        said.padding, said.strideH, said.strideW = schema.Padding.VALID, 1, 1
    one = schema.OperatorT()
    one.inputs, one.outputs = [0, 1, 2], [3]
    one.builtinOptionsType, one.builtinOptions = getattr(schema.BuiltinOptions, options), said
    graph = schema.SubGraphT()
    graph.tensors = []
    tensors = ("x", x.shape, 0), ("weights", weight.shape, 1), ("bias", shape[-1:], 2), ("y", shape, 0)
    for name, size, buffer in tensors:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(size), schema.TensorType.FLOAT32, buffer
        graph.tensors.append(tensor)
    graph.operators, graph.inputs, graph.outputs = [one], [0], [3]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], []
    for data in (b"", np.ascontiguousarray(weight).tobytes(), bytes(4 * shape[-1])):
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8)
        model.buffers.append(buffer)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return tflite.run_model(bytes(builder.Output()), x)


def keras_linear(x: Array, weight: Array) -> Array:
    """keras.layers.Dense."""
    layer = keras.keras().layers.Dense(weight.shape[1], use_bias=False)
    layer.build(x.shape)
    layer.set_weights([weight])
    return np.asarray(layer(x))


def flax_linear(x: Array, weight: Array) -> Array:
    """nnx.Linear."""
    nnx = flax.nnx()
    layer = nnx.Linear(*weight.shape, use_bias=False, rngs=nnx.Rngs(0))
    layer.kernel[...] = weight
    return np.asarray(layer(x))


def onnx_linear(x: Array, weight: Array) -> Array:
    """Gemm as PyTorch exports it, with transB."""
    import onnx

    return onnx_run(onnx.helper.make_node("Gemm", ["x", "weight"], ["y"], transB=1), x, weight)


RUN_CONV = {
    "keras": keras_conv,
    "tensorflow": tensorflow_conv,
    "jax": jax_conv,
    "flax": flax_conv,
    "onnx": onnx_conv,
    "tflite": tflite_conv,
}
RUN_LINEAR = {
    "keras": keras_linear,
    "flax": flax_linear,
    "onnx": onnx_linear,
    "tflite": lambda x, weight: tflite_run(
        "FULLY_CONNECTED", "FullyConnectedOptions", x, weight, (x.shape[0], weight.shape[0])
    ),
}
