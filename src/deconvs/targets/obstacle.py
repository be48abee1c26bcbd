"""What is in the way of a layer on a target, and the nearest exact thing that the target takes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from ..axis import MAX_PHASES, Axis
from ..geometry import ConvTranspose, Pair
from ..words import joined, per_axis_text, sides_text
from .fit import AxisFit, fits
from .target import ANY, ONE_OR_DEPTHWISE, Shape, Target, refused

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_COMBINATIONS = 2**14
"""Combinations of the axes' own rewrites that are looked through."""
PLANE = 2
"""Convolutions of so many axes are taken for granted where it is not known how many a target has."""


@dataclass(frozen=True, slots=True)
class Instead:
    """An exact stand-in: a layer with something before and behind it, or the form of a view without any such layer.

    In this order: put ``lifted`` axes of size 1 in front, of input and weight; split channels, weight and bias into
    ``groups`` parts; dilate each weight by ``dilation``, filling it up with zeros, and put ``taps`` zero taps around
    it (`weights` does both); pad each input by ``pads`` zeros; insert ``inserted`` zeros between neighbours; run
    ``layer``; cut ``crop`` from its output; take the lifted axes away, and concatenate. What is None is not needed;
    what is given per axis counts the lifted axes. Without a layer, ``form`` names the view (`deconvs.VIEWS`) that has
    ordinary convolutions only.
    """

    fix: str
    layer: ConvTranspose | None = None
    crop: tuple[Pair, ...] | None = None
    groups: int = 1
    pads: tuple[Pair, ...] | None = None
    inserted: Shape | None = None
    lifted: int = 0
    dilation: Shape | None = None
    taps: tuple[Pair, ...] | None = None
    form: str | None = None

    def weights(self, weight: ArrayLike) -> list[NDArray[Any]]:
        """The weight of each part, for ``layer``: dilated kernels filled up, zero taps added, groups split."""
        import numpy as np

        assert self.layer is not None
        given = np.asarray(weight)
        lifted = given.reshape(*given.shape[:2], *(1,) * self.lifted, *given.shape[2:])
        filled = np.zeros((*given.shape[:2], *self.layer.kernel_size), given.dtype)
        steps = self.dilation or (1,) * self.layer.ndim
        befores = [before for before, _ in self.taps] if self.taps else (0,) * self.layer.ndim
        places = [
            slice(before, before + step * (old - 1) + 1, step)
            for before, old, step in zip(befores, lifted.shape[2:], steps, strict=True)
        ]
        filled[(slice(None), slice(None), *places)] = lifted
        return np.split(filled, self.groups, axis=0)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One limit of a target that a layer exceeds: the parameter, the reason, and what is exact instead.

    ``instead`` is the same for all obstacles of one layer on one target: it is taken, and has the same outputs.
    """

    target: str
    parameter: str
    reason: str
    instead: Instead

    @property
    def fix(self) -> str:
        """What to do, in a sentence."""
        return self.instead.fix

    @property
    def layer(self) -> ConvTranspose | None:
        """The layer that the target takes, or None."""
        return self.instead.layer

    @property
    def crop(self) -> tuple[Pair, ...] | None:
        """What to cut from the layer's output."""
        return self.instead.crop

    @property
    def groups(self) -> int:
        """How many such layers to run, one for each group of channels."""
        return self.instead.groups


def obstacles_of(target: Target, g: ConvTranspose, sizes: Shape, channels: Pair) -> tuple[Obstacle, ...]:
    """One for each limit, all arguments being checked already."""
    reasons = refused(target, g, sizes, channels)
    if not reasons:
        return ()
    found = instead_of(target, g, sizes, channels)
    return tuple(Obstacle(target.name, parameter, reason, found) for parameter, reason in reasons)


def instead_of(target: Target, g: ConvTranspose, sizes: Shape, channels: Pair) -> Instead:
    """The nearest exact thing that the target takes: rewritten layers in rising order of effort, else convolutions."""
    lifted = next((axes - g.ndim for axes in sorted(target.axes) if axes >= g.ndim), None)
    if target.operator and lifted is not None:
        axes, inputs = (Axis(1),) * lifted + g.axes, (1,) * lifted + sizes
        whole = target.groups == ANY or (target.groups == ONE_OR_DEPTHWISE and g.groups == channels[0])
        split = 1 if whole else g.groups
        share = (channels[0] // split, channels[1] // split)
        paddings = {max(0, min(axis.crop)) for axis in axes}
        along = [
            fits(target, axis, n, paddings, lifted=place < lifted)
            for place, (axis, n) in enumerate(zip(axes, inputs, strict=True))
        ]
        for chosen in islice(_nearest_first(along), MOST_COMBINATIONS):
            layer = ConvTranspose.of_axes([fit.axis for fit in chosen], g.groups // split)
            size = tuple(fit.input_size(n) for fit, n in zip(chosen, inputs, strict=True))
            if not refused(target, layer, size, share):
                return _with_layer(layer, chosen, split, lifted, g)
    return _by_convolutions(target, g)


def _nearest_first(along: list[list[AxisFit]]) -> list[tuple[AxisFit, ...]]:
    """Combinations of the axes' rewrites by rising effort of all together."""
    most = max(2, int(MOST_COMBINATIONS ** (1 / len(along))))
    combinations = product(*(fits[:most] for fits in along))
    return sorted(combinations, key=_effort)


def _effort(chosen: tuple[AxisFit, ...]) -> list[int]:
    return [sum(part) for part in zip(*(fit.effort() for fit in chosen), strict=True)]


def _with_layer(
    layer: ConvTranspose, chosen: tuple[AxisFit, ...], split: int, lifted: int, g: ConvTranspose
) -> Instead:
    axes = (Axis(1),) * lifted + g.axes
    pads = tuple(fit.pads for fit in chosen)
    inserted = tuple(fit.inserted for fit in chosen)
    cut = tuple(fit.cut for fit in chosen)
    dilation = tuple(old.dilation // new.dilation for old, new in zip(axes, layer.axes, strict=True))
    taps = tuple(_taps_around(fit, old) for fit, old in zip(chosen, axes, strict=True))
    steps = []
    if lifted:
        steps.append(f"put {lifted} {'axis' if lifted == 1 else 'axes'} of size 1 before the others")
    if split > 1:
        steps.append(f"run each of the {split} groups as a layer of its own")
    if any(map(any, pads)):
        steps.append(f"pad the input with zeros, {sides_text(pads)}")
    if any(inserted):
        steps.append(f"insert {per_axis_text(inserted)} zeros between its elements")
    if max(dilation) > 1:
        steps.append("fill the dilated kernel up with zeros")
    if any(map(any, taps)):
        before, after = zip(*taps, strict=True)
        steps.append(f"add zero taps to the kernel, {per_axis_text(before)} before and {per_axis_text(after)} after")
    steps.append(f"use {layer}")
    if any(map(any, cut)):
        steps.append(f"cut from its output {sides_text(cut)}")
    return Instead(
        joined(steps, ", and "),
        layer,
        cut if any(map(any, cut)) else None,
        split,
        pads if any(map(any, pads)) else None,
        inserted if any(inserted) else None,
        lifted,
        dilation if max(dilation) > 1 else None,
        taps if any(map(any, taps)) else None,
    )


def _taps_around(fit: AxisFit, old: Axis) -> Pair:
    """How many taps of the new kernel lie before and after the old one."""
    positions = (fit.shift, fit.axis.span - old.span - fit.shift)
    return positions[0] // fit.axis.dilation, positions[1] // fit.axis.dilation


def _by_convolutions(target: Target, g: ConvTranspose) -> Instead:
    """The form with the fewest products that has ordinary convolutions only."""
    if max(g.stride) == 1:
        form, text = "direct", "one ordinary convolution with the flipped kernel on the padded input"
    elif max(g.stride) > MAX_PHASES:
        form, text = "direct", "inserted zeros, then one ordinary convolution with the flipped kernel"
    elif all(axis.subpixel().taps * axis.stride == axis.kernel_size for axis in g.axes):
        form, text = "subpixel", "one ordinary convolution, then depth to space"
    else:
        form, text = "polyphase", "one ordinary convolution at stride 1 for each phase, then interleaving"
    fix = f"run its {form} form: {text}"
    if g.ndim > max((PLANE, *(target.axes if target.operator else ()))):
        fix += (
            f"; where convolutions of {g.ndim} axes are missing, its gemm form: matrix products, then overlap-add, "
            "for any number of axes"
        )
    return Instead(fix, form=form)
