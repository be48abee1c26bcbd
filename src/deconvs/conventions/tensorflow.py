"""TensorFlow: tf.nn.conv1d_transpose, conv2d_transpose, conv3d_transpose, on the CPU with oneDNN (its default)."""

from __future__ import annotations

from collections.abc import Iterator

from ..arguments import integer, per_axis, sequence
from ..errors import GeometryError
from ..geometry import ConvTranspose, Pair
from .convention import Convention, Limits, crop_text, cropped
from .given_output import crop_for_output
from .keywords import Params, Sizes, bare_axes, listed, one_of, read_keywords, within_batch_and_channels
from .layout import Layout, spatial

DEFAULTS = {"padding": "SAME", "data_format": None, "dilations": None, "groups": 1}
FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


def read(params: Params, sizes: Sizes) -> ConvTranspose:
    """The crop follows from output_shape and padding.

    ``kernel_size`` and ``groups`` are what TensorFlow reads off the filters. output_shape, strides and dilations may
    be of the spatial axes alone.
    """
    words = read_keywords("tensorflow", params, ("kernel_size", "output_shape", "strides"), DEFAULTS)
    ndim = len(sizes)
    if ndim > 3:
        raise GeometryError("tensorflow has conv1d, conv2d and conv3d_transpose", f"{ndim} axes", "use at most 3")
    groups = integer("groups", words["groups"], minimum=1)
    if refused := _groups_refused(ndim, groups):
        raise GeometryError(refused, f"groups={groups}", "split the layer")
    kernel = per_axis("kernel_size", words["kernel_size"], ndim, minimum=1)
    layout = FORMATS[ndim][0] if words["data_format"] is None else words["data_format"]
    last = one_of("data_format", layout, FORMATS[ndim]) == FORMATS[ndim][0]
    stride = within_batch_and_channels("strides", words["strides"], ndim, last, minimum=1)
    dilations = 1 if words["dilations"] is None else words["dilations"]
    dilation = within_batch_and_channels("dilations", dilations, ndim, last, minimum=1)
    outputs = within_batch_and_channels("output_shape", words["output_shape"], ndim, last, minimum=1)
    paddings = _paddings(words["padding"], ndim, last)
    if not isinstance(paddings[0], str) and (max(dilation) > 1 or groups > 1):
        raise GeometryError(
            "explicit padding goes without dilations and groups",
            f"dilations={dilation}, groups={groups}",
            "use padding 'SAME' or 'VALID'",
        )
    axes = bare_axes(kernel, stride, dilation)
    crop = [crop_for_output(*fields) for fields in zip(axes, sizes, outputs, paddings, strict=True)]
    return cropped(axes, crop, groups, sizes)


def spellings(geometry: ConvTranspose, sizes: Sizes) -> Iterator[Params]:
    """VALID, SAME, explicit padding (2-D); then VALID without a crop, and with all that it can add at the end."""
    same = {
        "kernel_size": geometry.kernel_size,
        "strides": geometry.stride,
        "dilations": geometry.dilation,
        "groups": geometry.groups,
    }
    outputs = geometry.output_size(sizes)
    for padding in ("VALID", "SAME"):
        yield {**same, "output_shape": outputs, "padding": padding}
    if geometry.ndim == 2:
        pairs = [[max(b, 0), max(e, 0)] for b, e in geometry.crop]
        yield {**same, "output_shape": outputs, "padding": [[0, 0], *pairs, [0, 0]]}
    grown = tuple(
        axis.full(n) + min(max(-axis.crop[1], 0), axis.stride - 1) for axis, n in zip(geometry.axes, sizes, strict=True)
    )
    yield {**same, "output_shape": grown, "padding": "VALID"}


def limits(geometry: ConvTranspose) -> Limits:
    """At most 3 axes; groups only up to 2."""
    if geometry.ndim > 3:
        return Limits(axes=f"tensorflow has conv1d, 2d and 3d_transpose: filters cannot have {geometry.ndim} axes")
    return Limits(groups=_groups_refused(geometry.ndim, geometry.groups))


def why(geometry: ConvTranspose) -> str:
    """Of crops."""
    plain = max(geometry.dilation) == 1 and geometry.groups == 1
    more = "" if plain or geometry.ndim != 2 else " (explicit padding goes without dilations and groups)"
    return f"padding and output_shape have no spelling for the crop {crop_text(geometry)}{more}"


def layout(ndim: int, params: Params) -> Layout:
    """(*k, C_out/groups, C_in)."""
    return Layout((*spatial(ndim), "C_out/groups", "C_in"))


def _groups_refused(ndim: int, groups: int) -> str | None:
    return "filters of conv3d_transpose cannot have groups" if ndim == 3 and groups > 1 else None


def _paddings(padding: object, ndim: int, channels_last: bool) -> list[str | Pair]:
    """SAME or VALID for every axis, or the pairs of the explicit form, which only conv2d_transpose takes."""
    if isinstance(padding, str) or sequence(padding) is None or ndim != 2:
        return [one_of("padding", padding, ("SAME", "VALID"))] * ndim
    pairs = [listed(f"padding[{axis}]", pair, 2) for axis, pair in enumerate(listed("padding", padding, ndim + 2))]
    found = [
        (integer(f"padding[{axis}][0]", begin, minimum=0), integer(f"padding[{axis}][1]", end, minimum=0))
        for axis, (begin, end) in enumerate(pairs)
    ]
    places = range(1, ndim + 1) if channels_last else range(2, ndim + 2)
    if any(any(pair) for axis, pair in enumerate(found) if axis not in places):
        raise GeometryError("padding of batch or channels", f"padding={padding!r}", "use [0, 0] for these")
    return [found[axis] for axis in places]


CONVENTION = Convention(read, spellings, limits, why, layout)
