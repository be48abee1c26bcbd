"""Whole programs: from the arrays x, weight (and bias) to y, or for ONNX and TensorFlow Lite to a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import Nearest
from .dialects import DIALECTS, FLOAT, Channels, Code, onnx_node


@dataclass(frozen=True, slots=True)
class Part:
    """What a program is written for: parameters, what is to be done around them, sizes, channels, a bias or none.

    ``dtype``: that of the weight. Integers are run as float32, which is what frameworks have.
    """

    said: Nearest
    input_size: tuple[int, ...]
    channels: Channels
    bias: bool
    dtype: str = FLOAT

    def cast(self, framework: str) -> list[str]:
        """Lines for arrays whose type the framework, or its way of taking NumPy's, does not have."""
        integers = not self.dtype.startswith(("float", "bfloat"))
        # ONNX has had ConvTranspose of bfloat16 since opset 22; TRANSPOSE_CONV is float32; PyTorch reads no bfloat16
        # from NumPy, but its layer is of that type all the same.
        lacking = {"onnx": ("bfloat16",), "tflite": ("bfloat16", "float16", "float64"), "torch": ("bfloat16",)}
        if not integers and self.dtype not in lacking.get(framework, ()):
            return []
        many = self.said.groups > 1
        weights = 'weights = [weight.astype("float32") for weight in weights]' if many else _as_float("weight")
        return [weights, *([_as_float("bias")] if self.bias else [])]

    def held(self, framework: str) -> str:
        """The type that a layer is made with."""
        floating = self.dtype.startswith(("float", "bfloat"))
        return self.dtype if floating and (framework == "torch" or not self.cast(framework)) else FLOAT

    def of_one_group(self) -> Channels:
        """The channels of one of the groups that are split off."""
        if self.said.groups == 1:
            return self.channels
        c_in, c_out = (
            each // self.said.groups if isinstance(each, int) else Code(f"{each} // {self.said.groups}")
            for each in self.channels
        )
        return c_in, c_out


def program(framework: str, part: Part) -> str:
    """Python that runs the layer. x is in the framework's own layout; of split groups the weights are a list.

    Channels may be the names "C_in" and "C_out", to be filled in.

    For onnx and tflite it ends with ``model``, for the others with ``y``.
    """
    if framework == "onnx":
        return _onnx(part)
    dialect = DIALECTS[framework]
    cast, lines = part.cast(framework), _steps(framework, part)
    if framework == "tflite":
        shape = f"(1, {', '.join(map(str, part.input_size))}, {part.channels[0]})"
        lines = [
            f"@tf.function(autograph=False, input_signature=[tf.TensorSpec({shape}, tf.float32)])",
            "def layer(x):",
            *_indented(lines),
            "    return y",
            "",
            "graph = layer.get_concrete_function()",
            "model = tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert()",
        ]
    used = [name for name in dialect.imports if _used(name, lines)]
    return "\n".join([*used, "", *cast, *lines])


def _as_float(name: str) -> str:
    return f'{name} = {name}.astype("float32")'


def _steps(framework: str, part: Part) -> list[str]:
    """x to y."""
    dialect, said, ndim = DIALECTS[framework], part.said, len(part.input_size)
    simple = said.groups == 1 and not any(map(any, part.said.added))
    if simple:
        lines = dialect.body(said.params, ndim, part.channels, part.bias, part.held(framework))
    else:
        # The bias comes last, because it also holds where positions are added.
        lines = dialect.body(said.params, ndim, part.of_one_group(), False, part.held(framework))
    if said.groups > 1:
        lines = [
            "def one_group(x, weight):",
            *_indented(lines),
            "    return y",
            "",
            f"parts = [one_group(*pair) for pair in zip({dialect.split.format(said.groups)}, weights)]",
            f"y = {dialect.concatenate.format('parts')}",
        ]
    if any(map(any, part.said.added)):
        lines.append(f"y = {dialect.pad(part.said.added)}")
    if any(map(any, part.said.cut)):
        slices = [f"{before or ''}:{-after if after else ''}" for before, after in part.said.cut]
        lines.append(f"y = y[{', '.join([':', *slices, ':'] if dialect.channels_last else [':', ':', *slices])}]")
    if part.bias and not simple:
        lines.append(f"y = {dialect.add_bias.format(', None' * ndim)}")
    return lines


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def _used(statement: str, lines: Sequence[str]) -> bool:
    name = statement.split()[-1]
    return any(f"{name}." in line for line in lines)


def _onnx(part: Part) -> str:
    """A model of ConvTranspose and, where needed, Pad, Slice and Add."""
    ndim, crop = len(part.input_size), any(map(any, part.said.cut))
    added = any(map(any, part.said.added))
    names = iter(["convolved", "padded", "cut"])
    inputs = ["x", "weight", *(["bias"] if part.bias and not added else [])]
    now = next(names)
    nodes = [onnx_node(part.said.params, inputs, now)]
    arrays = {"weight": "weight", **({"bias": "bias"} if part.bias else {})}
    if added:
        amounts = [0, 0, *(b for b, _ in part.said.added), 0, 0, *(e for _, e in part.said.added)]
        arrays["pads"] = f"np.array({amounts})"
        now, before = next(names), now
        nodes.append(f'onnx.helper.make_node("Pad", ["{before}", "pads"], ["{now}"])')
    if crop:
        arrays["starts"] = f"np.array({[b for b, _ in part.said.cut]})"
        # An end of 0 would mean "nothing": what is not cut ends beyond every size.
        arrays["ends"] = f"np.array({[-e if e else 2**62 for _, e in part.said.cut]})"
        arrays["axes"] = f"np.array({list(range(2, ndim + 2))})"
        now, before = next(names), now
        nodes.append(f'onnx.helper.make_node("Slice", ["{before}", "starts", "ends", "axes"], ["{now}"])')
    if part.bias and added:
        arrays["bias"] = f"bias.reshape({(1, -1) + (1,) * ndim})"
        now, before = "biased", now
        nodes.append(f'onnx.helper.make_node("Add", ["{before}", "bias"], ["{now}"])')
    nodes[-1] = nodes[-1].replace(f'["{now}"]', '["y"]')
    values = [f'    onnx.numpy_helper.from_array({code}, "{name}"),' for name, code in arrays.items()]
    shape = f'["N", {part.channels[0]}, {", ".join(f"{chr(34)}in{a}{chr(34)}" for a in range(ndim))}]'
    kind = {FLOAT: "FLOAT", "float64": "DOUBLE", "float16": "FLOAT16", "bfloat16": "BFLOAT16"}[part.held("onnx")]
    result = f'["N", {part.channels[1]}, {", ".join(f"{chr(34)}out{a}{chr(34)}" for a in range(ndim))}]'
    return "\n".join(
        [
            *(["import numpy as np"] if "np." in "".join(arrays.values()) else []),
            "import onnx",
            "",
            *part.cast("onnx"),
            "nodes = [",
            *_indented([f"{node}," for node in nodes]),
            "]",
            "initializers = [",
            *values,
            "]",
            f'inputs = [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.{kind}, {shape})]',
            f'outputs = [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.{kind}, {result})]',
            'graph = onnx.helper.make_graph(nodes, "layer", inputs, outputs, initializers)',
            'model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)',
        ]
    )
