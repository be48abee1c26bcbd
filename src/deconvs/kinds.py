"""What kind of convolution a geometry is, and how evenly it covers its output: judged once, said in many places."""

from __future__ import annotations

from enum import Enum

from .geometry import ConvTranspose
from .words import per_axis_text, size_text


class DirectKind(Enum):
    """What the direct form does to the input before it convolves at stride 1."""

    FRACTIONALLY_STRIDED = "fractionally strided"
    PADDED = "padded convolution"
    CROPPED = "cropped convolution"
    PLAIN = "plain convolution"


def direct_kind(g: ConvTranspose) -> DirectKind:
    """The name of the direct form: zeros between elements make it fractionally strided, else any padding padded.

    >>> direct_kind(ConvTranspose((3,))).value, direct_kind(ConvTranspose((3,), padding=((3, 1),))).value
    ('padded convolution', 'padded convolution')
    """
    forms = [axis.direct() for axis in g.axes]
    pads = [side for form in forms for side in form.pad]
    if any(form.inserted for form in forms):
        return DirectKind.FRACTIONALLY_STRIDED
    if max(pads) > 0:
        return DirectKind.PADDED
    return DirectKind.CROPPED if min(pads) < 0 else DirectKind.PLAIN


class Cover(Enum):
    """Whether all outputs far from the border sum equally many products."""

    EVEN = "even"
    UNEVEN = "uneven"
    HOLES = "holes"


def cover(g: ConvTranspose) -> Cover:
    """Even, uneven (which shows as a checkerboard), or with holes that no product reaches.

    >>> cover(ConvTranspose((4,), stride=2)).value, cover(ConvTranspose((3,), stride=2)).value
    ('even', 'uneven')
    """
    taps = [axis.taps_per_phase() for axis in g.axes]
    if any(0 in counts for counts in taps):
        return Cover.HOLES
    return Cover.EVEN if all(len(counts) == 1 for counts in taps) else Cover.UNEVEN


def taps_text(g: ConvTranspose) -> str:
    """The taps of a phase: 2x2 where all have as many, else what they are along the axes.

    >>> taps_text(ConvTranspose((4, 6), stride=2)), taps_text(ConvTranspose((3, 3), stride=2))
    ('2x3', '1 or 2')
    """
    taps = [axis.taps_per_phase() for axis in g.axes]
    if all(len(counts) == 1 for counts in taps):
        return size_text([counts[0] for counts in taps]) if max(taps) > (1,) else "1"
    return per_axis_text([" or ".join(map(str, counts)) for counts in taps])
