"""How frameworks name and store the tensors of layers, and which shapes can be which."""

from __future__ import annotations

from collections.abc import Sequence

from ..conventions import FRAMEWORKS
from ..conventions.layout import Layout, spatial
from ..errors import GeometryError
from ..geometry import ConvTranspose
from .config import Layer

WEIGHT = dict.fromkeys(FRAMEWORKS, "kernel") | {"torch": "weight", "onnx": "weight", "tflite": "weights"}
"""What each framework calls a layer's weight. All of them call its bias "bias"."""
BIAS = "bias"
SUFFIXED = ("keras", "tensorflow")
"""Where names may end in ":0", as those of TensorFlow's variables do."""
CHANNELS_FIRST = ("torch", "onnx")
_MOST_AXES = {"torch": 3, "keras": 3, "tensorflow": 3}


def conv_layout(framework: str, ndim: int) -> Layout:
    """How a framework stores the weight of an ordinary convolution of ``ndim`` axes; none of them turns it.

    >>> conv_layout("keras", 2).axes, conv_layout("tflite", 2).axes
    (('k0', 'k1', 'C_in/groups', 'C_out'), ('C_out', 'k0', 'k1', 'C_in/groups'))
    """
    if framework in CHANNELS_FIRST:
        return Layout(("C_out", "C_in/groups", *spatial(ndim)))
    if framework == "tflite":
        return Layout(("C_out", *spatial(ndim), "C_in/groups"))
    return Layout((*spatial(ndim), "C_in/groups", "C_out"))


def linear_layout(framework: str) -> Layout:
    """How a framework stores the weight of a linear layer.

    >>> linear_layout("torch").axes, linear_layout("flax").axes
    (('C_out', 'C_in'), ('C_in', 'C_out'))
    """
    return Layout(("C_out", "C_in") if framework in (*CHANNELS_FIRST, "tflite") else ("C_in", "C_out"))


def plain_layout(layer: Layer, framework: str, axes: int) -> Layout | None:
    """The layout of a conv or linear layer, whose weight has so many axes; None where it cannot have so many."""
    if layer.kind == "linear":
        return linear_layout(framework) if axes == 2 else None
    return conv_layout(framework, axes - 2) if axes > 2 else None


def refuses_conv(framework: str, ndim: int) -> str | None:
    """Why a framework has no convolution of so many axes."""
    if framework == "tflite" and ndim != 2:
        return f"CONV_2D of tflite has two spatial axes, not {ndim}"
    most = _MOST_AXES.get(framework, ndim)
    return f"{framework} has convolutions of up to {most} axes, not {ndim}" if ndim > most else None


def bias_fits(stored: Layout, shape: tuple[int, ...], bias: tuple[int, ...] | None, groups: int = 1) -> bool:
    """Whether a bias is as long as a weight's output channels are many."""
    return bias is None or bias == (output_channels(stored, shape, groups),)


def output_channels(stored: Layout, shape: tuple[int, ...], groups: int = 1) -> int:
    """C_out of a weight of this shape."""
    for name, size in zip(stored.axes, shape, strict=True):
        if name.startswith("C_out"):
            return size * groups if name.endswith("/groups") else size
    raise AssertionError(stored)


def conv_transpose_fits(
    stored: Layout | None, geometry: ConvTranspose, shape: tuple[int, ...], bias: tuple[int, ...] | None
) -> bool:
    """Whether tensors can be a transposed convolution's in this layout: the weight's shape, the bias' length."""
    if stored is None or not shape_fits(stored, shape, geometry.kernel_size, geometry.groups):
        return False
    return bias_fits(stored, shape, bias, geometry.groups)


def plain_fits(layer: Layer, framework: str, shape: tuple[int, ...], bias: tuple[int, ...] | None) -> bool:
    """The same, of a conv or linear layer."""
    stored = plain_layout(layer, framework, len(shape))
    if stored is None:
        return False
    kernel = layer.kernel_size
    if isinstance(kernel, int):
        kernel = (kernel,) * stored.ndim
    return shape_fits(stored, shape, kernel) and bias_fits(stored, shape, bias)


def shape_fits(stored: Layout, shape: tuple[int, ...], kernel: tuple[int, ...] | None, groups: int = 1) -> bool:
    """Whether a weight of this shape can be stored so; ``kernel`` None: any."""
    if len(shape) != len(stored.axes) or min(shape) < 1:
        return False
    c_in, _, *found = (shape[place] for place in stored.permutation)
    return kernel in (None, tuple(found)) and c_in % groups == 0


def misfit(
    layer: Layer,
    framework: str,
    stored: Layout | None,
    shape: tuple[int, ...],
    bias: tuple[int, ...] | None,
    others: Sequence[str],
    geometry: ConvTranspose | None = None,
) -> GeometryError:
    """Why a layer's tensors are not in its framework's layout, with those (``others``) whose layout they have."""
    groups = 1 if geometry is None else geometry.groups
    kernel = layer.kernel_size if geometry is None else geometry.kernel_size
    if stored is not None and not others and bias is not None:
        if isinstance(kernel, int):
            kernel = (kernel,) * stored.ndim
        if shape_fits(stored, shape, kernel, groups):
            wanted = output_channels(stored, shape, groups)
            return GeometryError(
                "bias does not fit the weight",
                f"bias has shape {bias}, the weight {shape} has {wanted} output channels",
                f"give it shape ({wanted},)",
            )
    hint = f"; it would fit {', '.join(others)}" if others else ""
    length = "" if bias is None else f", its bias {bias}"
    return GeometryError(
        f"the weight does not have the layout of {framework}",
        f"its shape is {shape}{length}{hint}",
        f"use {_wanted(layer, framework, stored, kernel, groups)}",
    )


def _wanted(layer: Layer, framework: str, stored: Layout | None, kernel: object, groups: int) -> str:
    if stored is None:
        form = linear_layout(framework) if layer.kind == "linear" else conv_layout(framework, 2)
        return f"({', '.join(form.axes)})" + (", with one axis of the kernel or more" if layer.kind == "conv" else "")
    sizes = kernel if isinstance(kernel, tuple) and len(kernel) == stored.ndim else None
    here = [str(sizes[int(axis[1:])]) if sizes and axis.startswith("k") else axis for axis in stored.axes]
    here_text = f", here ({', '.join(here)})" if sizes else ""
    multiple = f", C_in a multiple of groups={groups}" if groups > 1 else ""
    return f"({', '.join(stored.axes)}){here_text}{multiple}"
