"""One cell of the table of names: what a kernel, stride and padding is best called, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .errors import GeometryError
from .geometry import ConvTranspose
from .naming import Inverse, names
from .words import per_axis_text, sides_text

MAX_CELLS = 2000


@dataclass(frozen=True, slots=True)
class Verdict:
    """The name a geometry deserves most, how to get there, how evenly it covers, and whether it inverts.

    >>> v = verdict(ConvTranspose((3, 3), stride=2))
    >>> v.name, v.how, v.coverage
    ('fractionally strided', 'insert 1, pad 2: n -> 2n + 1', 'uneven: 1 or 2 taps')
    """

    name: str
    how: str
    coverage: str
    inverts: bool


def verdict(geometry: ConvTranspose) -> Verdict:
    """The verdict on one geometry."""
    forms = [axis.direct() for axis in geometry.axes]
    pads = [form.pad for form in forms]
    growth = per_axis_text([str(axis.output_growth()) for axis in geometry.axes])
    pad = _pad_text(pads)
    if max(geometry.stride) > 1:
        name = "fractionally strided"
        how = f"insert {per_axis_text([form.inserted for form in forms])}{', ' + pad if pad else ''}: n -> {growth}"
    else:
        if min(map(min, pads)) < 0:
            name = "cropped convolution"
        elif not any(map(any, pads)):
            name = "plain convolution"
        else:
            name = "padded convolution"
        how = f"{pad or 'nothing to pad'}: n -> {growth}"
    return Verdict(name, how, _coverage(geometry), _inverse(geometry).is_identity)


def table(
    kernels: Iterable[int], strides: Iterable[int], paddings: Iterable[int], ndim: int
) -> Iterator[tuple[int, int, int, Verdict]]:
    """(kernel, stride, padding, verdict) for every combination."""
    kernels, strides, paddings = list(kernels), list(strides), list(paddings)
    cells = len(kernels) * len(strides) * len(paddings)
    if cells > MAX_CELLS:
        raise GeometryError("the table is too large", f"{cells} cells", f"ask for at most {MAX_CELLS}")
    for p in paddings:
        for k in kernels:
            for s in strides:
                yield k, s, p, verdict(ConvTranspose(k, s, p, ndim=ndim))


def _inverse(geometry: ConvTranspose) -> Inverse:
    return names(geometry).conv_after_deconv


def _pad_text(pads: list[tuple[int, int]]) -> str:
    if not any(map(any, pads)):
        return ""
    if len(set(pads)) == 1 and pads[0][0] == pads[0][1]:
        return f"pad {pads[0][0]}" if pads[0][0] > 0 else f"crop {-pads[0][0]}"
    return f"pad {sides_text(pads)}"


def _coverage(geometry: ConvTranspose) -> str:
    taps = [axis.taps_per_phase() for axis in geometry.axes]
    if any(0 in counts for counts in taps):
        return "holes: phases without a tap"
    each = per_axis_text([" or ".join(map(str, counts)) for counts in taps])
    if all(len(counts) == 1 for counts in taps):
        return f"even: {each} {'tap' if each == '1' else 'taps'} a phase"
    return f"uneven: {each} taps"
