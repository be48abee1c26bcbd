"""convert: a layer of one framework in the words, the weight layout and the code of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .arguments import integer, sequence
from .conventions import FRAMEWORKS, layout, read, write
from .conventions.layout import Layout
from .dtypes import as_array
from .errors import GeometryError, Nearest, Refusal
from .geometry import ConvTranspose, Pair
from .programs import Channels, Part, program

if TYPE_CHECKING:
    from numpy.typing import NDArray

KERNEL = {framework: "kernel_shape" if framework == "onnx" else "kernel_size" for framework in FRAMEWORKS}
"""The parameter that repeats what the weight's shape says: with a weight it can be left out."""


@dataclass(frozen=True)
class Conversion:
    """A layer in the target's own keywords and layout, equal by value; made by `convert`.

    >>> made = convert({"kernel_size": 3, "stride": 2}, source="torch", target="keras", input_size=(7,))
    >>> print(made.code)
    import keras
    <BLANKLINE>
    layer = keras.layers.Conv1DTranspose(C_out, kernel_size=3, strides=2, use_bias=False)
    layer.build((None, None, C_in))
    layer.set_weights([weight])
    y = layer(x)

    ``crop``: ((begin, end), ...) still to be cut from the target's output, or None. ``code``: the program that runs it.
    ``params`` hold for this ``input_size``; where the target is told sizes (output_shape), for no other. What functions
    read off the weight (kernel_size of jax, tensorflow and tflite; groups of tensorflow) is said in ``params`` too.
    The program's layer has the weight's type; integers are run as float32.
    """

    params: Mapping[str, Any]
    weight: NDArray[Any] | None = field(compare=False, repr=False)
    crop: tuple[Pair, ...] | None
    source: str
    target: str
    geometry: ConvTranspose
    input_size: tuple[int, ...]
    bias: NDArray[Any] | None = field(default=None, compare=False, repr=False)
    code: str = field(default="", compare=False, repr=False)

    def build(self) -> Any:
        """A live layer of the target (PyTorch, Keras or Flax), which imports it; the crop is part of it.

        >>> made = convert({"strides": 2}, [[[1.0]], [[2.0]]], source="keras", target="torch", input_size=(7,))
        >>> made.build()
        ConvTranspose1d(1, 1, kernel_size=(2,), stride=(2,), bias=False)

        Errors: GeometryError where the weight was not converted, for frameworks without layers, or not installed.
        """
        from .live import Made, build

        if self.weight is None:
            raise GeometryError(
                "there is no weight to build a layer with", "only parameters were converted", "convert with the weight"
            )
        if self.target == "keras" and self.crop is not None and 0 in self.geometry.output_size(self.input_size):
            raise GeometryError("Keras' Cropping layers leave something", "the output is empty", "run the code instead")
        stored = layout(self.target, self.geometry.ndim, params=self.params)
        c_in, per_group = (self.weight.shape[stored.permutation[place]] for place in (0, 1))
        channels = (c_in, per_group * self.geometry.groups)
        return build(self.target, Made(self.params, self.weight, self.bias, channels, self.crop))


def convert(
    params: Any,
    weight: object = None,
    *,
    source: str | None = None,
    target: str,
    input_size: tuple[int, ...],
    bias: object = None,
    crop: tuple[Pair, ...] | None = None,
) -> Conversion | Refusal:
    """A layer of one framework as a layer of another, equal by value.

    >>> import numpy as np
    >>> kernel = np.arange(6.0).reshape(3, 1, 2)                                # (k0, C_out, C_in)
    >>> made = convert({"strides": 2, "padding": "same"}, kernel, source="keras", target="torch", input_size=(7,))
    >>> made.params["kernel_size"], made.params["stride"], made.crop
    ((3,), (2,), ((0, 1),))
    >>> made.weight.shape                                                       # (C_in, C_out/groups, k0)
    (2, 1, 3)
    >>> print(convert({"kernel_size": 3, "groups": 2}, source="torch", target="keras", input_size=(7,)))
    keras has no groups in transposed convolutions

    >>> import torch                                                            # a live layer says it all
    >>> made = convert(torch.nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), target="flax", input_size=(8, 8))
    >>> made.source, made.weight.shape
    ('torch', (4, 4, 4, 6))

    params: the source's own keywords; weight and bias: arrays in the source's own layout, or None to convert the
    parameters alone. Or params is a live layer of PyTorch, Keras or Flax, which holds all of these. crop: ((begin,
    end), ...) that is cut from the source's output, as an earlier conversion may have left it to do.

    The Conversion holds the target's keywords and layout, a crop still to be cut or None, and a program. What cannot
    be said as one layer and a crop is a Refusal; its ``nearest`` has the weights and the program of what can (split
    groups, materialised dilation, positions to add).

    Errors: GeometryError for parameters that the source does not take, and arrays that do not fit them.
    """
    if not isinstance(params, Mapping):
        source, params, weight, bias = _of_layer(params, weight, source, bias)
    if source is None:
        raise GeometryError("source is not given", "source=None", f"name the framework: {', '.join(FRAMEWORKS)}")
    given = None if weight is None else as_array("weight", weight)
    geometry = read_cut(source, params, None if given is None else given.shape, input_size, crop)
    canonical, offsets = _arrays(source, params, geometry, given, bias)
    said = write(target, geometry, geometry.sizes(input_size))
    nearest = said.nearest if isinstance(said, Refusal) else Nearest(said, ((0, 0),) * geometry.ndim)
    if nearest is None:
        return Refusal(str(said))
    channels: Channels = ("C_in", "C_out") if canonical is None else geometry.channels(canonical.shape)
    weights = () if canonical is None else _weights(target, canonical, nearest)
    dtype = "float32" if canonical is None else canonical.dtype.name
    code = program(target, Part(nearest, geometry.sizes(input_size), channels, offsets is not None, dtype))
    one_layer = nearest.groups == 1 and nearest.dilation is None and min(map(min, nearest.crop)) >= 0
    if not one_layer:
        return Refusal(
            str(said), Nearest(nearest.params, nearest.crop, nearest.dilation, nearest.groups, weights, code)
        )
    return Conversion(
        params=dict(nearest.params),
        weight=weights[0] if weights else None,
        crop=nearest.crop if isinstance(said, Refusal) else None,
        source=source,
        target=target,
        geometry=geometry,
        input_size=geometry.sizes(input_size),
        bias=offsets,
        code=code,
    )


def read_cut(
    source: str,
    params: Mapping[str, object],
    shape: tuple[int, ...] | None,
    input_size: tuple[int, ...],
    crop: tuple[Pair, ...] | None = None,
) -> ConvTranspose:
    """The geometry of a layer whose output is then cut by ``crop``.

    shape: that of the weight, or None; the kernel's size is read off it where the parameters do not say it.
    """
    sizes = sequence(input_size)
    if sizes is None:
        raise GeometryError("input_size is not one size per axis", f"input_size={input_size!r}", "give a tuple")
    geometry = read(source, _with_kernel(source, params, shape, len(sizes)), input_size)
    return geometry if crop is None else _cut(geometry, crop)


def _cut(geometry: ConvTranspose, crop: object) -> ConvTranspose:
    """``geometry`` with more cut from its output."""
    pairs = [sequence(pair) for pair in sequence(crop) or ()]
    if len(pairs) != geometry.ndim or any(pair is None or len(pair) != 2 for pair in pairs):
        raise GeometryError(
            "crop is not one pair per axis", f"crop={crop!r}", f"give ((begin, end), ...), {geometry.ndim} of them"
        )
    more = [
        tuple(integer(f"crop[{axis}][{side}]", amount, minimum=0) for side, amount in enumerate(pair or ()))
        for axis, pair in enumerate(pairs)
    ]
    whole = tuple((b + begin, e + end) for (b, e), (begin, end) in zip(geometry.crop, more, strict=True))
    return ConvTranspose(geometry.kernel_size, geometry.stride, whole, 0, geometry.dilation, geometry.groups)


def _arrays(
    source: str, words: Mapping[str, Any], geometry: ConvTranspose, weight: NDArray[Any] | None, bias: object
) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """The weight in the canonical layout, and the bias: checked, and copies of their own."""
    import numpy as np

    offsets = None if bias is None else _native(np.array(as_array("bias", bias)))
    stored = layout(source, geometry.ndim, geometry.groups, words)
    if weight is None:
        if offsets is not None and offsets.ndim != 1:
            raise GeometryError(
                "bias is not one number per channel", f"bias has shape {offsets.shape}", "give one axis"
            )
        return None, offsets
    check_layout("weight", weight.shape, source, stored, geometry)
    canonical = _native(stored.to_canonical(weight))
    c_out = geometry.channels(canonical.shape)[1]
    if offsets is not None and offsets.shape != (c_out,):
        raise GeometryError(
            "bias does not fit the weight",
            f"bias has shape {offsets.shape}, the weight has {c_out} output channels",
            f"give it shape ({c_out},)",
        )
    return canonical, offsets


def _native(array: NDArray[Any]) -> NDArray[Any]:
    """In the machine's own byte order: frameworks take no other."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _of_layer(thing: object, weight: object, source: str | None, bias: object) -> tuple[str, Any, Any, Any]:
    """(source, params, weight, bias) of a live layer."""
    from .live import read_layer

    found = read_layer(thing)
    if found is None:
        raise GeometryError(
            "neither parameters nor a layer",
            f"got {type(thing).__name__}",
            "give a dict of the source's keywords, or a ConvTranspose layer of PyTorch, Keras or Flax",
        )
    if weight is not None or bias is not None or source not in (None, found.framework):
        raise GeometryError(
            "a layer brings its own weight, bias and framework",
            f"it is one of {found.framework}; weight, bias or source were given too",
            "leave these out",
        )
    return found.framework, found.params, found.weight, found.bias


def layout_change(source: Layout, target: Layout) -> str:
    """The step from one layout to another, as NumPy.

    >>> layout_change(layout("torch", 2), layout("jax", 2))
    'weight.transpose(2, 3, 0, 1)[::-1, ::-1].copy()'
    """
    names = [name.partition("/")[0] for name in source.axes]
    wanted = [name.partition("/")[0] for name in target.axes]
    order = tuple(names.index(name) for name in wanted)
    moved = "weight" if order == tuple(range(len(order))) else f"weight.transpose{order}"
    if source.flipped == target.flipped:
        return moved
    turns = ["::-1" if name.startswith("k") else ":" for name in wanted]
    while turns[-1] == ":":
        turns.pop()
    # A copy, because PyTorch takes no array that runs backwards.
    return f"{moved}[{', '.join(turns)}].copy()"


def check_layout(name: str, shape: tuple[int, ...], framework: str, stored: Layout, geometry: ConvTranspose) -> None:
    """An error where a weight's shape is not this geometry's in this layout, naming the layouts that it has."""
    if fits(shape, stored, geometry):
        return
    others = [
        other
        for other in FRAMEWORKS
        if fits(shape, found := layout_or_none(other, geometry), geometry) and found is not None and found != stored
    ]
    expected = [str(_extent(axis, geometry)) for axis in stored.axes]
    hint = f"; it would fit {', '.join(others)}" if others else ""
    raise GeometryError(
        f"{name} does not have the layout of {framework}",
        f"shape {shape}{hint}",
        f"use ({', '.join(stored.axes)}), here ({', '.join(expected)}), C_in a multiple of groups={geometry.groups}"
        if geometry.groups > 1
        else f"use ({', '.join(stored.axes)}), here ({', '.join(expected)})",
    )


def layout_or_none(framework: str, geometry: ConvTranspose) -> Layout | None:
    """The layout in which a framework would hold this geometry's weight, if it has one."""
    try:
        return layout(framework, geometry.ndim, geometry.groups)
    except GeometryError:
        return None


def fits(shape: tuple[int, ...], stored: Layout | None, geometry: ConvTranspose) -> bool:
    """Whether a weight of this shape can be the geometry's in this layout."""
    if stored is None or len(shape) != len(stored.axes) or min(shape) < 1:
        return False
    named = dict(zip((axis.partition("/")[0] for axis in stored.axes), shape, strict=True))
    kernel = tuple(named[f"k{axis}"] for axis in range(geometry.ndim))
    return kernel == geometry.kernel_size and named["C_in"] % geometry.groups == 0


def _extent(axis: str, geometry: ConvTranspose) -> object:
    return geometry.kernel_size[int(axis[1:])] if axis.startswith("k") else axis


def _with_kernel(source: Any, params: Any, shape: tuple[int, ...] | None, ndim: int) -> Any:
    """``params`` with the kernel's size off the weight where they do not say it."""
    name = KERNEL.get(source) if isinstance(source, str) else None
    if not isinstance(params, Mapping) or name is None or shape is None or params.get(name) is not None:
        return params  # where it is no layer of the source, reading says so
    if ndim < 1 or len(shape) != ndim + 2:
        raise GeometryError(
            "weight has the wrong number of axes",
            f"weight has shape {shape}, input_size has {ndim}",
            f"give it {ndim + 2} axes, or input_size {max(len(shape) - 2, 1)}",
        )
    axes = layout(source, ndim).axes
    return {**params, name: tuple(shape[axes.index(f"k{axis}")] for axis in range(ndim))}


def _weights(target: str, canonical: NDArray[Any], nearest: Nearest) -> tuple[NDArray[Any], ...]:
    """In the target's layout, one for each group that is split off; with zeros between the taps where asked for."""
    import numpy as np

    ndim = canonical.ndim - 2
    if nearest.dilation is not None:
        spans = [d * (k - 1) + 1 for k, d in zip(canonical.shape[2:], nearest.dilation, strict=True)]
        filled = np.zeros((*canonical.shape[:2], *spans), canonical.dtype)
        filled[(slice(None), slice(None), *(slice(None, None, d) for d in nearest.dilation))] = canonical
        canonical = filled
    stored = layout(target, ndim, params=nearest.params)
    return tuple(stored.from_canonical(part) for part in np.split(canonical, nearest.groups, axis=0))
