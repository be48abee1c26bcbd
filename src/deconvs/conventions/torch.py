"""PyTorch: torch.nn.ConvTranspose1d, 2d, 3d."""

from __future__ import annotations

from collections.abc import Iterator

from ..arguments import integer, per_axis
from ..errors import GeometryError
from ..geometry import ConvTranspose
from .convention import Convention, Limits, crop_text, cropped
from .keywords import Params, Sizes, bare_axes, one_of, read_keywords
from .layout import Layout, channels_first

DEFAULTS = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1, "padding_mode": "zeros"}
UNREAD = ("in_channels", "out_channels", "bias", "device", "dtype")


def read(params: Params, sizes: Sizes) -> ConvTranspose:
    """Crop (p, p - op); op < max(stride, dilation).

    An empty output is not read: some of PyTorch's kernels make it, others raise.
    """
    words = read_keywords("torch", params, ("kernel_size",), DEFAULTS, UNREAD)
    ndim = len(sizes)
    _refuse_axes(ndim)
    one_of("padding_mode", words["padding_mode"], ("zeros",))
    kernel, stride, dilation = (per_axis(n, words[n], ndim, minimum=1) for n in ("kernel_size", "stride", "dilation"))
    padding, extra = (per_axis(n, words[n], ndim, minimum=0) for n in ("padding", "output_padding"))
    groups = integer("groups", words["groups"], minimum=1)
    # ConvTranspose speaks PyTorch: it refuses what PyTorch refuses of output_padding.
    geometry = ConvTranspose(kernel, stride, padding, extra, dilation, groups)
    return cropped(bare_axes(kernel, stride, dilation), geometry.crop, groups, sizes)


def spellings(geometry: ConvTranspose, sizes: Sizes) -> Iterator[Params]:
    """As much padding as neither side forbids, and what output_padding must and can give back."""
    padding, extra = [], []
    for axis in geometry.axes:
        begin, end = axis.crop
        most = max(axis.stride, axis.dilation) - 1
        padding.append(max(0, min(begin, end + most)))
        extra.append(min(max(padding[-1] - end, 0), most))
    none = (0,) * geometry.ndim
    for p, op in ((tuple(padding), tuple(extra)), (none, none)):
        yield {
            "kernel_size": geometry.kernel_size,
            "stride": geometry.stride,
            "padding": p,
            "output_padding": op,
            "groups": geometry.groups,
            "dilation": geometry.dilation,
        }


def limits(geometry: ConvTranspose) -> Limits:
    """Only the number of axes."""
    if geometry.ndim > 3:
        return Limits(axes=f"torch has ConvTranspose1d, 2d and 3d: kernel_size cannot have {geometry.ndim} axes")
    return Limits()


def why(geometry: ConvTranspose) -> str:
    """Of crops."""
    return (
        "padding is the same before and after, and output_padding only adds after: "
        f"they have no spelling for the crop {crop_text(geometry)}"
    )


def layout(ndim: int, params: Params) -> Layout:
    """(C_in, C_out/groups, *k): the canonical one."""
    return channels_first(ndim)


def _refuse_axes(ndim: int) -> None:
    if ndim > 3:
        raise GeometryError("torch has ConvTranspose1d, 2d and 3d", f"{ndim} axes", "use at most 3")


CONVENTION = Convention(read, spellings, limits, why, layout)
