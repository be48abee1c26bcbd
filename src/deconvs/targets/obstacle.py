"""What is in the way of a layer on a target, and the nearest exact thing that the target takes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from ..axis import MAX_PHASES, Axis
from ..geometry import ConvTranspose, Pair
from ..words import per_axis_text, sides_text
from .fit import AxisFit, fits
from .target import ANY, ONE_OR_DEPTHWISE, Shape, Target, refused

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_COMBINATIONS = 2**14
"""Combinations of the axes' own rewrites that are looked through."""


@dataclass(frozen=True, slots=True)
class Instead:
    """An exact stand-in: a layer with something before and behind it, or the form of a view without any such layer.

    In this order: put ``lifted`` axes of size 1 in front; split channels and weight into ``groups`` parts; pad each
    input by ``pads`` zeros; insert ``inserted`` zeros between neighbours; run ``layer`` with the weights that `weights`
    prepares; cut ``crop`` from its output, and concatenate. What is None is not needed. Sizes, pads and crops count the
    lifted axes. Without a layer, ``form`` names the view (`deconvs.VIEWS`) that has ordinary convolutions only.
    """

    fix: str
    layer: ConvTranspose | None = None
    crop: tuple[Pair, ...] | None = None
    groups: int = 1
    pads: tuple[Pair, ...] | None = None
    inserted: Shape | None = None
    lifted: int = 0
    shift: Shape = ()
    form: str | None = None

    def weights(self, geometry: ConvTranspose, weight: ArrayLike) -> list[NDArray[Any]]:
        """The weight of each part, for ``layer``: dilated kernels filled up, zero taps added, groups split."""
        import numpy as np

        assert self.layer is not None
        given = np.asarray(weight)
        lifted = given.reshape(*given.shape[:2], *(1,) * self.lifted, *given.shape[2:])
        filled = np.zeros((*given.shape[:2], *self.layer.kernel_size), given.dtype)
        places = []
        dilations = (1,) * self.lifted + geometry.dilation
        for old, new, d, shift in zip(lifted.shape[2:], self.layer.axes, dilations, self.shift, strict=True):
            first, step = shift // new.dilation, d // new.dilation
            places.append(slice(first, first + step * (old - 1) + 1, step))
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
    pads = tuple(fit.pads for fit in chosen)
    inserted = tuple(fit.inserted for fit in chosen)
    cut = tuple(fit.cut for fit in chosen)
    filled = any(new.dilation < old.dilation for new, old in zip(layer.axes[lifted:], g.axes, strict=True))
    added = [
        new.span - old.span - fit.shift
        for new, old, fit in zip(layer.axes[lifted:], g.axes, chosen[lifted:], strict=True)
    ]
    before = [fit.shift for fit in chosen[lifted:]]
    steps = []
    if lifted:
        steps.append(f"put {lifted} {'axis' if lifted == 1 else 'axes'} of size 1 before the others")
    if split > 1:
        steps.append(f"run each of the {split} groups as a layer of its own")
    if any(map(any, pads)):
        steps.append(f"pad the input with zeros, {sides_text(pads)}")
    if any(inserted):
        steps.append(f"insert {per_axis_text(inserted)} zeros between its elements")
    if filled:
        steps.append("fill the dilated kernel up with zeros")
    if any(before) or any(added):
        steps.append(f"add zero taps to the kernel, {per_axis_text(before)} before and {per_axis_text(added)} after")
    steps.append(f"use {layer}")
    if any(map(any, cut)):
        steps.append(f"cut from its output {sides_text(cut)}")
    return Instead(
        _sentence(steps),
        layer,
        cut if any(map(any, cut)) else None,
        split,
        pads if any(map(any, pads)) else None,
        inserted if any(inserted) else None,
        lifted,
        tuple(fit.shift for fit in chosen),
    )


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
    if target.operator and g.ndim > max(target.axes):
        first = g.axes[0]
        fix += (
            f", or where convolutions of {g.ndim} axes are missing, the other axes' layer for each of the"
            f" {first.kernel_size} taps of axis 0, with that axis in the batch, and overlap-add the results along it"
        )
    return Instead(fix, form=form)


def _sentence(steps: list[str]) -> str:
    return steps[0] if len(steps) == 1 else f"{', '.join(steps[:-1])}, and {steps[-1]}"
