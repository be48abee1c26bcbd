"""How each framework spells a transposed convolution: parameters and weight layouts <-> geometry.

>>> from deconvs import ConvTranspose
>>> from deconvs.conventions import read, write
>>> read("keras", {"kernel_size": 3, "strides": 2, "padding": "same"}, input_size=(7, 7))
ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=((0, 1), (0, 1)))
>>> write("torch", ConvTranspose((3,), stride=2, padding=1, output_padding=1), input_size=(7,))["output_padding"]
(1,)
>>> refusal = write("torch", ConvTranspose((3,), stride=2, padding=((0, 1),)), input_size=(7,))
>>> print(refusal)
padding is the same before and after, and output_padding only adds after: they have no spelling for the crop (0, 1)
>>> refusal.nearest.crop
((0, 1),)

One file a framework; no framework is imported. Each is tested against the framework itself.
"""

from __future__ import annotations

from ..arguments import integer, sequence
from ..errors import GeometryError, Nearest, Refusal
from ..geometry import MAX_NDIM, ConvTranspose
from . import convention, flax, jax, keras, onnx, tensorflow, tflite, torch
from .convention import Convention
from .keywords import Params
from .layout import Layout

__all__ = ["FRAMEWORKS", "Layout", "Nearest", "Refusal", "layout", "read", "write"]

_CONVENTIONS = {
    "torch": torch.CONVENTION,
    "keras": keras.CONVENTION,
    "tensorflow": tensorflow.CONVENTION,
    "onnx": onnx.CONVENTION,
    "jax": jax.CONVENTION,
    "flax": flax.CONVENTION,
    "tflite": tflite.CONVENTION,
}

FRAMEWORKS = tuple(_CONVENTIONS)
"""The frameworks whose spelling is known."""


def read(source: str, params: Params, input_size: tuple[int, ...]) -> ConvTranspose:
    """The geometry that a framework's own parameters mean for an input of this size, one int per axis.

    >>> read("onnx", {"kernel_shape": [3], "strides": [2], "auto_pad": "SAME_LOWER"}, (4,)).crop
    ((1, 0),)

    Functions that read the kernel's size (and groups) off the weight get it as ``kernel_size`` (``groups``) here.
    Errors: GeometryError for what is unknown, missing, or refused by the framework itself.
    """
    sizes = sequence(input_size)
    if not sizes or len(sizes) > MAX_NDIM:
        raise GeometryError("input_size is not one size per axis", f"input_size={input_size!r}", "give a tuple")
    checked = tuple(integer(f"input_size[{axis}]", size, minimum=1) for axis, size in enumerate(sizes))
    return _of(source).read(params, checked)


def write(target: str, geometry: ConvTranspose, input_size: int | tuple[int, ...]) -> dict[str, object] | Refusal:
    """The geometry in a framework's own parameters, for an input of this size; a Refusal where it has none.

    >>> write("keras", ConvTranspose((3,), stride=2, padding=((0, 1),)), (7,))["padding"]
    'same'

    What is written reads as the same geometry. Errors: GeometryError for an unknown framework, or a size that the
    geometry does not take.
    """
    if not isinstance(geometry, ConvTranspose):
        raise GeometryError("not a transposed convolution", f"got {geometry!r}", "pass a deconvs.ConvTranspose")
    found = _of(target)
    sizes = geometry.sizes(input_size)
    geometry.output_size(sizes)
    return convention.write(found, geometry, sizes)


def layout(framework: str, ndim: int, groups: int = 1, params: Params | None = None) -> Layout:
    """How a framework stores the weight of a layer of ``ndim`` axes.

    >>> layout("tensorflow", 2).axes
    ('k0', 'k1', 'C_out/groups', 'C_in')
    >>> layout("jax", 1).flipped, layout("jax", 1, params={"transpose_kernel": True}).flipped
    (True, False)

    params: those of the layer, where the layout depends on them (``transpose_kernel`` of JAX and Flax).
    Errors: GeometryError, also for groups or numbers of axes that the framework does not have.
    """
    found = _of(framework)
    axes = integer("ndim", ndim, minimum=1)
    if axes > MAX_NDIM:
        raise GeometryError("too many axes", f"{axes} spatial axes", f"use at most {MAX_NDIM}")
    limits = found.limits(ConvTranspose((1,) * axes, groups=groups))
    if refused := limits.axes or limits.groups:
        raise GeometryError(refused, f"ndim={ndim}, groups={groups}", "use what it has")
    return found.layout(axes, {} if params is None else params)


def _of(framework: object) -> Convention:
    if not isinstance(framework, str) or framework not in _CONVENTIONS:
        raise GeometryError("no such framework", f"{framework!r}", f"use one of {', '.join(FRAMEWORKS)}")
    return _CONVENTIONS[framework]
