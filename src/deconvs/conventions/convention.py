"""What one framework's file provides, and how a geometry is written with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ..axis import Axis
from ..errors import GeometryError, Nearest, Refusal
from ..geometry import ConvTranspose, Pair
from .keywords import Params, Sizes
from .layout import Layout

Crop = tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Convention:
    """One framework's spelling.

    ``read``: its parameters and an input size -> geometry; GeometryError for what the framework refuses.
    ``spellings``: the parameters that might say a geometry within its limits, with some that come close.
    ``limits``: what of a geometry it has no words for: `Limits`.
    ``why``: one sentence for a crop that no spelling has.
    ``layout``: (ndim, its parameters or none) -> how it stores the weight.
    """

    read: Callable[[Params, Sizes], ConvTranspose]
    spellings: Callable[[ConvTranspose, Sizes], Iterable[Params]]
    limits: Callable[[ConvTranspose], Limits]
    why: Callable[[ConvTranspose], str]
    layout: Callable[[int, Params], Layout]


@dataclass(frozen=True, slots=True)
class Limits:
    """Sentences on what a framework cannot say of one geometry; None where it can."""

    axes: str | None = None
    dilation: str | None = None
    groups: str | None = None


def write(convention: Convention, geometry: ConvTranspose, sizes: Sizes) -> dict[str, object] | Refusal:
    """The first spelling that reads as the geometry. No formula is inverted: what is written is what is read."""
    limits = convention.limits(geometry)
    if limits.axes:
        return Refusal(limits.axes)
    dilation, groups, simpler = None, 1, geometry
    if limits.dilation:
        dilation = geometry.dilation
        simpler = _of(tuple(Axis(a.span, a.stride, 1, a.crop) for a in geometry.axes), geometry.groups)
    if limits.groups:
        groups = geometry.groups
        simpler = _of(simpler.axes, 1)
    spoken = [
        (params, crop)
        for params in convention.spellings(simpler, sizes)
        if (crop := _left(convention, params, simpler, sizes)) is not None
    ]
    reason = limits.dilation or limits.groups or _why(convention, geometry, sizes)
    if not spoken:
        return Refusal(reason)
    params, left = min(spoken, key=lambda spelling: _distance(spelling[1]))
    exact = not any(side for pair in left for side in pair)
    if exact and simpler is geometry:
        return dict(params)
    return Refusal(reason, Nearest(dict(params), left, dilation, groups))


def cropped(
    axes: Iterable[Axis], crop: Iterable[Pair], groups: int, sizes: Sizes, *, may_be_empty: bool = False
) -> ConvTranspose:
    """The geometry of these axes, each with its crop, refused where the framework would refuse its output's size."""
    geometry = _of(tuple(replace(axis, crop=pair) for axis, pair in zip(axes, crop, strict=True)), groups)
    output = geometry.output_size(sizes)
    if min(output) < 1 and not may_be_empty:
        raise GeometryError("the output would be empty", f"input {sizes} gives {output}", "use a larger input")
    return geometry


def crop_text(geometry: ConvTranspose) -> str:
    """The crop of every axis, as in a reason."""
    return ", ".join(map(str, geometry.crop))


def _why(convention: Convention, geometry: ConvTranspose, sizes: Sizes) -> str:
    if 0 in geometry.output_size(sizes):
        return f"the output is empty, which no padding says: the crop is {crop_text(geometry)}"
    return convention.why(geometry)


def _of(axes: tuple[Axis, ...], groups: int) -> ConvTranspose:
    fields = zip(*((a.kernel_size, a.stride, a.crop, a.dilation) for a in axes), strict=True)
    kernel, stride, crop, dilation = fields
    return ConvTranspose(kernel, stride, crop, 0, dilation, groups)


def _left(convention: Convention, params: Params, geometry: ConvTranspose, sizes: Sizes) -> Crop | None:
    """What is still to be cropped after these parameters; None where the framework refuses them."""
    try:
        said = convention.read(params, sizes)
    except GeometryError:
        return None
    pairs = zip(geometry.crop, said.crop, strict=True)
    return tuple((begin - b, end - e) for (begin, end), (b, e) in pairs)


def _distance(left: Crop) -> Pair:
    """Cutting is easier than adding positions, and little is easier than much."""
    sides = [side for pair in left for side in pair]
    return -sum(min(side, 0) for side in sides), sum(map(abs, sides))
