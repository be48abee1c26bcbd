"""TensorFlow Lite: TRANSPOSE_CONV."""

from __future__ import annotations

from collections.abc import Iterator

from ..arguments import integer, per_axis
from ..errors import GeometryError
from ..geometry import ConvTranspose
from .convention import Convention, Limits, crop_text, cropped
from .given_output import crop_for_output
from .keywords import Params, Sizes, bare_axes, one_of, read_keywords, within_batch_and_channels
from .layout import Layout

REQUIRED = ("kernel_size", "output_shape", "stride_h", "stride_w", "padding")


def read(params: Params, sizes: Sizes) -> ConvTranspose:
    """As TensorFlow's SAME and VALID. ``kernel_size`` is that of the weights, ``output_shape`` the first operand's.

    An output that a convolution would not take back is refused here: the kernels do not check it, and disagree on it.
    """
    words = read_keywords("tflite", params, REQUIRED, {})
    if len(sizes) != 2:
        raise GeometryError("TRANSPOSE_CONV has two spatial axes", f"{len(sizes)} axes", "use 2")
    kernel = per_axis("kernel_size", words["kernel_size"], 2, minimum=1)
    stride = tuple(integer(name, words[name], minimum=1) for name in ("stride_h", "stride_w"))
    outputs = within_batch_and_channels("output_shape", words["output_shape"], 2, True, minimum=1)
    padding = one_of("padding", words["padding"], ("SAME", "VALID"))
    axes = bare_axes(kernel, stride, (1, 1))
    crop = [crop_for_output(*fields, padding) for fields in zip(axes, sizes, outputs, strict=True)]
    return cropped(axes, crop, 1, sizes)


def spellings(geometry: ConvTranspose, sizes: Sizes) -> Iterator[Params]:
    """VALID and SAME; then VALID without a crop, and with all that it can add at the end."""
    grown = tuple(
        axis.full(n) + min(max(-axis.crop[1], 0), axis.stride - 1) for axis, n in zip(geometry.axes, sizes, strict=True)
    )
    outputs = geometry.output_size(sizes)
    for output, padding in ((outputs, "VALID"), (outputs, "SAME"), (grown, "VALID")):
        yield {
            "kernel_size": geometry.kernel_size,
            "output_shape": output,
            "stride_h": geometry.stride[0],
            "stride_w": geometry.stride[1],
            "padding": padding,
        }


def limits(geometry: ConvTranspose) -> Limits:
    """Two axes, no dilation, no groups."""
    return Limits(
        axes=None if geometry.ndim == 2 else f"TRANSPOSE_CONV has stride_h and stride_w, not {geometry.ndim} strides",
        dilation=None if max(geometry.dilation) == 1 else "TRANSPOSE_CONV has no dilation",
        groups=None if geometry.groups == 1 else "TRANSPOSE_CONV has no groups",
    )


def why(geometry: ConvTranspose) -> str:
    """Of crops."""
    return f"padding and output_shape have no spelling for the crop {crop_text(geometry)}"


def layout(ndim: int, params: Params) -> Layout:
    """OHWI."""
    return Layout(("C_out", "k0", "k1", "C_in"))


CONVENTION = Convention(read, spellings, limits, why, layout)
